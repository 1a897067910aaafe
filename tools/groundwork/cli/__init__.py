"""The command line: a literal registry of commands that are loaded when they run, and the one boundary for errors."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, NoReturn

import click
from click.exceptions import NoSuchCommand

from groundwork.errors import Exit, GroundworkError


@dataclass(frozen=True, slots=True)
class CommandEntry:
    """A command: the module and attribute that it is, the group and the line that `--help` shows it with."""

    module: str
    attribute: str
    group: str
    help: str


PLATFORM = "The platform"
PEOPLE = "People and secrets"
CHECKS = "Looking and checking"
WORKLOADS = "Building and running"
LOCAL = "This machine"

COMMANDS = {
    "init": CommandEntry("groundwork.cli.init", "init", PLATFORM, "Write its file."),
    "adopt": CommandEntry("groundwork.cli.adopt", "adopt", PLATFORM, "Take over what is there."),
    "up": CommandEntry("groundwork.cli.up", "up", PLATFORM, "Make it as the file says."),
    "plan": CommandEntry("groundwork.cli.up", "plan", PLATFORM, "Say what `up` changes."),
    "down": CommandEntry("groundwork.cli.down", "down", PLATFORM, "Take it away, with proof."),
    "status": CommandEntry("groundwork.cli.status", "status", PLATFORM, "Say what is there."),
    "output": CommandEntry("groundwork.cli.status", "output", PLATFORM, "Print addresses and names."),
    "open": CommandEntry("groundwork.cli.open", "open_", PLATFORM, "Look at it in a browser."),
    "diagram": CommandEntry("groundwork.cli.diagram", "diagram", PLATFORM, "Draw a map of it."),
    "onboard": CommandEntry("groundwork.cli.onboarding", "onboard", PEOPLE, "Let a person in."),
    "offboard": CommandEntry("groundwork.cli.onboarding", "offboard", PEOPLE, "Take a person out."),
    "people": CommandEntry("groundwork.cli.people", "people", PEOPLE, "Who is in, and drift."),
    "access": CommandEntry("groundwork.cli.access", "access", PEOPLE, "Who may do what, and why."),
    "secrets": CommandEntry("groundwork.cli.secrets", "secrets", PEOPLE, "Set, read, rotate secrets."),
    "login": CommandEntry("groundwork.cli.login", "login", PEOPLE, "Log in to Google Cloud."),
    "whoami": CommandEntry("groundwork.cli.login", "whoami", CHECKS, "Say who you are."),
    "doctor": CommandEntry("groundwork.cli.doctor", "doctor", CHECKS, "Say what is missing."),
    "cost": CommandEntry("groundwork.cli.cost", "cost", CHECKS, "Estimate, report, credits."),
    "policy": CommandEntry("groundwork.cli.policy", "policy", CHECKS, "Check code and plan."),
    "review": CommandEntry("groundwork.cli.review", "review", CHECKS, "One page for a reviewer."),
    "report": CommandEntry("groundwork.cli.report", "report", CHECKS, "One page to hand in."),
    "verify": CommandEntry("groundwork.cli.verify", "verify", CHECKS, "Prove nothing is left."),
    "sweep": CommandEntry("groundwork.cli.sweep", "sweep", CHECKS, "Delete what is left over."),
    "validate": CommandEntry("groundwork.cli.validate", "validate", CHECKS, "Check the Terraform."),
    "docs": CommandEntry("groundwork.cli.docs", "docs", CHECKS, "Write the docs' tables."),
    "builds": CommandEntry("groundwork.cli.builds", "builds", WORKLOADS, "Build images."),
    "services": CommandEntry("groundwork.cli.services", "services", WORKLOADS, "Deploy, roll back, call."),
    "jobs": CommandEntry("groundwork.cli.jobs", "jobs", WORKLOADS, "Train, run, see results."),
    "images": CommandEntry("groundwork.cli.images", "images", WORKLOADS, "List what was built."),
    "token": CommandEntry("groundwork.cli.token", "token", WORKLOADS, "A token to call with."),
    "unlock": CommandEntry("groundwork.cli.unlock", "unlock", LOCAL, "Remove a dead run's lock."),
    "local": CommandEntry("groundwork.cli.local", "local", LOCAL, "Run the local cloud."),
    "run": CommandEntry("groundwork.cli.running", "run", LOCAL, "Run a command against it."),
    "env": CommandEntry("groundwork.cli.env", "env", LOCAL, "Variables for your shell."),
    "dvc": CommandEntry("groundwork.cli.dvc", "dvc", LOCAL, "The bucket as DVC remote."),
    "docker": CommandEntry("groundwork.cli.docker", "docker", LOCAL, "Let docker push and pull."),
    "completion": CommandEntry("groundwork.cli.completion", "completion", LOCAL, "Tab completion."),
}
COLUMNS = ((PLATFORM, CHECKS), (PEOPLE, WORKLOADS, LOCAL))
"""The groups as `--help` shows them: beside each other where 80 columns are there, so that 24 lines hold all."""
_WIDE = 78


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

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command, or the refusal with the nearest name: click looks only among commands that are loaded."""
        try:
            return super().resolve_command(ctx, args)
        except NoSuchCommand as error:
            raise NoSuchCommand(error.command_name, possibilities=COMMANDS, ctx=ctx) from None

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; click would end with 1 where the reader of standard output has gone."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            return _nobody_reads()

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands alone: the two options that there are stand in the last line."""
        self.format_commands(ctx, formatter)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """How it is called, with what it is in the same line where the commands fill the screen."""
        if formatter.width < _WIDE:
            super().format_usage(ctx, formatter)
        else:
            formatter.write(f"Usage: groundwork COMMAND [ARGS]...  {self.help}\n")

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """What it all is, where it has not been said."""
        if formatter.width < _WIDE:
            super().format_help_text(ctx, formatter)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The last line, likewise."""
        if formatter.width < _WIDE:
            super().format_epilog(ctx, formatter)
        else:
            formatter.write(f"  {self.epilog}\n")

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands by what people want, a line each; in two columns where there is room."""
        columns = [[line for group in groups for line in _listed(group)][:-1] for groups in COLUMNS]
        if formatter.width < _WIDE:
            formatter.write_paragraph()
            formatter.write("\n".join([*columns[0], "", *columns[1], ""]))
            return
        left = max(map(len, columns[0])) + 2
        # Without the lines between the groups, or a screen would not hold all.
        for one, other in zip_longest(*(filter(None, column) for column in columns), fillvalue=""):
            formatter.write(f"{one:<{left}}{other}".rstrip() + "\n")


def _listed(group: str) -> list[str]:
    """A group's heading, its commands, and an empty line, which the narrow form keeps."""
    entries = {name: entry for name, entry in COMMANDS.items() if entry.group == group}
    width = max(map(len, entries))
    return [f"{group}:", *(f"  {name:<{width}}  {entry.help}" for name, entry in entries.items()), ""]


