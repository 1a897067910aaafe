"""Reads KEY=VALUE files as python-dotenv does, which most programs read them with; errors name the line, never its text."""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dotenv.parser import Binding, parse_stream

from groundwork.errors import UsageProblem

_MOST_BYTES = 4 << 20
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_QUOTED = re.compile(rf"\s*(?:export\s+)?({_KEY.pattern})\s*=\s*['\"]")


@dataclass(frozen=True)
class Assignment:
    """One KEY=VALUE; `line` counts from 1. The value is left out of its repr."""

    key: str
    value: str = field(repr=False)
    line: int


class _NotALine(Exception):
    """Why a line is not an entry, and its key, "" if it has none."""

    def __init__(self, why: str, key: str = "") -> None:
        super().__init__(why)
        self.key = key


def read(file: Path, only: Collection[str] = ()) -> tuple[Assignment, ...]:
    """The file's assignments. Raises UsageProblem naming every invalid line; if `only` selects keys, those of the others may be invalid."""
    return parse(_text(file), file.name, only)


def _text(file: Path) -> str:
    if "=" in file.name and not file.exists():
        raise UsageProblem(
            "import reads a file, because a value on the command line can be read in the process list: write KEY=VALUE lines into a "
            "file that git ignores, such as .env, and give its name."
        )
    try:
        with file.open("rb") as stream:
            data = stream.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise UsageProblem(f"{file.name} is larger than 4 MiB: that is not a file of KEY=VALUE lines.")
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise UsageProblem(f"{file.name} is not text in UTF-8: save it as UTF-8.") from None
    except OSError as error:
        raise UsageProblem(f"{file} cannot be read: {error.strerror}.") from None


def parse(text: str, file_name: str, only: Collection[str] = ()) -> tuple[Assignment, ...]:
    """The assignments in a text; `file_name` is its name in error messages. Raises UsageProblem."""
    entries: list[Assignment] = []
    mistakes: list[str] = []
    for line, found in _lines(text):
        if isinstance(found, _NotALine):
            if not (only and found.key) or found.key in only:
                mistakes.append(f"{file_name}:{line}: {found}")
        else:
            entries.append(Assignment(*found, line))
    mistakes += _twice((entry for entry in entries if not only or entry.key in only), file_name)
    if mistakes:
        raise UsageProblem(f"{file_name} has lines that cannot be imported; nothing was set:", mistakes)
    return tuple(entries)


def _lines(text: str) -> Iterator[tuple[int, tuple[str, str] | _NotALine]]:
    for binding in parse_stream(io.StringIO(text)):
        original = binding.original.string
        line = binding.original.line + original[: len(original) - len(original.lstrip())].count("\n")
        try:
            entry = _entry(binding)
        except _NotALine as mistake:
            yield line, mistake
        else:
            if entry:
                yield line, entry


def _entry(binding: Binding) -> tuple[str, str] | None:
    """Key and value of a line; None for a comment and an empty line."""
    key, value = binding.key, binding.value
    if binding.error and (quoted := _QUOTED.match(binding.original.string)):
        raise _NotALine(f"the quotes of {quoted[1]} are wrong: close them, and put the whole value into them.")
    if key is None and not binding.error:
        return None
    if binding.error or value is None or not _KEY.fullmatch(key or ""):
        raise _NotALine("is not KEY=VALUE; a key has letters, digits and underscores and does not begin with a digit.")
    return str(key), _checked(str(key), value)


def _checked(key: str, value: str) -> str:
    if "${" in value:
        why = f"{key} refers to another variable (${{...}}): write that value out, or give it to `groundwork secrets set`."
        raise _NotALine(why, key)
    if not value.strip():
        raise _NotALine(
            f"{key} is empty, and Secret Manager does not store empty values: give it a value or remove the line.",
            key,
        )
    if "\0" in value:
        raise _NotALine(f"{key} contains a zero byte.", key)
    return value


def _twice(entries: Iterable[Assignment], file_name: str) -> Iterator[str]:
    first: dict[str, int] = {}
    for entry in entries:
        if entry.key in first:
            yield f"{file_name}:{entry.line}: {entry.key} is already in line {first[entry.key]}; keep one of the two."
        first.setdefault(entry.key, entry.line)
