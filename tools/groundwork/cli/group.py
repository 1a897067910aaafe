"""Groups of commands, whose help summarises each command without cutting off a sentence."""

from __future__ import annotations

import re

import click

_CLAUSE = re.compile(r"(.+?)[.:;](?:\s|\Z)", re.DOTALL)


class Group(click.Group):
    """A group that lists each command with the first clause of its help, wrapped rather than truncated."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands by name."""
        found = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        with formatter.section("Commands"):
            formatter.write_dl([(name, _clause(command)) for name, command in found.items() if command])


def _clause(command: click.Command) -> str:
    text = command.short_help or command.help or ""
    found = _CLAUSE.match(text)
    return f"{' '.join(found[1].split())}." if found else text
