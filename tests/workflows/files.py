"""The workflows as data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml"))
LOGGED_IN = ("plan.yml", "apply.yml", "drift.yml", "deploy.yml", "train.yml", "model.yml")
FOR_TEAMS = (*LOGGED_IN, "try.yml")


@dataclass(frozen=True)
class Step:
    """A step of a job, with the job and the workflow's file that it is in."""

    file: str
    job: str
    values: dict[str, Any]

    @property
    def name(self) -> str:
        """What it is called in the log."""
        return str(self.values.get("name", ""))

    @property
    def run(self) -> str:
        """Its script, empty where it uses an action."""
        return str(self.values.get("run", ""))


def workflow(name: str) -> dict[str, Any]:
    """A workflow by its file's name; `on` is under its name, not under YAML's `true`."""
    text = (FOLDER / name).read_text(encoding="utf-8")
    return dict(yaml.load(text, Loader=_Loader))


def jobs(name: str) -> dict[str, dict[str, Any]]:
    """The jobs of a workflow."""
    return dict(workflow(name)["jobs"])


def steps(*names: str) -> Iterator[Step]:
    """The steps of these workflows, or of all."""
    for name in names or tuple(file.name for file in FILES):
        for job, values in jobs(name).items():
            yield from (Step(name, job, step) for step in values["steps"])


class _Loader(yaml.SafeLoader):
    """YAML 1.2 as GitHub reads it: `on` is a word."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
