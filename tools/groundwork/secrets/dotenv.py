"""Parses KEY=VALUE files: comments, export, quotes, multi-line values; errors name the line, never its text."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from groundwork.errors import UsageProblem

_MOST_BYTES = 4 << 20
_NOTHING = re.compile(r"[ \t]*(#[^\n]*)?(\n|\Z)")
_KEY = re.compile(r"[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=")
_VALUE = re.compile(
    r"""[ \t]*(?:'(?P<single>[^']*)'|"(?P<double>(?:[^"\\]|\\.)*)"|(?P<plain>(?!['"])[^\n]*))""", re.DOTALL
)
_LINE = re.compile(r"[^\n]*(\n|\Z)")
_COMMENT = re.compile(r"(^|[ \t]+)#.*")
_ESCAPE = re.compile(r'\\([nrt\\"$])')
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}
_REFERENCE = re.compile(r"(?<!\\)\$\{")


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
    position = 0
    while position < len(text):
        line = text.count("\n", 0, position) + 1
        if nothing := _NOTHING.match(text, position):
            position = nothing.end()
            continue
        try:
            key, value, position = _entry(text, position)
            yield line, (key, value)
        except _NotALine as mistake:
            yield line, mistake
            rest = _LINE.match(text, position)
            position = rest.end() if rest else len(text)


def _entry(text: str, start: int) -> tuple[str, str, int]:
    """Key, value and where the next line begins."""
    key = _KEY.match(text, start)
    if key is None:
        raise _NotALine("is not KEY=VALUE; a key has letters, digits and underscores and does not begin with a digit.")
    found = _VALUE.match(text, key.end())
    if found is None:
        raise _NotALine(f"the quote of {key[1]} is never closed.")
    if found["plain"] is not None:
        return key[1], _without_references(key[1], _COMMENT.sub("", found["plain"]).strip()), found.end() + 1
    rest = _NOTHING.match(text, found.end())
    if rest is None:
        raise _NotALine(f"something follows the closing quote of {key[1]}; put the whole value into the quotes.")
    if found["single"] is not None:
        return key[1], _filled(key[1], found["single"]), rest.end()
    value = _ESCAPE.sub(lambda one: _ESCAPED.get(one[1], one[1]), _without_references(key[1], found["double"]))
    return key[1], value, rest.end()


def _without_references(key: str, value: str) -> str:
    if _REFERENCE.search(value):
        raise _NotALine(
            f"{key} refers to another variable (${{...}}): write that value out, or use single quotes to keep the text as it is.",
            key,
        )
    return _filled(key, value)


def _filled(key: str, value: str) -> str:
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
