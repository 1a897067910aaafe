"""The command line: a literal registry of commands that are loaded when they run, and the one boundary for errors."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import click

from groundwork.errors import Exit, GroundworkError


@dataclass(frozen=True, slots=True)
class Entry:
    """A command: the module and attribute that it is, the group and the line that `--help` shows it with."""

    module: str
    attribute: str
    group: str
    help: str


PLATFORM = "The platform"
PEOPLE = "People and secrets"
CHECKS = "Looking and checking"
LOCAL = "This machine"

COMMANDS = {
    "up": Entry("groundwork.cli.up", "up", PLATFORM, "Bring the environment to what its file says."),
    "plan": Entry("groundwork.cli.up", "plan", PLATFORM, "Say what `up` would change."),
    "down": Entry("groundwork.cli.down", "down", PLATFORM, "Take it all away and list what is left."),
    "output": Entry("groundwork.cli.status", "output", PLATFORM, "Print the outputs: addresses, names, commands."),
    "unlock": Entry("groundwork.cli.unlock", "unlock", PLATFORM, "Remove the lock that a dead run left."),
    "people": Entry("groundwork.cli.people", "people", PEOPLE, "Bring people in and out; say where access drifted."),
    "access": Entry("groundwork.cli.access", "access", PEOPLE, "Show who may do what, and explain why or why not."),
    "secrets": Entry("groundwork.cli.secrets", "secrets", PEOPLE, "Set, read, rotate and hand over secrets."),
    "login": Entry("groundwork.cli.login", "login", PEOPLE, "Log in to Google Cloud, and check what that lets you do."),
    "whoami": Entry("groundwork.cli.login", "whoami", PEOPLE, "Say who you are, and to which project."),
    "status": Entry("groundwork.cli.status", "status", CHECKS, "Say what is there and who is at work."),
    "doctor": Entry("groundwork.cli.doctor", "doctor", CHECKS, "Say what this machine has and lacks."),
    "cost": Entry(
        "groundwork.cli.cost", "cost", CHECKS, "Say what it would cost, what was spent, which credits are left."
    ),
    "policy": Entry("groundwork.cli.policy", "policy", CHECKS, "Check the code and the plan against the policies."),
    "review": Entry(
        "groundwork.cli.review", "review", CHECKS, "Put plan, cost and policies on one page for a reviewer."
    ),
    "verify": Entry("groundwork.cli.verify", "verify", CHECKS, "Prove that nothing is left, or say what is."),
    "sweep": Entry("groundwork.cli.sweep", "sweep", CHECKS, "Delete what verify finds left over, after asking."),
    "validate": Entry("groundwork.cli.validate", "validate", CHECKS, "Check format and validity of the Terraform."),
    "docs": Entry("groundwork.cli.docs", "docs", CHECKS, "Write the generated parts of the docs, or check them."),
    "local": Entry("groundwork.cli.local", "local", LOCAL, "Start, stop, look at and empty the local cloud."),
    "env": Entry(
        "groundwork.cli.env", "env", LOCAL, "Point Google's clients in a shell or notebook at the environment."
    ),
    "dvc": Entry("groundwork.cli.dvc", "dvc", LOCAL, "Write the environment's bucket into DVC as its remote."),
    "docker": Entry(
        "groundwork.cli.docker", "docker", LOCAL, "Let docker push to and pull from the image repositories."
    ),
    "completion": Entry("groundwork.cli.completion", "completion", LOCAL, "Print the completion for your shell."),
}
GROUPS = (PLATFORM, PEOPLE, CHECKS, LOCAL)


class LazyGroup(click.Group):
    """A group whose commands are imported when they are asked for; its help needs none of them."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """All names, as the registry has them."""
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command, or None when there is none of that name."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        from importlib import import_module

        command = getattr(import_module(entry.module), entry.attribute)
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; click would end with 1 where the reader of standard output has gone."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            return _nobody_reads()

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands by what people want, a line each."""
        width = max(map(len, COMMANDS))
        for group in GROUPS:
            rows = [(name.ljust(width), entry.help) for name, entry in COMMANDS.items() if entry.group == group]
            with formatter.section(group):
                formatter.write_dl(rows)


@click.command(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="ENV=local is the default and needs no account: `groundwork up`. Each command has --help with an example.",
)
@click.version_option(package_name="groundwork", message="groundwork %(version)s")
def groundwork() -> None:
    """A small machine-learning team's whole Google Cloud platform from one file, envs/NAME.yaml."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command and end the process with its documented exit code; a bug keeps its traceback."""
    _open_standard_files()
    sys.exit(run(arguments))


def _open_standard_files() -> None:
    """Where a caller closed one of the three (`>&-`), nothing is there: a file of ours would get its number, and the talk."""
    for name, number, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
        if getattr(sys, name) is None:
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8"))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command; its exit code. Expected errors are printed as sentences on standard error."""
    try:
        code = groundwork.main(args=arguments, prog_name="groundwork", standalone_mode=False, color=_colour())
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except GroundworkError as error:
        show(error)
        return int(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        click.echo("Interrupted.", err=True)
        return int(Exit.INTERRUPTED)
    except BrokenPipeError:
        return _nobody_reads()
    except OSError as error:
        if error.errno not in _DISK:
            raise
        where = f" ({error.filename})" if error.filename else ""
        click.echo(f"Error: {_DISK[error.errno]}{where}.", err=True)
        return int(Exit.FAILED)
    return int(code or 0)


_DISK = {
    errno.ENOSPC: "The disk is full: free some space and run the same command again",
    errno.EDQUOT: "Your disk quota is used up: free some space and run the same command again",
    errno.EROFS: "The folder is on a read-only disk: clone the project somewhere writable",
}


def _nobody_reads() -> int:
    """What was asked for is done, and whoever reads it has seen enough (`| head`)."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return int(Exit.OK)


def _colour() -> bool | None:
    """Colours only on a terminal, and never against the person's wish (https://no-color.org)."""
    return False if os.environ.get("NO_COLOR") else None


def show(error: GroundworkError) -> None:
    """The sentence, then its details."""
    click.echo(f"{click.style('Error:', fg='red')} {error.message}", err=True, color=_colour())
    for line in error.details:
        click.echo(f"  {line}", err=True)
