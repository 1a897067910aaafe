"""Short scripts of docker commands, which builds use to pull a cache (`docker pull IMAGE || exit 0`); nothing else of a shell.

Whatever else a script holds is refused: it would run on this machine, outside of any container.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from typing import NamedTuple

_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})")
_BEYOND = re.compile(r"[`<>(){}*?\[\]~]|\$\(|(?<!\|)\|(?!\|)|(?<!&)&(?!&)")
PROGRAMS = ("docker", "exit", "true", ":", "echo", "set")


class NoScript(Exception):
    """A sentence: what in a script is not carried out here."""


class Command(NamedTuple):
    """A command, and how it is joined to what came before: ";", "&&" or "||"."""

    joined: str
    words: tuple[str, ...]


def commands(text: str, env: Mapping[str, str]) -> Iterator[Command]:
    """The commands of a script with their variables filled in. Raises NoScript for one that needs a shell."""
    joined = ";"
    for line in text.replace("\\\n", " ").splitlines():
        bare = _VARIABLE.sub("", line)
        if _BEYOND.search(bare) or ("'" in line and "$" in line):
            raise _refused(line)
        lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|")
        lexer.whitespace_split = True
        words: list[str] = []
        try:
            found = list(lexer)
        except ValueError:
            raise _refused(line) from None
        for word in (*found, ";"):
            if word in (";", "&&", "||"):
                if words:
                    yield _command(joined, words, env)
                joined, words = word, []
            else:
                words.append(word)


def runs(command: Command, code: int) -> bool:
    """Whether a command is to be carried out after one that ended with a code."""
    return command.joined == ";" or (command.joined == "&&") == (code == 0)


def _command(joined: str, words: list[str], env: Mapping[str, str]) -> Command:
    if words[0] not in PROGRAMS:
        raise _refused(" ".join(words))
    return Command(joined, tuple(_VARIABLE.sub(lambda found: env.get(found[1] or found[2], ""), one) for one in words))


def _refused(line: str) -> NoScript:
    return NoScript(
        f"This step of the docker builder has a shell script of which {line.strip()[:100]!r} is not carried out here: the local cloud takes "
        f"commands of {', '.join(PROGRAMS)}, joined by ;, && and ||. Put the rest into a step of an image that has what it needs."
    )
