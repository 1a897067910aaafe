"""The command line: a registry of commands that are imported only when they run, and the one place that turns errors into exit codes."""

from __future__ import annotations

import errno
import io
import os
import re
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, NoReturn

import click
from click.exceptions import NoSuchCommand, NoSuchOption

from groundwork.errors import Exit, GroundworkError

ENVIRONMENT = "environment"
"""The key in click's object of the environment that a command is about."""


@dataclass(frozen=True, slots=True)
class CommandEntry:
    """Where a command is defined, and the group and summary that `--help` lists it with."""

    module: str
    attribute: str
    group: str
    help: str


PLATFORM = "The platform, from envs/NAME.yaml"
PEOPLE = "People, code, this machine"
CHECKS = "Looking and checking"

COMMANDS = {
    "init": CommandEntry("groundwork.cli.init", "init", PLATFORM, "Write an environment file."),
    "adopt": CommandEntry("groundwork.cli.adopt", "adopt", PLATFORM, "Import what exists."),
    "up": CommandEntry("groundwork.cli.up", "up", PLATFORM, "Create or update it."),
    "plan": CommandEntry("groundwork.cli.up", "plan", PLATFORM, "Show what `up` would do."),
    "down": CommandEntry("groundwork.cli.down", "down", PLATFORM, "Remove it, with proof."),
    "status": CommandEntry("groundwork.cli.status", "status", PLATFORM, "Show what is up."),
    "output": CommandEntry("groundwork.cli.status", "output", PLATFORM, "Print addresses and names."),
    "open": CommandEntry("groundwork.cli.open", "open_", PLATFORM, "Open it in a browser."),
    "diagram": CommandEntry("groundwork.cli.diagram", "diagram", PLATFORM, "Draw a map of it."),
    "onboard": CommandEntry("groundwork.cli.onboarding", "onboard", PEOPLE, "Give a person access."),
    "offboard": CommandEntry("groundwork.cli.onboarding", "offboard", PEOPLE, "Remove a person's access."),
    "people": CommandEntry("groundwork.cli.people", "people", PEOPLE, "List members, find drift."),
    "access": CommandEntry("groundwork.cli.access", "access", PEOPLE, "Who may do what, and why."),
    "secrets": CommandEntry("groundwork.cli.secrets", "secrets", PEOPLE, "Set, read, rotate."),
    "login": CommandEntry("groundwork.cli.login", "login", PEOPLE, "Log in to Google Cloud."),
    "whoami": CommandEntry("groundwork.cli.login", "whoami", CHECKS, "Show who you are."),
    "doctor": CommandEntry("groundwork.cli.doctor", "doctor", CHECKS, "Find what is missing."),
    "cost": CommandEntry("groundwork.cli.cost", "cost", CHECKS, "Estimate, report, credits."),
    "policy": CommandEntry("groundwork.cli.policy", "policy", CHECKS, "Check code and plan."),
    "review": CommandEntry("groundwork.cli.review", "review", CHECKS, "One page for a reviewer."),
    "report": CommandEntry("groundwork.cli.report", "report", CHECKS, "One page to hand in."),
    "verify": CommandEntry("groundwork.cli.verify", "verify", CHECKS, "Prove nothing is left."),
    "sweep": CommandEntry("groundwork.cli.sweep", "sweep", CHECKS, "Delete what is left over."),
    "validate": CommandEntry("groundwork.cli.validate", "validate", CHECKS, "Check the Terraform."),
    "docs": CommandEntry("groundwork.cli.docs", "docs", CHECKS, "Update generated docs."),
    "builds": CommandEntry("groundwork.cli.builds", "builds", PEOPLE, "Build images."),
    "services": CommandEntry("groundwork.cli.services", "services", PEOPLE, "Deploy, roll back, call."),
    "functions": CommandEntry("groundwork.cli.functions", "functions", PEOPLE, "List, call, read logs."),
    "jobs": CommandEntry("groundwork.cli.jobs", "jobs", PEOPLE, "Train, run, see results."),
    "pause": CommandEntry("groundwork.cli.pause", "pause", PEOPLE, "Stop what costs money."),
    "resume": CommandEntry("groundwork.cli.pause", "resume", PEOPLE, "Start it again."),
    "images": CommandEntry("groundwork.cli.images", "images", PEOPLE, "List built images."),
    "token": CommandEntry("groundwork.cli.token", "token", PEOPLE, "Get a service token."),
    "unlock": CommandEntry("groundwork.cli.unlock", "unlock", PEOPLE, "Remove a dead run's lock."),
    "local": CommandEntry("groundwork.cli.local", "local", PEOPLE, "Run the local cloud."),
    "run": CommandEntry("groundwork.cli.running", "run", PEOPLE, "Run a command against it."),
    "env": CommandEntry("groundwork.cli.env", "env", PEOPLE, "Variables for your shell."),
    "dvc": CommandEntry("groundwork.cli.dvc", "dvc", PEOPLE, "The bucket as DVC remote."),
    "docker": CommandEntry("groundwork.cli.docker", "docker", PEOPLE, "Let docker push and pull."),
    "completion": CommandEntry("groundwork.cli.completion", "completion", PEOPLE, "Tab completion."),
}
COLUMNS = ((PLATFORM, CHECKS), (PEOPLE,))
"""The two columns of `--help` on a terminal of 80 columns, where everything then fits in 24 lines."""
_WIDE = 78
_EXAMPLE = "COMMAND --help has an example."
_DEFAULTS = "Without --env: the local cloud. --version"


