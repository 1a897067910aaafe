"""The images that a Dockerfile starts or copies from, with the arguments of the build filled in.

Each must be known before the build: podman and docker would take a few hexadecimal digits for the beginning of an image's id, and a
digest for any image that they have, whether or not the build's account may pull it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from localcloud.containers.workload import RuntimeProblem
from localcloud.services.cloudbuild.builders import instructions
from localcloud.services.cloudbuild.builders.instructions import Instruction

_MOUNTED = re.compile(r"(?:^|,)\s*from\s*=([^,]+)", re.IGNORECASE)
_VARIABLE = re.compile(r"\$\{(\w+)(?::([-+])([^}$]*))?\}|\$(\w+)")
# Docker's own: their values hold no digest, and next to other letters no beginning of an id.
PLATFORM = re.compile(r"\$\{?(?:TARGET|BUILD)(?:PLATFORM|OS|ARCH|VARIANT)\b\}?")
_QUOTES = re.compile(r"[\"'\\]")
_ID = re.compile(r"(?:sha256:)?[0-9a-f]*", re.IGNORECASE)
_NOTHING = "scratch"
_LONGEST_VALUE = 4096
Triggers = Mapping[str, Sequence[str]]
"""The ONBUILD instructions of images by their names: what a build that starts from one does first."""


def read(file: Path) -> str:
    """The text of a Dockerfile, or of what it ignores. Blocks. Raises RuntimeProblem for one that nobody has written."""
    with file.open(encoding="utf-8", errors="replace") as stream:
        text = stream.read(instructions.LONGEST + 1)
    instructions.check_length(text)
    return text


def images(text: str, arguments: Mapping[str, str], triggers: Triggers | None = None) -> frozenset[str]:
    """The names of the images; `arguments` are the build's own.

    Raises RuntimeProblem for one that depends on what is not known here, or is the beginning of an id.
    """
    found = set()
    for reading in instructions.readings(text):
        for name in _strangers(reading, arguments, triggers or {}):
            left = PLATFORM.sub("", name)
            if "$" in left or _ID.fullmatch(left):
                raise RuntimeProblem(
                    f"The Dockerfile uses the image {name[:100]!r}, which could mean any image on this machine: write its whole name with its "
                    "tag, as in python:3.12."
                )
            if left == name and name.lower() != _NOTHING:
                found.add(name)
    return frozenset(found)


def _strangers(reading: Sequence[Instruction], arguments: Mapping[str, str], triggers: Triggers) -> Iterator[str]:
    """The names that are not those of stages before."""
    values: dict[str, str] = {}
    stages: list[str] = []
    for one in reading:
        if one.name == "FROM":
            start = _start(one)
            if start is None:
                continue
            name = _QUOTES.sub("", _filled(start[0], values))
            if name.lower() not in stages:
                yield name
            for trigger in triggers.get(name, ()):
                for inner in instructions.readings(trigger):
                    yield from _copied(inner, stages)
            # A stage has a name only for those after it, and by its place as well.
            stages += [] if one.doubtful else [start[1].lower()]
        elif one.name == "ARG" and not stages:
            for word in instructions.words(one.rest):
                variable, _, default = word.partition("=")
                values[variable] = arguments.get(variable, _filled(default, values))
        else:
            yield from _copied([one], stages[:-1])


def _start(one: Instruction) -> tuple[str, str] | None:
    """What a stage starts from, and the stage's name, "" if it has none; None if this is not how a stage begins."""
    parts = one.rest.split()
    if len(parts) == 3 and parts[1].upper() == "AS":
        return parts[0], parts[2]
    return (parts[0], "") if len(parts) == 1 else None


def _copied(reading: Sequence[Instruction], stages: Sequence[str]) -> Iterator[str]:
    """The images that instructions copy or mount from, without the stages before."""
    known = {*stages, *map(str, range(len(stages)))}
    for one in reading:
        for option in one.options:
            name, _, value = option.partition("=")
            found = [value] if name == "--from" else _MOUNTED.findall(value) if name == "--mount" else []
            yield from (each for each in found if each.lower() not in known)


def _filled(text: str, values: Mapping[str, str]) -> str:
    """The text with its variables replaced, but for those of the platform. Raises RuntimeProblem for one that is too long then."""
    left = _LONGEST_VALUE

    def value(found: re.Match[str]) -> str:
        nonlocal left
        chosen = chosen_for(found)
        left -= len(chosen)
        if left < 0:
            raise RuntimeProblem(f"The Dockerfile has an ARG or FROM with more than {_LONGEST_VALUE} characters.")
        return chosen

    def chosen_for(found: re.Match[str]) -> str:
        if PLATFORM.fullmatch(found[0]):
            return found[0]
        own = values.get(found[1] or found[4], "")
        if found[2] == "+":
            return found[3] if own else ""
        return own or found[3] or ""

    return _VARIABLE.sub(value, text)
