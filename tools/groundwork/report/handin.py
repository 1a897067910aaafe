"""The report that a team hands in: what was used and why, what it contains, what was built, trained and deployed, and what it cost."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from groundwork.environment.checkout import Checkout
from groundwork.environment.values import Environment
from groundwork.errors import UsageProblem
from groundwork.google.cloud import connect
from groundwork.lifecycle.verify import never_made
from groundwork.people.personas import personas
from groundwork.report import contents, diagram, spending, workloads
from groundwork.report.diagram import Diagram
from groundwork.report.existing import from_state
from groundwork.report.initials import initials
from groundwork.report.section import Section, without_addresses
from groundwork.resources import inventory
from groundwork.resources.inventory import Inventory
from groundwork.text import counted

# The name of each API, and what a platform uses it for.
_SERVICES = {
    "aiplatform": ("Vertex AI", "trains models and keeps them"),
    "artifactregistry": ("Artifact Registry", "keeps Docker images"),
    "bigquery": ("BigQuery", "keeps tables, such as the billing export"),
    "cloudbuild": ("Cloud Build", "builds images"),
    "cloudfunctions": ("Cloud Run functions", "answers requests and events"),
    "cloudscheduler": ("Cloud Scheduler", "starts jobs on a schedule"),
    "compute": ("Compute Engine", "runs virtual machines"),
    "eventarc": ("Eventarc", "delivers events"),
    "iam": ("IAM", "keeps the identities, one per purpose, and their permissions"),
    "logging": ("Cloud Logging", "keeps logs"),
    "monitoring": ("Cloud Monitoring", "monitors, and sends alerts"),
    "notebooks": ("Vertex AI Workbench", "runs notebooks"),
    "pubsub": ("Pub/Sub", "delivers messages"),
    "run": ("Cloud Run", "serves models and pages"),
    "secretmanager": ("Secret Manager", "keeps keys and passwords"),
    "storage": ("Cloud Storage", "keeps data, models and Terraform's state"),
}


@dataclass(frozen=True)
class EnvironmentReport:
    """All sections about an environment at the time `written`, and its map."""

    environment: Environment
    written: datetime
    sections: tuple[Section, ...]
    map: Diagram
    map_problem: str = ""

    @property
    def complete(self) -> bool:
        """Whether everything could be read."""
        return not self.map_problem and not any(section.unread for section in self.sections)


def report(checkout: Checkout, environment: Environment, now: datetime, *, names: bool = False) -> EnvironmentReport:
    """Reads everything for the report; people by their initials unless `names`.

    Raises UsageProblem where nothing is up, CloudProblem where the cloud cannot be reached at all.
    """
    cloud = connect(environment, checkout=checkout)
    if never_made(cloud):
        raise UsageProblem(
            f"Nothing is up in {environment.name}, so there is nothing to report: start with `groundwork up --env {environment.name}`."
        )
    found = inventory.take(cloud)
    sections = [
        _team(environment),
        _services(found),
        workloads.machines(found),
        contents.buckets(cloud, found),
        contents.images(cloud, found),
        workloads.builds(cloud, environment, found),
        workloads.training(found),
        workloads.deployed(found),
        workloads.monitoring(found),
        *spending.sections(environment, now, names=names),
    ]
    short = initials(environment.members)
    said = sections if names else [without_addresses(section, short) for section in sections]
    there = from_state(checkout, environment)
    drawn = diagram.diagram(environment, personas(checkout.root), there, names=names)
    return EnvironmentReport(environment, now, tuple(said), drawn, there.problem)


def as_data(found: EnvironmentReport) -> dict[str, Any]:
    """The report for `report --json`: every number of the page."""
    environment = found.environment
    return {
        "environment": environment.name,
        "project": environment.project,
        "region": environment.region,
        "simulated": environment.local,
        "written": found.written.isoformat(timespec="seconds"),
        "complete": found.complete,
        "sections": {section.key: section.as_data() for section in found.sections},
        "map": {**diagram.as_data(found.map), "could_not_be_read": found.map_problem},
    }


def _team(environment: Environment) -> Section:
    rows = tuple((email, member.role) for email, member in environment.members.items())
    none = () if rows else ("The environment file names no members.",)
    return Section("team", "Who is in the team?", ("member", "persona"), rows, none)


def _services(found: Inventory) -> Section:
    """Every service that has resources, with their names; failed list calls are listed as unread."""
    counts: dict[str, Counter[str]] = {}
    for item in (*found.items, *found.own):
        if item.row:
            counts.setdefault(item.row.api, Counter())[item.kind] += 1
    rows = []
    for api, kinds in sorted(counts.items()):
        title, purpose = _SERVICES.get(api, (api, ""))
        rows.append((title, purpose, ", ".join(counted(number, kind) for kind, number in sorted(kinds.items()))))
    return Section(
        "services",
        "Which services are used, and for what?",
        ("service", "what for", "resources"),
        tuple(rows),
        () if rows or found.unknown else ("There are no resources.",),
        found.unknown,
    )
