"""What the commands for builds, services, jobs and images share."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from groundwork.cli.options import here
from groundwork.cli.principal import connected
from groundwork.cli.printing import as_written, echo, print_json
from groundwork.cli.terminal import Terminal
from groundwork.environment.checkout import Checkout
from groundwork.environment.values import Environment
from groundwork.errors import Exit, GroundworkError, Interrupted
from groundwork.google import local
from groundwork.google.cloud import CloudProblem, connect
from groundwork.login import identity
from groundwork.workloads import logs
from groundwork.workloads.project import Project


def opened(name: str, who: str | None, *, named: bool = False) -> Project:
    """Connect to the environment's project as `who`; with `named`, Google is asked who that is. Raises GroundworkError when nothing is up."""
    checkout, environment = here(name)
    cloud, address = connected(environment, checkout, who)
    if environment.local and not _is_up(environment, checkout):
        raise GroundworkError(
            f"Nothing is up in {name}: there is no project {environment.place}; start with `groundwork up --env {name}`."
        )
    if named and not address:
        address = identity.of(cloud, os.environ).principal
    return Project(cloud, environment, address)


def _is_up(environment: Environment, checkout: Checkout) -> bool:
    """Whether the project exists, asked as the owner: Google does not reveal it to those who may not see it."""
    try:
        owner = connect(environment, local.OWNER, checkout)
        owner.request("GET", "cloudresourcemanager", f"v1/projects/{environment.project}")
    except CloudProblem as problem:
        if problem.code not in (403, 404):
            raise
        return False
    return True


def print_data(project: Project, more: Mapping[str, Any]) -> None:
    """Print a command's data as JSON, with the environment that it belongs to."""
    head = {"environment": project.environment.name, "project": project.id, "simulated": project.environment.local}
    print_json({**head, **more})


def print_entries(project: Project, log_filter: str, most: int = 1000, *, as_json: bool) -> None:
    """Print the newest `most` log entries that a filter finds, oldest first."""
    found = logs.newest(project, log_filter, most)
    if as_json:
        print_data(project, {"entries": [asdict(entry) for entry in found]})
        return
    for entry in found:
        as_written(entry.line)
    if not found:
        echo("There is no log entry yet.", err=True)


def to_end(project: Project, what: str, *, over: str, yes: bool, dry_run: bool) -> bool:
    """Whether to cancel a build or job, after asking on Google Cloud; prints why not. `over`: how it ended, "" while it runs."""
    if over:
        echo(f"{over}: there is nothing to cancel.")
    elif dry_run:
        echo(f"would cancel {what}")
    elif not yes and not project.environment.local:
        Terminal().confirm(f"Cancel {what}?")
    return not over and not dry_run


@contextmanager
def streamed(what: str, cancel: str) -> Iterator[None]:
    """Around following a log: ^C and a lost connection stop the following, but not what is followed."""
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(f"No longer following: {what} continues. To stop it: `{cancel}`.") from None
    except CloudProblem as problem:
        if problem.code:
            raise
        lost = GroundworkError(
            f"The connection was lost ({problem.text}), so it is unknown how {what} continues: "
            f"`groundwork {what.partition(' ')[0]}s list` shows it once there is a connection again."
        )
        lost.exit_code = Exit.UNKNOWN
        raise lost from None
