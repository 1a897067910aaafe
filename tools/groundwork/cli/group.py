"""Groups of commands, whose help summarises each command without cutting off a sentence."""

from __future__ import annotations

import re

import click
from click.exceptions import NoSuchCommand, NoSuchOption

from groundwork.text import listed

_CLAUSE = re.compile(r"(.+?)[.:;](?:\s|\Z)", re.DOTALL)


class Group(click.Group):
    """A group that lists each command with the first clause of its help, wrapped rather than truncated."""

    def accepted(self) -> list[str]:
        """The names by which commands can be called."""
        return [*self.commands]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the group's own options, or refuse one of its commands' with those that take it."""
        try:
            return super().parse_args(ctx, args)
        except NoSuchOption as error:
            option = error.option_name
            commands = {name: self.commands[name] for name in self.list_commands(ctx)}
            taking = [name for name, one in commands.items() if any(option in each.opts for each in one.params)]
            if not taking:
                raise
            where = f"`{ctx.command_path} {taking[0]} … {option} …`"
            text = f"{option} stands after the command, as in {where}; commands with it are {listed(taking)}."
            raise click.UsageError(text, ctx) from None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or refuse with the nearest, or where none is near with those that there are."""
        try:
            return super().resolve_command(ctx, args)
        except NoSuchCommand as error:
            near = NoSuchCommand(error.command_name, possibilities=self.accepted(), ctx=ctx)
            if near.possibilities:
                raise near from None
            known = listed(self.list_commands(ctx))
            raise click.UsageError(f"No such command {error.command_name!r}; allowed are {known}.", ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands by name."""
        found = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        with formatter.section("Commands"):
            formatter.write_dl([(name, _clause(command)) for name, command in found.items() if command])


def _clause(command: click.Command) -> str:
    text = command.short_help or command.help or ""
    found = _CLAUSE.match(text)
    return f"{' '.join(found[1].split())}." if found else text
