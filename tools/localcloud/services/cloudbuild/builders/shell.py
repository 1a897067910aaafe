"""Short scripts of docker commands, as builds use to pull a cache (`docker pull IMAGE || exit 0`); not a shell.

Anything else in a script is refused: it would run on this machine, outside any container.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})")
_BEYOND = re.compile(r"[`<>(){}*?\[\]~]|\$\(|(?<!\|)\|(?!\|)|(?<!&)&(?!&)")
_LONGEST = 10_000
"""Of an argument of a step at Google: https://cloud.google.com/build/docs/build-config-file-schema#args."""
_LONGEST_FILLED = 1 << 20
PROGRAMS = ("docker", "exit", "true", ":", "echo", "set")


class UnsupportedScript(Exception):
    """A sentence: what part of a script is not supported here."""


class Command(NamedTuple):
    """A command, and its connection to the previous one: ";", "&&" or "||"."""

    joined: str
    words: tuple[str, ...]


def commands(text: str, env: Mapping[str, str]) -> Iterator[Command]:
    """The commands of a script, with variables expanded. Raises UnsupportedScript for a script that needs a shell."""
    joined = ";"
    filled = sum(len(env.get(match[1] or match[2], "")) for match in _VARIABLE.finditer(text))
    if len(text) > _LONGEST or filled > _LONGEST_FILLED:
        raise UnsupportedScript(
            f"This step of the docker builder has a shell script of more than {_LONGEST} characters."
        )
    for line in text.replace("\\\n", " ").splitlines():
        bare = _VARIABLE.sub("", line)
        if _BEYOND.search(bare) or ("'" in line and "$" in line):
            raise _refused(line)
        lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|")
        lexer.whitespace_split = True
        words: list[str] = []
        try:
            tokens = list(lexer)
        except ValueError:
            raise _refused(line) from None
        for word in (*tokens, ";"):
            if word in (";", "&&", "||"):
                if words:
                    yield _command(joined, words, env)
                joined, words = word, []
            else:
                words.append(word)


async def run(
    text: str,
    env: Mapping[str, str],
    docker: Callable[[Sequence[str]], Awaitable[int]],
    echo: Callable[[str], None],
    *,
    stops: bool = False,
) -> int:
    """Runs a script, whose docker commands and lines of output others take; returns its exit code. `stops`: as after `set -e`."""
    code = 0
    for command in commands(text, env):
        if command.joined == ";" and code and stops:
            return code
        if command.joined != ";" and (command.joined == "&&") != (code == 0):
            continue
        name, *words = command.words
        if name == "exit":
            return int(words[0]) if words and words[0].isdecimal() else code
        if name == "set":
            stops = stops or any("e" in one for one in words)
        elif name == "echo":
            echo(" ".join(words))
        code = await docker(words) if name == "docker" else 0
    return code


def _command(joined: str, words: list[str], env: Mapping[str, str]) -> Command:
    if words[0] not in PROGRAMS:
        raise _refused(" ".join(words))
    return Command(joined, tuple(_VARIABLE.sub(lambda match: env.get(match[1] or match[2], ""), one) for one in words))


def _refused(line: str) -> UnsupportedScript:
    return UnsupportedScript(
        f"This step of the docker builder has a shell script with {line.strip()[:100]!r}, which is not supported here: the local cloud takes "
        f"commands of {', '.join(PROGRAMS)}, joined by ;, && and ||. Move the rest to a step with an image that has what it needs."
    )