@click.command(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="COMMAND --help has an example. Without --env: the local cloud. --version",
)
@click.version_option(package_name="groundwork", message="groundwork %(version)s")
def groundwork() -> None:
    """A team's platform from envs/NAME.yaml."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command and end the process with its documented exit code; a bug keeps its traceback."""
    if why := unfit(os.name):
        sys.exit(why)
    _open_standard_files()
    os.umask(os.umask(0o077) | 0o022)  # programs lie in the cache: nobody else may put any there
    sys.exit(run(arguments))


def unfit(system: str) -> str:
    """Why nothing runs on an operating system (`os.name`), "" where it does."""
    if system != "nt":
        return ""
    return "groundwork runs on Linux and macOS. On Windows, run it in WSL 2 or in its dev container: docs/start.md says how."


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
        said = io.StringIO()
        error.show(said)
        _say(said.getvalue(), nl=False)
        return error.exit_code
    except GroundworkError as error:
        if error.exit_code is Exit.INTERRUPTED:
            _below_the_key()
        show(error)
        return int(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        _below_the_key()
        _say("Interrupted.")
        return int(Exit.INTERRUPTED)
    except BrokenPipeError:
        return _nobody_reads()
    except OSError as error:
        if error.errno not in _DISK:
            raise
        where = f" ({error.filename})" if error.filename else ""
        _say(f"Error: {_DISK[error.errno]}{where}.")
        return int(Exit.FAILED)
    return int(code or 0)


def _below_the_key() -> None:
    """A terminal shows ^C where the cursor was: what is said next gets a line of its own."""
    if sys.stderr.isatty():
        _say()


_DISK = {
    errno.ENOSPC: "The disk is full: free some space and run the same command again",
    errno.EDQUOT: "Your disk quota is used up: free some space and run the same command again",
    errno.EROFS: "The disk is read-only there: use a folder that is writable",
    errno.EACCES: "You may not write there: use a folder that is yours (XDG_CACHE_HOME says where downloads are kept)",
    errno.EPERM: "You may not write there: use a folder that is yours (XDG_CACHE_HOME says where downloads are kept)",
}


def _nobody_reads() -> int:
    """What was asked for is done, and whoever reads it has seen enough (`| head`)."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return int(Exit.OK)


def _colour() -> bool | None:
    """Colours only on a terminal that has them, and never against the person's wish (https://no-color.org)."""
    return False if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" else None


def _say(text: str = "", *, mark: str = "", nl: bool = True) -> None:
    from groundwork.cli.printing import echo

    echo(text, err=True, nl=nl, mark=mark, color=_colour())


def show(error: GroundworkError) -> None:
    """The sentence, then its details."""
    _say(f" {error.message}", mark=click.style("Error:", fg="red"))
    for line in error.details:
        _say(f"  {line}")
