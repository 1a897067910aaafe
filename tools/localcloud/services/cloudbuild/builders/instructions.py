"""Reads a Dockerfile's instructions as podman and docker do, which differ in what they take for a comment and for a text.

What one of the two would hide from this reader it could use unseen, so that each way of reading counts.
Sources: https://docs.docker.com/reference/dockerfile, github.com/openshift/imagebuilder and github.com/moby/buildkit, both dockerfile/parser.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from localcloud.containers.workload import RuntimeProblem

LONGEST = 64 << 10
"""A Dockerfile has a few hundred lines. The time to read one can grow with the square of its length."""
_ESCAPE = re.compile(
    r"(?:[^\S\n]*#[^\S\n]*\w+[^\S\n]*=.*\n)*?[^\S\n]*#[^\S\n]*escape[^\S\n]*=[^\S\n]*([\\`])", re.IGNORECASE
)
_NAME = re.compile(r"\s*((?:ONBUILD\s+)*)(\w+)\s*", re.IGNORECASE)
_WORD = re.compile(r"""(?:[^\s'"\\]|\\.|'(?:[^'\\]|\\.)*(?:'|\Z)|"(?:[^"\\]|\\.)*(?:"|\Z)|\\\Z)+""", re.DOTALL)
_SYNTAX = re.compile(r"\\(.)|['\"\\]", re.DOTALL)
_TEXT = re.compile(r"(?<!<)<<(-?)[\"']?([^\s<\"'-][^\s<\"']*)[\"']?")
_WITH_TEXTS = frozenset({"RUN", "COPY", "ADD"})


@dataclass(frozen=True, slots=True)
class Instruction:
    """An instruction: its name in capitals, its options without quotes ("--from=x"), and what follows them.

    `doubtful`: it may be a line of a text within another instruction (a here-document).
    """

    name: str
    options: tuple[str, ...]
    rest: str
    doubtful: bool = False


def check_length(text: str) -> None:
    """Raises RuntimeProblem for a text that is longer than what people write."""
    if len(text) > LONGEST:
        raise RuntimeProblem(f"A Dockerfile, or its .dockerignore, may have at most {LONGEST >> 10} KiB here.")


def readings(text: str) -> Iterator[list[Instruction]]:
    """The instructions of a Dockerfile, in each way in which it may be read. Raises RuntimeProblem for one that is too long."""
    check_length(text)
    for indented in (True, False):
        yield list(_read(text, indented_comments=indented))


def words(text: str) -> list[str]:
    """The words of a text without their quotes; a quoted space does not separate two."""
    return [_SYNTAX.sub(lambda found: found[1] or "", word) for word in _WORD.findall(text)]


def _read(text: str, *, indented_comments: bool) -> Iterator[Instruction]:
    """`indented_comments`: an indented line within an instruction that begins with # is a comment."""
    directive = _ESCAPE.match(text)
    continued = re.compile(re.escape(directive[1] if directive else "\\") + r"[ \t]*\Z")
    lines = text.removeprefix("\ufeff").split("\n")
    begun, ends = "", 0
    for at, line in enumerate(one.removesuffix("\r") for one in lines):
        if line.startswith("#") or ((indented_comments or not begun) and line.lstrip().startswith("#")):
            continue
        if begun and not line.strip():
            continue
        whole = begun + line
        if (end := continued.search(line)) is not None and at + 1 < len(lines):
            begun = whole[: len(whole) - len(line) + end.start()]
            continue
        begun = ""
        found = _instruction(whole, doubtful=at < ends)
        if found is None:
            continue
        yield found
        if found.name in _WITH_TEXTS and at >= ends:
            ends = max([ends, *_ends(whole, lines, at)])
    if begun and (found := _instruction(begun, doubtful=False)) is not None:
        yield found


def _instruction(line: str, *, doubtful: bool) -> Instruction | None:
    start = _NAME.match(line)
    if start is None:
        return None
    options, rest = [], line[start.end() :]
    while rest.startswith("--") and (word := _WORD.match(rest)) is not None:
        options.append("".join(words(word[0])))
        rest = rest[word.end() :].lstrip()
    return Instruction(start[2].upper(), tuple(options), rest, doubtful)


def _ends(instruction: str, lines: list[str], at: int) -> Iterator[int]:
    """Where the texts end that begin in an instruction on line `at`."""
    for dash, word in _TEXT.findall(instruction):
        end = (n for n in range(at + 1, len(lines)) if (lines[n].lstrip("\t") if dash else lines[n]) == word)
        yield next(end, 0)
