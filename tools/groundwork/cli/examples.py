"""Checks commands in the docs: every `groundwork …` and `make …` that a page shows must exist, with the options it uses."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click

from groundwork import cli
from groundwork.links import pages

_BLOCK = re.compile(r"^```(?:console|sh|bash|shell)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)
_ENDS = {"|", "||", "&&", ";", "&", ">", "2>", "<"}


def wrong(root: Path) -> Iterator[str]:
    """Yield a sentence for each example that would not run as written."""
    targets = set(_TARGET.findall((root / "Makefile").read_text("utf-8"))) if (root / "Makefile").exists() else None
    for page in pages(root):
        for block in _BLOCK.findall(page.read_text("utf-8")):
            for line in _commands(block):
                for words in _parts(line):
                    if why := _problem(words, targets):
                        yield f"{page.relative_to(root).as_posix()}: {line.strip()}: {why}"


def _commands(block: str) -> Iterator[str]:
    """The lines to type: those after a prompt where the block has prompts, else every line."""
    lines = block.replace("\\\n", " ").splitlines()
    prompted = [line[2:] for line in lines if line.startswith("$ ")]
    yield from prompted or lines


def _parts(line: str) -> Iterator[list[str]]:
    """Split a line into simple commands, including those in $( )."""
    try:
        lexer = shlex.shlex(
            re.sub(r"\$\(([^()]*)\)", r" ; \1 ; ", line.replace('"', " ")), posix=True, punctuation_chars="|&;<>"
        )
        lexer.whitespace_split = True
        words = list(lexer)
    except ValueError:
        return
    part: list[str] = []
    for word in [*words, ";"]:
        if word in _ENDS:
            yield part
            part = []
        else:
            part.append(word)


def _problem(words: list[str], targets: set[str] | None) -> str:
    if words[:1] == ["make"] and targets is not None:
        path = [word for word in words[1:] if "=" not in word and not word.startswith("-")]
        missing = [word for word in path if word not in targets]
        return f"the Makefile has no {missing[0]}." if missing else ""
    if words[:1] and words[0].rpartition("/")[2] == "groundwork":
        return _groundwork(words[1:])
    return ""


def _groundwork(words: list[str]) -> str:
    command: click.Command = cli.groundwork
    context = click.Context(command, info_name="groundwork")
    rest = [word for word in words if word != "--"] if "--" not in words else words[: words.index("--")]
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        found = command.get_command(context, rest[0])
        if found is None:
            return "" if rest[0].isupper() else f"there is no command {rest[0]}."
        command, context, rest = found, click.Context(found, info_name=rest[0], parent=context), rest[1:]
    known = _options(command)
    unknown = [
        word.partition("=")[0] for word in rest if re.match(r"--?[a-z]", word) and word.partition("=")[0] not in known
    ]
    return f"it has no option {unknown[0]}." if unknown else ""


def _options(command: click.Command) -> set[str]:
    """The options of a command; for a group also those of its commands, since it may run one by default."""
    found = {"-h", "--help", "--version"}
    commands = [command, *command.commands.values()] if isinstance(command, click.Group) else [command]
    for one in commands:
        found |= {option for param in one.params for option in (*param.opts, *param.secondary_opts)}
    return found
