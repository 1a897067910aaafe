"""The project that workloads run in, as the caller sees it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from groundwork.environment.values import Environment
from groundwork.errors import UsageProblem
from groundwork.google.cloud import CloudProblem, GoogleCloud
from groundwork.text import allowed

T = TypeVar("T")
MEMBER = "member"
"""The label that says who started something, so that its cost has an owner."""


@dataclass(frozen=True)
class Project:
    """An environment's project and cloud; `who` is the caller's address, "" if unknown."""

    cloud: GoogleCloud
    environment: Environment
    who: str = ""

    @property
    def id(self) -> str:
        """The project's id."""
        return self.environment.project

    @property
    def region(self) -> str:
        """The environment's region."""
        return self.environment.region

    @property
    def here(self) -> str:
        """The prefix of resource names in this project and region."""
        return f"projects/{self.id}/locations/{self.region}"

    @property
    def pace(self) -> float:
        """The polling interval in seconds."""
        return 0.3 if self.cloud.simulated else 2.0

    def labels(self) -> dict[str, str]:
        """The labels of resources that the caller starts."""
        return {MEMBER: label(self.who)} if self.who else {}

    def person(self, value: str) -> str:
        """The person behind such a label, among the members and the caller; "schedule" for the scheduler, else the label itself."""
        known = {label(address): address for address in (*self.environment.members, self.who) if address}
        return {**known, self.environment.scheduler: "schedule"}.get(value, value)


def missing(project: Project, word: str, name: str, known: Sequence[str], nothing: str) -> UsageProblem:
    """The error for a service or function (`word`) that does not exist: it lists those that do; if none do, `nothing` begins the sentence."""
    environment = project.environment
    if known:
        return UsageProblem(f"There is no {word} {name} in {environment.place}; {allowed(known, name)}")
    return UsageProblem(
        f"{nothing} in {environment.place}: add {name} under {word}s: in {environment.file} and run "
        f"`groundwork up --env {environment.name}`."
    )


def if_on(found: Iterable[T]) -> list[T]:
    """What a list call finds; nothing if its API is disabled."""
    try:
        return list(found)
    except CloudProblem as problem:
        if not problem.switched_off:
            raise
        return []


def label(address: str) -> str:
    """An address as a label value, which allows only lower-case letters, digits, "-" and "_": "alice_example_com".

    Source: https://cloud.google.com/resource-manager/docs/labels-overview#requirements.
    """
    return re.sub(r"[^a-z0-9_-]", "_", address.lower())[:63]


def last(name: object) -> str:
    """The last segment of a full name."""
    return str(name or "").rpartition("/")[2]


def moment(text: object) -> datetime | None:
    """Parses a time in Google's form, with any number of fractional digits; None for none."""
    found = re.match(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)", str(text or ""))
    return datetime.fromisoformat(found[1]).replace(tzinfo=UTC) if found else None


def when(text: object) -> str:
    """A time for lists, to the minute (UTC)."""
    found = moment(text)
    return found.strftime("%Y-%m-%d %H:%M") if found else ""


def took(start: object, end: object) -> str:
    """A duration: "42 s", "3 min 5 s", "2 h 4 min"; "" if it has not started or not ended."""
    began, ended = moment(start), moment(end)
    return duration(int((ended - began).total_seconds())) if began and ended else ""


def duration(seconds: int) -> str:
    """Seconds in words."""
    minutes, rest = divmod(max(seconds, 0), 60)
    hours, left = divmod(minutes, 60)
    if hours:
        return f"{hours} h {left} min" if left else f"{hours} h"
    return f"{minutes} min {rest} s" if minutes and rest else f"{minutes} min" if minutes else f"{rest} s"


def at(value: Any, *steps: str) -> Any:
    """A nested field of an answer, None when missing."""
    for step in steps:
        value = value.get(step) if isinstance(value, dict) else None
    return value