class LazyGroup(click.Group):
    """A group that imports a command only to run it; `--help` imports none."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """All names, in the order of the registry."""
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command; None when there is none of that name."""
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
        """Find the command, or refuse with the closest name: click suggests only commands that are already imported."""
        try:
            return super().resolve_command(ctx, args)
        except NoSuchCommand as error:
            raise NoSuchCommand(error.command_name, possibilities=COMMANDS, ctx=ctx) from None

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; click itself would exit with 1 when the reader of standard output has gone."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            return _reader_gone()

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """The same while --help and --version print; an option of a command before that is refused with its place."""
        try:
            return super().parse_args(ctx, args)
        except BrokenPipeError:
            ctx.exit(_reader_gone())
        except NoSuchOption as error:
            text = f"No such option {error.option_name!r} before a command: one of the command's own stands after it."
            raise click.UsageError(text, ctx) from None

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands only: the epilog names the two options."""
        self.format_commands(ctx, formatter)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Print the usage; on a wide terminal with what the epilog says, to save space."""
        if formatter.width < _WIDE:
            super().format_usage(ctx, formatter)
        else:
            formatter.write(f"Usage: groundwork COMMAND [ARGS]...  {_DEFAULTS}\n")

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Print the description, unless the first heading has it already."""
        if formatter.width < _WIDE:
            super().format_help_text(ctx, formatter)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Print the epilog, unless it is on the usage line and below the first column already."""
        if formatter.width < _WIDE:
            super().format_epilog(ctx, formatter)

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands by group, one per line; in two columns where there is room."""
        columns = [[line for group in groups for line in _listed(group)][:-1] for groups in COLUMNS]
        if formatter.width < _WIDE:
            formatter.write_paragraph()
            formatter.write("\n".join([*columns[0], "", *columns[1], ""]))
            return
        columns[0].append(_EXAMPLE)
        left = max(map(len, columns[0])) + 2
        # No blank lines between the groups: otherwise this would not fit in 24 lines.
        for one, other in zip_longest(*(filter(None, column) for column in columns), fillvalue=""):
            formatter.write(f"{one:<{left}}{other}".rstrip() + "\n")


def _listed(group: str) -> list[str]:
    """A group's heading, its commands, and a blank line, which only the one-column form keeps."""
    entries = {name: entry for name, entry in COMMANDS.items() if entry.group == group}
    width = max(map(len, entries))
    return [f"{group}:", *(f"  {name:<{width}}  {entry.help}" for name, entry in entries.items()), ""]


@click.command(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=f"{_EXAMPLE} {_DEFAULTS}",
)
@click.version_option(package_name="groundwork", message="groundwork %(version)s")
def groundwork() -> None:
    """A team's platform from envs/NAME.yaml."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command and exit with its documented code; a bug keeps its traceback."""
    if why := unfit(os.name):
        sys.exit(why)
    _open_standard_files()
    mute_version_warnings()
    sys.exit(run(arguments))


