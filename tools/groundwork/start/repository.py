"""Finds out from a team's repository which platform it needs; nothing is run, and no secret value is kept."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from groundwork.errors import UsageProblem
from groundwork.secrets.names import variable
from groundwork.start import cloud_build, deployed, dockerfile, dvc, needs, scripts, secret_files, vertex
from groundwork.start.clue import Clue
from groundwork.start.code_file import CodeFile
from groundwork.terraform import git

_MOST_FILES = 20_000
_NOT_THEIRS = frozenset(
    {
        ".git",
        ".groundwork",
        ".terraform",
        ".venv",
        "venv",
        "env",
        "node_modules",
        "site-packages",
        "__pycache__",
        ".tox",
        ".devcontainer",
    }
)
_OUTPUT = re.compile(r"(?:offline-)?run-\d{8}_\d{6}-\w+")
"""A folder that W&B has written, with copies of the files of a run."""
_ALIKE = frozenset({"W&B", "GitHub workflow"})
_WANDB = re.compile(r"(?m)^[ \t]*(?:import wandb|from wandb)\b|(?:^[ \t-]*|[\"'])wandb\b")
_PYTHON = re.compile(
    r".*\.py|(?:.*/)?(?:requirements[\w-]*\.(?:txt|in)|pyproject\.toml|environment\.ya?ml|Pipfile|setup\.cfg)"
)
_GITHUB = re.compile(
    r"(?:https://(?:[^@/]+@)?|ssh://git@|git@)github\.com[:/]([A-Za-z0-9-]+/[A-Za-z0-9._-]+?)(?:\.git)?/?"
)


def scan(folder: Path) -> tuple[Clue, ...]:
    """Every clue in a folder, in file order. Raises UsageProblem when it is not a folder."""
    if not folder.is_dir():
        raise UsageProblem(f"{folder} is not a folder: name the one that contains your code.")
    found = [clue for path in _files(folder) for clue in _clues(CodeFile(folder, path))]
    clues = list(deployed.under_their_names(_with_one_name(found)))
    # What many files say alike is said once.
    first = {(clue.what, clue.becomes): clue for clue in reversed(clues) if clue.what in _ALIKE}
    return tuple(clue for clue in clues if clue.what not in _ALIKE or clue is first[clue.what, clue.becomes])


def _with_one_name(clues: Sequence[Clue]) -> list[Clue]:
    """The clues, in which a secret has the name by which a build or a deployment reads it, if there is one."""
    wanted = [clue.need for clue in clues]
    mounted = [name for one in wanted if isinstance(one, needs.NeededService) for name in one.secrets]
    read = [one.name for one in wanted if isinstance(one, needs.NeededSecret) and one.by_build]
    names = {variable(name): name for name in reversed([*mounted, *read])}
    return [_renamed(clue, clue.need, names) if isinstance(clue.need, needs.NeededSecret) else clue for clue in clues]


def _renamed(clue: Clue, secret: needs.NeededSecret, names: Mapping[str, str]) -> Clue:
    name = names.get(variable(secret.name), secret.name)
    becomes = clue.becomes.replace(f"secret {secret.name}", f"secret {name}")
    return replace(clue, need=replace(secret, name=name), becomes=becomes)


def _files(folder: Path) -> Iterator[Path]:
    count = 0
    ours = {folder / name for name in ("infra", "modules", "envs") if (folder / "infra" / "platform").is_dir()}
    for here, folders, files in os.walk(folder):
        # groundwork's own clone, and what it has copied here, say nothing about the team.
        folders[:] = sorted(
            name
            for name in folders
            if name not in _NOT_THEIRS
            and not _OUTPUT.fullmatch(name)
            and Path(here) / name not in ours
            and not (Path(here) / name / "infra" / "platform").is_dir()
        )
        for name in sorted(files):
            count += 1
            if count > _MOST_FILES:
                raise UsageProblem(
                    f"{folder} has more than {_MOST_FILES} files: name the folder that contains your code."
                )
            if (Path(here) / name).is_file():  # not a pipe or a dangling link
                yield Path(here) / name


def _clues(file: CodeFile) -> Iterator[Clue]:
    reader = next((reader for name, reader in _READERS if name.fullmatch(file.shown)), None)
    yield from reader(file) if reader else ()


def _in_yaml(file: CodeFile) -> Iterator[Clue]:
    """Every clue in a YAML file, whose name says less than what is in it."""
    return cloud_build.clues(file) if cloud_build.is_build(file) else vertex.clues(file)


def _in_python(file: CodeFile) -> Iterator[Clue]:
    if _WANDB.search(file.text):
        becomes = "secret wandb-api-key, which identity train reads"
        yield Clue("W&B", file.shown, becomes, needs.NeededSecret("wandb-api-key"))


_READERS: tuple[tuple[re.Pattern[str], Callable[[CodeFile], Iterator[Clue]]], ...] = (
    (dockerfile.NAME, dockerfile.clues),
    (dvc.NAME, dvc.clues),
    (secret_files.DOTENV, secret_files.in_dotenv),
    (cloud_build.NAME, cloud_build.clues),
    (secret_files.JSON, secret_files.in_json),
    (_PYTHON, _in_python),
    (scripts.WORKFLOW, scripts.in_workflow),
    (scripts.SHELL, scripts.in_shell),
    (re.compile(r".*\.ya?ml"), _in_yaml),
)
"""What reads the files whose paths match; of several, the first."""


def on_github(folder: Path) -> str:
    """The repository on GitHub that a folder was cloned from, as owner/name; "" if there is none."""
    found = _GITHUB.fullmatch(git.origin(folder))
    return found[1] if found else ""
