"""`groundwork init`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from groundwork.cli.options import dry_run_option, json_option, yes_option
from groundwork.cli.printing import as_written, asked, echo, print_json
from groundwork.environment.values import refuse_mistakes
from groundwork.errors import GroundworkError, Refused, UsageProblem
from groundwork.people.team import checked_email
from groundwork.start import draft, platform, repository
from groundwork.start.draft import Answers
from groundwork.terraform import process

_REGION = "europe-west1"


@click.command()
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path))
@click.option("--name", metavar="NAME", help="Name of the environment: the file is envs/NAME.yaml. [dev]")
@click.option("--cloud", type=click.Choice(["local", "google"]), help="Where the project is.  [google]")
@click.option("--project", metavar="ID", help="Id of the project.")
@click.option("--region", metavar="REGION", help=f"Region of everything.  [{_REGION}]")
@click.option("--email", metavar="EMAIL", help="Your address: the first member, as operator.  [git's]")
@yes_option
@dry_run_option
@json_option
def init(
    folder: Path | None,
    name: str | None,
    cloud: str | None,
    project: str | None,
    region: str | None,
    email: str | None,
    yes: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Write envs/NAME.yaml: five questions or options, and what the code in FOLDER (here, if left out) says.

    It looks for Dockerfiles, DVC remotes, .env files, Cloud Build files and W&B, and says what would become what. In a folder
    without groundwork's Terraform it puts that there too; what is there is never overwritten. --yes takes the defaults.

    Example: groundwork init --name dev --project cats-dogs-123 --email alice@example.com
    """
    here = Path.cwd()
    code = (folder or here).resolve()
    checkout = platform.around(here)
    clues = () if checkout and code == checkout.root and folder is None else repository.look(code)
    answered = _Asking(yes=yes)
    wanted_name = answered("--name", name, "Name of the environment", "dev")
    wanted_cloud = answered("--cloud", cloud, "Where: google or local (simulated, on this machine)", "google")
    answers = Answers(
        wanted_name,
        wanted_cloud,
        answered(
            "--project",
            project,
            "Id of the project",
            f"{repository.plain(code.name)[:20].strip('-')}-{wanted_name}",
            needed=wanted_cloud == "google",
        ),
        answered("--region", region, "Region", _REGION),
        answered("--email", email, "Your e-mail address", _git_address()),
    )
    root = checkout.root if checkout else here
    text = _checked(root, answers, clues)
    copied: list[str] = []
    if not dry_run:
        copied = [] if checkout else platform.lay(root)
        _write(root / "envs" / f"{answers.name}.yaml", text)
    if as_json:
        print_json(
            {
                "file": f"envs/{answers.name}.yaml",
                "written": not dry_run,
                "copied": copied,
                "found": [vars_of(clue) for clue in clues],
                "text": text,
            }
        )
        return
    _say(answers, clues, copied, text if dry_run else "")


class _Asking:
    """Questions at a terminal; without one, or where `yes` is said, what is proposed counts, and what is `needed` has to be given."""

    def __init__(self, *, yes: bool) -> None:
        self.yes = yes

    def __call__(self, option: str, given: str | None, question: str, default: str, *, needed: bool = False) -> str:
        if given is not None:
            return given
        if self.yes or not (needed or sys.stdin.isatty()):
            return default
        if not sys.stdin.isatty():
            raise UsageProblem(
                f"{option} is missing, and nobody can answer here, since there is no terminal: give it, or --yes for {default}."
            )
        return asked(question, default)


def _git_address() -> str:
    try:
        return process.run(["git", "config", "user.email"]).out.strip()
    except GroundworkError:
        return ""


def _checked(root: Path, answers: Answers, clues: tuple[repository.Clue, ...]) -> str:
    """The file's text. Raises UsageProblem when an answer cannot be, Refused when the file is there."""
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,30}", answers.name):
        raise UsageProblem(
            f'"{answers.name}" is not a name for an environment: it has at most 31 lower-case letters, digits and dashes and begins with a letter.'
        )
    path = root / "envs" / f"{answers.name}.yaml"
    if path.exists():
        raise Refused(
            f"envs/{answers.name}.yaml is there already and stays as it is: choose another --name, or edit it."
        )
    email = checked_email(answers.email) if answers.email else ""
    text = draft.text(Answers(answers.name, answers.cloud, answers.project, answers.region, email), clues)
    schema = root if (root / "envs" / "schema.json").exists() else platform.home()
    refuse_mistakes(text, schema / "envs" / path.name, schema)
    return text


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("x", encoding="utf-8") as file:
        file.write(text)


def vars_of(clue: repository.Clue) -> dict[str, str]:
    """A clue as `--json` prints it."""
    return {"what": clue.what, "file": clue.file, "name": clue.name, "becomes": clue.becomes, "section": clue.section}


def _say(answers: Answers, clues: tuple[repository.Clue, ...], copied: list[str], text: str) -> None:
    what = max((len(clue.what) for clue in clues), default=0)
    file = max((len(clue.file) for clue in clues), default=0)
    for clue in clues:
        echo(f"{clue.what:<{what}}  {clue.file:<{file}}  {clue.becomes}")
    if text:
        as_written(text)
        return
    echo(
        f"wrote envs/{answers.name}.yaml"
        + (", and infra/ and modules/ with the Terraform that reads it" if copied else "")
    )
    steps = {f"groundwork up --env {answers.name}": "make it; the plan and its price are shown before"}
    if answers.cloud == "google":
        steps = {
            f"groundwork doctor --env {answers.name}": "what is missing on this machine and in the project",
            f"groundwork adopt --env {answers.name}": "take over what was made by hand",
            **steps,
        }
    width = max(map(len, steps))
    for line in ["next", *(f"  {command:<{width}}  {what}" for command, what in steps.items())]:
        echo(line, err=True)
