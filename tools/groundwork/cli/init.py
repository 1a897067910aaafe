"""`groundwork init`."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click

from groundwork.cli.options import dry_run_option, json_option, yes_option
from groundwork.cli.printing import as_written, echo, next_steps, print_json, prompt
from groundwork.environment.document import project_of
from groundwork.environment.values import EnvironmentProblem, refuse_mistakes
from groundwork.errors import GroundworkError, Refused, UsageProblem
from groundwork.people.team import checked_email
from groundwork.start import addresses, draft, needs, platform, repository
from groundwork.start.clue import Clue
from groundwork.start.draft import Answers
from groundwork.start.needs import plain
from groundwork.terraform import process

_REGION = "europe-west1"
_SHORTEST = 6
"""Characters that a project ID has at least."""
_GIVEN = (("project",), ("region",))
"""Places in the file whose values are options of the same name."""


@click.command()
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--name", metavar="NAME", help="Name of the environment: the file is envs/NAME.yaml.  [dev, or the folder's name]"
)
@click.option("--cloud", type=click.Choice(["local", "google"]), help="Where the project is.  [google]")
@click.option("--project", metavar="ID", help="Project ID.  [the code's, or from the folder's name]")
@click.option("--region", metavar="REGION", help=f"Region for everything.  [the code's, or {_REGION}]")
@click.option(
    "--email", metavar="EMAIL", help="Your e-mail address: you become the first member, an operator.  [from git]"
)
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
    """Write envs/NAME.yaml from five questions (or options) and from the code in FOLDER (by default the current one).

    It looks for Dockerfiles, DVC remotes, .env files, Cloud Build files, job files, deployments and W&B, and shows what each would become. In a folder
    without groundwork's Terraform it adds that as well; existing files are never overwritten. --yes takes the defaults.

    Example: groundwork init --name dev --project cats-dogs-123 --email alice@example.com
    """
    here = Path.cwd()
    code = (folder or here).resolve()
    checkout = platform.around(here)
    # groundwork's own clone says nothing about the team.
    clues = (
        ()
        if checkout and code == checkout.root and folder is None and platform.is_clone(code)
        else repository.scan(code)
    )
    root = checkout.root if checkout else here
    options = {"name": name, "cloud": cloud, "project": project, "region": region, "email": email}
    answers = _answers(_Asking(options, yes=yes), root, code, clues)
    clues = tuple(clue.about(answers.name) for clue in clues)
    text = _checked(root, answers, clues)
    copied = [] if dry_run or checkout else platform.copy(root)
    if not dry_run:
        (root / "envs").mkdir(exist_ok=True)
        with (root / "envs" / f"{answers.name}.yaml").open("x", encoding="utf-8") as file:
            file.write(text)
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
    _say(answers, clues, copied, text if dry_run else "", shlex.quote(str(folder)) if folder else ".")


class _Asking:
    """Asks for what is not `given`, by option, at a terminal; without one, or with `yes`, takes the defaults.

    A `needed` answer has no default without a terminal.
    """

    def __init__(self, given: Mapping[str, str | None], *, yes: bool) -> None:
        self.given = given
        self.yes = yes

    def __call__(self, option: str, question: str, default: str, *, needed: bool = False) -> str:
        value = self.given[option]
        if value is not None:
            return value
        if self.yes or not (needed or sys.stdin.isatty()):
            return default
        if not sys.stdin.isatty():
            raise UsageProblem(
                f"--{option} is missing, and without a terminal nobody can be asked: give it, or pass --yes to use {default}."
            )
        return prompt(question, default)


def _answers(ask: _Asking, root: Path, code: Path, clues: Sequence[Clue]) -> Answers:
    """The five answers for an environment of the project in `root`, whose code is in `code` and says `clues`."""
    name = ask("name", "Name of the environment", _new_name(root, code))
    cloud = ask("cloud", "Where: google or local (simulated, on this machine)", "google")
    project = ask("project", "Project ID", _project(root, code, name, clues), needed=cloud == "google")
    region = ask("region", "Region", addresses.usual(clue.region for clue in clues) or _REGION)
    github = repository.on_github(code) if clues else ""
    return Answers(name, cloud, project, region, ask("email", "Your e-mail address", _git_address()), github)


def _project(root: Path, code: Path, name: str, clues: Sequence[Clue]) -> str:
    """The project in the code's own addresses of images, unless an environment is in it; or else a name from the code's folder."""
    theirs = addresses.usual(clue.project for clue in clues)
    taken = map(project_of, (root / "envs").glob("*.yaml"))
    if theirs and "google" not in theirs and theirs not in taken:
        return theirs
    suggested = f"{plain(code.name)[:20].strip('-')}-{name}"
    return suggested if len(suggested) >= _SHORTEST else f"team-{suggested}"


def _new_name(root: Path, code: Path) -> str:
    """dev, or the name of the code's folder where there is a dev already."""
    return plain(code.name)[:31].rstrip("-") if (root / "envs" / "dev.yaml").exists() else "dev"


def _git_address() -> str:
    """The address that git signs commits with; "" for a no-reply address, which nobody can log in with."""
    try:
        address = process.run(["git", "config", "user.email"]).out.strip()
    except GroundworkError:
        return ""
    return "" if "noreply" in address else address


def _checked(root: Path, answers: Answers, clues: tuple[Clue, ...]) -> str:
    """The text of the new file. Raises UsageProblem for an invalid answer, Refused when the file exists."""
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,30}", answers.name):
        raise UsageProblem(
            f'"{answers.name}" cannot name an environment: use at most 31 lower-case letters, digits and dashes, starting with a letter.'
        )
    path = root / "envs" / f"{answers.name}.yaml"
    if path.exists():
        raise Refused(
            f"envs/{answers.name}.yaml exists already and was not changed: choose another --name, or edit it."
        )
    email = checked_email(answers.email) if answers.email else ""
    text = draft.text(replace(answers, email=email), clues)
    schema = root if (root / "envs" / "schema.json").exists() else platform.home()
    try:
        refuse_mistakes(text, schema / "envs" / path.name, schema)
    except EnvironmentProblem as problem:  # the file does not exist yet: what is wrong was given as an option
        wrong = [f"--{mistake.sentence}" for mistake in problem.mistakes if mistake.place[:1] in _GIVEN]
        if not wrong:
            raise
        raise UsageProblem(wrong[0], wrong[1:]) from None
    return text


def vars_of(clue: Clue) -> dict[str, str]:
    """A clue in the form that --json prints."""
    return {"what": clue.what, "file": clue.file, "name": clue.name, "becomes": clue.becomes, "section": clue.section}


def _say(answers: Answers, clues: tuple[Clue, ...], copied: list[str], text: str, folder: str) -> None:
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
    steps = {f"groundwork up --env {answers.name}": "create it, once you have seen the plan and its price"}
    if answers.cloud == "google":
        steps = {
            f"groundwork doctor --env {answers.name}": "what is missing on this machine and in the project",
            f"groundwork adopt --env {answers.name}": "take over what was created by hand",
            **steps,
        }
    wanted = [clue.need for clue in clues]
    built = [need for need in wanted if isinstance(need, needs.NeededImage) and need.dockerfile]
    served = {need.name for need in wanted if isinstance(need, needs.NeededService)}
    image = next((one.name for one in sorted(built, key=lambda one: not one.services and one.name not in served)), "")
    if image and answers.cloud == "local":
        steps[f"groundwork builds submit --build {image} {folder} --env {answers.name}"] = (
            "build it, and deploy it if it is a service"
        )
    for line in next_steps(steps):
        echo(line, err=True)
