"""The services that a team's `gcloud run deploy` commands deploy: their images, and those of their flags that the environment file has keys for."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from groundwork.start import addresses, needs
from groundwork.start.clue import Clue
from groundwork.start.needs import Settings, plain

_COMMAND = re.compile(r"\bgcloud\s+(?:beta\s+|alpha\s+)?run\s+deploy\s+([^;&|\n]+)")
_NAME = re.compile(r"[a-z](?:[a-z0-9-]{0,47}[a-z0-9])?")
_VARIABLE = re.compile(r"(?!(?:PORT|K_.*|CLOUD_RUN_.*)=)([A-Za-z_][A-Za-z0-9_]{0,99})=([^$\x00-\x1f\x7f]*)")
_SECRET = re.compile(r"(?i)key|token|secret|passw|credential")
_MOUNTED = re.compile(r"([A-Za-z_][A-Za-z0-9_]{0,99})=([A-Za-z][A-Za-z0-9_-]{0,62})(?::\w+)?")
_GIB = {"Mi": 1 / 1024, "Gi": 1}


def under_their_names(clues: Sequence[Clue]) -> Iterator[Clue]:
    """The clues, in which the service that a Dockerfile starts has the names under which its image is deployed, if it is."""
    wanted = [clue.need for clue in clues]
    images = {one.dockerfile: one.name for one in wanted if isinstance(one, needs.NeededImage) and one.dockerfile}
    made = {one.name: images.get(one.dockerfile, "") for one in wanted if isinstance(one, needs.BuiltImage)}
    names: dict[str, list[str]] = {}
    for one in wanted:
        if isinstance(one, needs.NeededService) and one.image:
            names.setdefault(made.get(one.image, one.image), []).append(one.name)
    for clue in clues:
        found, need = sorted(set(names.get(clue.name, []))), clue.need
        if found and isinstance(need, needs.NeededImage) and need.dockerfile:
            yield replace(clue, need=replace(need, services=tuple(found)))
        elif found and isinstance(need, needs.NeededService) and not need.image:
            for name in found:
                becomes = clue.becomes.replace(f"service {need.name} ", f"service {name} ")
                yield replace(clue, need=replace(need, name=name), becomes=becomes)
        else:
            yield clue


def in_script(text: str) -> Iterator[needs.NeededService]:
    """Each service that a shell script deploys."""
    for found in _COMMAND.findall(text.replace("\\\n", " ")):
        try:
            words = shlex.split(found, comments=True)
        except ValueError:
            words = found.split()
        yield from in_words(["run", "deploy", *words])


def in_words(words: Sequence[str]) -> Iterator[needs.NeededService]:
    """The same for one command's words, which may begin before `run deploy`."""
    starts = [at for at, two in enumerate(itertools.pairwise(words)) if two == ("run", "deploy")]
    if starts and len(words) > starts[0] + 2 and _NAME.fullmatch(words[starts[0] + 2]):
        name, flags = words[starts[0] + 2], _flags(words[starts[0] + 3 :])
        image = addresses.image(flags.get("image", "")).rpartition("/")[2]
        yield needs.NeededService(name, _settings(flags), image=plain(image or name))


def _flags(words: Sequence[str]) -> dict[str, str]:
    """Flags by name; "" for one without a value."""
    flags: dict[str, str] = {}
    for word, after in itertools.pairwise([*words, "--"]):
        name, equals, value = word.removeprefix("--").partition("=")
        if word.startswith("--"):
            flags[name] = value if equals or after.startswith("--") else after
    return flags


def _settings(flags: Mapping[str, str]) -> Settings:
    found = {
        key: value for key, (flag, read) in _KEYS.items() if flag in flags and (value := read(flags[flag])) is not None
    }
    memory, cpu = re.fullmatch(r"(\d+)(Mi|Gi)", str(found.get("memory"))), found.get("cpu", 1)
    if memory and isinstance(cpu, int) and int(memory[1]) * _GIB[memory[2]] > 4 * cpu:
        del found["memory"]  # Cloud Run refuses it, too
    return found


def _number(least: int, most: int) -> Callable[[str], int | None]:
    def read(text: str) -> int | None:
        number = text.removesuffix("s")
        return int(number) if re.fullmatch(r"[1-9]\d{0,4}", number) and least <= int(number) <= most else None

    return read


def _variables(text: str) -> dict[str, str] | None:
    """Variables without those that a shell would fill in and those that look like secrets; None if there is no other."""
    found = [_VARIABLE.fullmatch(one) for one in text.split(",")]
    return {one[1]: one[2] for one in found if one and not _SECRET.search(one[1])} or None


def _mounted(text: str) -> dict[str, str] | None:
    found = [_MOUNTED.fullmatch(one) for one in text.split(",")]
    return {one[1]: one[2] for one in found if one} or None


_KEYS: dict[str, tuple[str, Callable[[str], bool | int | str | dict[str, str] | None]]] = {
    "public": ("allow-unauthenticated", lambda text: True if text in ("", "true") else None),
    "port": ("port", _number(1, 65535)),
    "cpu": ("cpu", lambda text: int(text) if re.fullmatch("[12468]", text) else None),
    "memory": ("memory", lambda text: text if re.fullmatch(r"[1-9]\d{0,4}(Mi|Gi)", text) else None),
    "min_instances": ("min-instances", _number(1, 100)),
    "max_instances": ("max-instances", _number(1, 100)),
    "concurrency": ("concurrency", _number(1, 1000)),
    "timeout_seconds": ("timeout", _number(1, 3600)),
    "env": ("set-env-vars", _variables),
    "secrets": ("set-secrets", _mounted),
}
"""Key -> (gcloud's flag, what its value is in the file; None leaves it out)."""
