"""Schedules: when Cloud Scheduler starts each Cloud Run job next, whether it may, and how the last start ended."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from groundwork.errors import UsageProblem
from groundwork.google.cloud import CloudProblem
from groundwork.text import allowed
from groundwork.workloads import jobs
from groundwork.workloads.jobs import Job
from groundwork.workloads.project import Project, at, if_on, when

API = "cloudscheduler"
_STARTS = re.compile(r"https://[\w.-]*run\.googleapis\.com/.+/jobs/([^/:]+):run")
_CODES = (
    "", "cancelled", "unknown error", "invalid argument", "deadline exceeded", "not found", "already exists", "permission denied",
    "resource exhausted", "failed precondition", "aborted", "out of range", "unimplemented", "internal error", "unavailable",
    "data loss", "unauthenticated",
)  # fmt: skip
"""What Google's status codes mean. Source: https://cloud.google.com/apis/design/errors#handling_errors."""


@dataclass(frozen=True)
class Schedule:
    """A job's schedule: `due` and `tried` are the next and the last time, "" for none; `run` is the last execution that it started."""

    job: str
    body: Mapping[str, Any] = field(repr=False, compare=False)
    run: Job | None = None

    @property
    def path(self) -> str:
        """Its full name."""
        return str(self.body["name"])

    @property
    def times(self) -> str:
        """The cron expression and its time zone."""
        return f"{self.body.get('schedule', '')} ({self.body.get('timeZone') or 'Etc/UTC'})"

    @property
    def paused(self) -> bool:
        """Whether it starts nothing until it is resumed."""
        return self.state != "enabled"

    @property
    def state(self) -> str:
        """Google's state in lower case: "enabled" or "paused"."""
        return str(self.body.get("state", "ENABLED")).lower()

    @property
    def due(self) -> str:
        """When it starts the job next, to the minute (UTC)."""
        return "" if self.paused else when(self.body.get("scheduleTime"))

    @property
    def tried(self) -> str:
        """When it last tried to, to the minute (UTC)."""
        return when(self.body.get("lastAttemptTime"))

    @property
    def result(self) -> str:
        """How that ended: the state of the execution, or why there is none; "" before the first time."""
        code = int(at(dict(self.body), "status", "code") or 0)
        if not self.tried or not code:
            return f"{self.run.state} ({self.run.id})" if self.tried and self.run else ""
        return f"not started: {_CODES[code] if code < len(_CODES) else f'code {code}'}"

    @property
    def text(self) -> str:
        """As a line of text."""
        then = f"paused, {self.times}" if self.paused else f"next {self.due} UTC, {self.times}"
        before = (
            f"last {self.tried} UTC{f', {self.result}' if self.result else ''}" if self.tried else "not started yet"
        )
        return f"job {self.job}: {then}; {before}"


def as_data(one: Schedule) -> dict[str, Any]:
    """A schedule as --json prints it."""
    return {
        "job": one.job, "schedule": one.body.get("schedule"), "time_zone": one.body.get("timeZone"), "state": one.state,
        "next": one.body.get("scheduleTime") if one.due else None, "last": one.body.get("lastAttemptTime"), "result": one.result or None,
    }  # fmt: skip


def schedules(project: Project) -> list[Schedule]:
    """The schedules of the region's Cloud Run jobs, by job; none where the API is disabled."""
    pages = project.cloud.pages(API, f"v1/{project.here}/jobs", "jobs")
    targets = ((_STARTS.fullmatch(str(at(body, "httpTarget", "uri") or "")), body) for body in if_on(pages))
    found = [(target[1], body) for target, body in targets if target]
    return [Schedule(name, body, _newest(project, name, body)) for name, body in sorted(found, key=lambda one: one[0])]


def _newest(project: Project, name: str, body: Mapping[str, Any]) -> Job | None:
    """The newest execution that was started as the schedule's account, among the newest of its job."""
    if not body.get("lastAttemptTime"):
        return None
    account = at(dict(body), "httpTarget", "oauthToken", "serviceAccountEmail")
    try:
        found = list(jobs.executions(project, 20, name))
    except CloudProblem as problem:
        if problem.code != 404:
            raise
        return None
    return next(
        (one for one in sorted(found, key=lambda one: one.created, reverse=True) if one.submitter == account), None
    )


def schedule(project: Project, name: str) -> Schedule:
    """The schedule of the job of that name. Raises UsageProblem with those that there are."""
    found = {one.job: one for one in schedules(project)}
    if name not in found:
        hint = (
            allowed(found, name) if found else f"no job has one: add `schedule` to a job in {project.environment.file}."
        )
        raise UsageProblem(f"The job {name} has no schedule in {project.environment.place}; {hint}")
    return found[name]


def paused(project: Project, found: Schedule) -> Schedule:
    """Pauses a schedule: it starts nothing until it is resumed, and Terraform leaves it so."""
    return _switched(project, found, "pause")


def resumed(project: Project, found: Schedule) -> Schedule:
    """Resumes a schedule; what it missed is not made up for."""
    return _switched(project, found, "resume")


def _switched(project: Project, found: Schedule, verb: str) -> Schedule:
    body = project.cloud.request("POST", API, f"v1/{found.path}:{verb}", json={})
    return Schedule(found.job, body, found.run)