def mute_version_warnings() -> None:
    """Keeps off every command what Google's packages say of a Python whose support by them ends: the pinned ones keep working.

    They begin three months before Python's own end, for Python 3.11 on 2027-07-26. Who asks Python for warnings gets them.
    """
    if not sys.warnoptions:
        warnings.filterwarnings("ignore", r"You are using a .*Python version", FutureWarning)


def unfit(system: str) -> str:
    """Why groundwork does not run on an operating system (`os.name`); "" where it does."""
    if system != "nt":
        return ""
    return "groundwork runs on Linux and macOS. On Windows, run it in WSL 2 or in its dev container: docs/start.md says how."


def _open_standard_files() -> None:
    """Reopen whichever standard stream the caller closed (`>&-`): otherwise the next file we open gets its descriptor, and our output."""
    for name, number, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
        if getattr(sys, name) is None:
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8"))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code. Expected errors are printed as sentences on standard error."""
    noted: dict[str, str] = {}
    try:
        code = groundwork.main(
            args=arguments, prog_name="groundwork", standalone_mode=False, color=_colour(), obj=noted
        )
        sys.stdout.flush()
    except click.ClickException as error:
        message = io.StringIO()
        error.show(message)
        _say(message.getvalue().removesuffix("\n") + _meant(error))
        return error.exit_code
    except GroundworkError as error:
        if error.exit_code is Exit.INTERRUPTED:
            _start_new_line()
        show(error, noted.get(ENVIRONMENT, ""))
        return int(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        _start_new_line()
        _say("Interrupted.")
        return int(Exit.INTERRUPTED)
    except BrokenPipeError:
        return _reader_gone()
    except OSError as error:
        if error.errno not in _FILES:
            raise
        where = f" ({error.filename})" if error.filename else ""
        _say(f"Error: {_FILES[error.errno]}{where}.")
        return int(Exit.FAILED)
    return int(code or 0)


_EXTRA = re.compile(r"Got unexpected extra arguments? \(([\w-]+)[ )]")


def _meant(error: click.ClickException) -> str:
    """What an extra argument that names an environment was probably meant as, "" for any other error."""
    found, context = _EXTRA.match(error.message), getattr(error, "ctx", None)
    if not found or not context or not any("--env" in one.opts for one in context.command.params):
        return ""
    from pathlib import Path

    from groundwork.environment.checkout import find_checkout
    from groundwork.environment.values import examples, names

    try:
        root = find_checkout(Path.cwd()).root
    except GroundworkError:
        return ""
    return f"; did you mean --env {found[1]}?" if found[1] in (*names(root), *examples(root)) else ""


def _start_new_line() -> None:
    """A terminal echoes ^C at the cursor: put what is printed next on a line of its own."""
    if sys.stderr.isatty():
        _say()


_FILES = {
    errno.ENOSPC: "The disk is full: free some space and run the same command again",
    errno.EDQUOT: "Your disk quota is used up: free some space and run the same command again",
    errno.EROFS: "The disk is read-only there: use a folder that you can write to",
    errno.EACCES: "You may not write there: use a folder that you own (XDG_CACHE_HOME sets where downloads are kept)",
    errno.ENAMETOOLONG: "The name of a file is too long",
    errno.ELOOP: "Symbolic links lead in a circle",
    errno.EPERM: "You may not write there: use a folder that you own (XDG_CACHE_HOME sets where downloads are kept)",
}


def _reader_gone() -> int:
    """The reader of standard output has seen enough (`| head`): discard the rest and report success."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return int(Exit.OK)


def _colour() -> bool | None:
    """False where colours are unwanted (https://no-color.org) or not supported; None leaves it to click."""
    return False if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" else None


def _say(text: str = "", *, mark: str = "", nl: bool = True) -> None:
    from groundwork.cli.printing import echo

    echo(text, err=True, nl=nl, mark=mark, color=_colour())


def show(error: GroundworkError, name: str = "") -> None:
    """Print the error's sentence, then its details; commands in them that take any environment get this one."""
    message, *details = (
        text.replace("--env NAME", f"--env {name or 'NAME'}") for text in (error.message, *error.details)
    )
    _say(f" {message}", mark=click.style("Error:", fg="red"))
    for line in details:
        _say(f"  {line}")
