"""Sets up DVC's remote in a repository's .dvc/config as `dvc remote add` would, and changes nothing else in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from groundwork.environment.values import Bucket, Environment
from groundwork.errors import GroundworkError, UsageProblem
from groundwork.text import listed

SHARED, PRIVATE = "config", "config.local"
_SECTION = re.compile(r"\s*\[\s*(['\"]?)(.*?)\1\s*\]\s*(#.*)?")
_PAIR = re.compile(r"\s*([A-Za-z_]\w*)\s*=\s*(.*?)\s*")


@dataclass(frozen=True)
class Remote:
    """A remote: its name, and its settings in DVC's terms."""

    name: str
    settings: Mapping[str, str]

    @property
    def section(self) -> str:
        """The name of its section in the file."""
        return f'remote "{self.name}"'


def bucket(environment: Environment, name: str | None) -> Bucket:
    """The selected bucket: the one for DVC, or the one named. Raises UsageProblem."""
    fitting = {each.name: each for each in environment.buckets.values() if each.dvc}
    file = environment.file
    if name is not None:
        if name in fitting:
            return fitting[name]
        if name in environment.buckets:
            raise UsageProblem(
                f"Bucket {name} is not for DVC: set `dvc: true` for it in {file} and run `groundwork up --env {environment.name}`."
            )
        raise UsageProblem(f"{file} has no bucket {name}; for DVC it has {listed(fitting)}.")
    if len(fitting) == 1:
        return next(iter(fitting.values()))
    if fitting:
        raise UsageProblem(f"{file} has {len(fitting)} buckets for DVC: choose one with --bucket, {listed(fitting)}.")
    raise UsageProblem(f"{file} has no bucket for DVC: add one such as `data: {{dvc: true}}` under buckets:.")


def remote(environment: Environment, chosen: Bucket, endpoint: str | None) -> Remote:
    """The remote of a bucket; `endpoint` is the local cloud's address. Keys: https://dvc.org/doc/user-guide/data-management/remote-storage/google-cloud-storage."""
    settings = {"url": chosen.url, "projectname": environment.project}
    if chosen.versioning:
        settings["version_aware"] = "true"
    if endpoint:
        settings["endpointurl"] = endpoint
    return Remote(chosen.name, settings)


def find_repository(start: Path) -> Path:
    """The .dvc folder of the repository around `start`. Raises UsageProblem when there is none."""
    here = start.resolve()
    if not here.is_dir():
        raise UsageProblem(f"{start} is not a folder: name the one that contains your DVC repository.")
    for folder in (here, *here.parents):
        if (folder / ".dvc").is_dir():
            return folder / ".dvc"
    raise UsageProblem(
        f"{here} is not inside a DVC repository: run `dvc init` in yours, or name it with --repository PATH."
    )


def present(folder: Path, wanted: Remote, *, private: bool) -> str:
    """The URL that the file has for a remote of this name, "" for none."""
    return _read(folder / (PRIVATE if private else SHARED)).get(wanted.section, {}).get("url", "")


def written(folder: Path, wanted: Remote, *, private: bool) -> dict[Path, str]:
    """The files' new content: a `private` remote goes into .dvc/config.local, for this machine only.

    Setting a shared remote removes a private one of the same name, which would override it.
    """
    texts = {name: _text(folder / name) for name in (SHARED, PRIVATE)}
    target = PRIVATE if private else SHARED
    after = dict(texts)
    if not private:
        after[PRIVATE] = _without(after[PRIVATE], wanted)
    after[target] = set_section(after[target], "core", {"remote": wanted.name}, whole=False)
    after[target] = set_section(after[target], wanted.section, wanted.settings, whole=True)
    return {folder / name: text for name, text in after.items() if text != texts[name]}


def write(texts: Mapping[Path, str]) -> None:
    """Writes each file atomically."""
    for file, text in texts.items():
        fresh = file.with_name(f"{file.name}.new")
        fresh.write_text(text, "utf-8")
        fresh.replace(file)


def set_section(text: str, section: str, settings: Mapping[str, str], *, whole: bool) -> str:
    """A configuration with these settings in a section; `whole` removes the section's other settings. Comments are kept."""
    lines = text.splitlines()
    begin, end = _span(lines, section)
    if begin < 0:
        quoted = f"'{section}'" if '"' in section else section
        return "".join(f"{line}\n" for line in [*lines, f"[{quoted}]", *_pairs(settings)])
    kept = [line for line in lines[begin + 1 : end] if not _is_setting(line, settings, whole=whole)]
    while kept and not kept[-1].strip():
        kept.pop()
    body = [*kept, *_pairs(settings), *([""] if end < len(lines) and not lines[end - 1].strip() else [])]
    return "".join(f"{line}\n" for line in [*lines[: begin + 1], *body, *lines[end:]])


def _pairs(settings: Mapping[str, str]) -> list[str]:
    return [f"    {key} = {value}" for key, value in settings.items()]


def _is_setting(line: str, settings: Mapping[str, str], *, whole: bool) -> bool:
    pair = _PAIR.fullmatch(line)
    return pair is not None and (whole or pair[1] in settings)


def _span(lines: list[str], section: str) -> tuple[int, int]:
    """The lines of a section's heading and of the next section; -1 when it does not exist."""
    heads = [(index, found[2]) for index, line in enumerate(lines) if (found := _SECTION.fullmatch(line))]
    for position, (index, name) in enumerate(heads):
        if name == section:
            return index, heads[position + 1][0] if position + 1 < len(heads) else len(lines)
    return -1, -1


def _without(text: str, wanted: Remote) -> str:
    """A private configuration without the remote and without it as the default."""
    lines = text.splitlines()
    begin, end = _span(lines, wanted.section)
    if begin < 0:
        return text
    lines = [*lines[:begin], *lines[end:]]
    begin, end = _span(lines, "core")
    rest = [
        line
        for line in lines[begin + 1 : end]
        if not ((pair := _PAIR.fullmatch(line)) and pair.groups() == ("remote", wanted.name))
    ]
    if begin >= 0:
        lines = [*lines[:begin], *([lines[begin], *rest] if any(map(str.strip, rest)) else []), *lines[end:]]
    return "".join(f"{line}\n" for line in lines)


def _read(file: Path) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    section = ""
    for line in _text(file).splitlines():
        if head := _SECTION.fullmatch(line):
            section = head[2]
        elif pair := _PAIR.fullmatch(line):
            found.setdefault(section, {})[pair[1]] = pair[2]
    return found


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise GroundworkError(f"{file} cannot be read ({error}): fix or delete it.") from None
