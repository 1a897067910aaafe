"""What runs now and costs something every hour, what starts by the clock, and what is not well: machines, idle instances of services, active builds and jobs, schedules, alerts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import TypeVar

from groundwork.cost.amounts import as_money
from groundwork.cost.catalogue import read as price_catalogue
from groundwork.errors import GroundworkError
from groundwork.google.cloud import CloudProblem
from groundwork.lifecycle import pause
from groundwork.resources.needs import HOURS_A_MONTH
from groundwork.text import counted
from groundwork.workloads import alerts, builds, jobs, schedules, services
from groundwork.workloads.alerts import OpenAlert
from groundwork.workloads.builds import Build
from groundwork.workloads.project import Project, when
from groundwork.workloads.schedules import Schedule

T = TypeVar("T")


@dataclass(frozen=True)
class Runs:
    """A running workload; `hourly` is its cost in US dollars, None without a known price."""

    kind: str
    name: str
    detail: str
    hourly: Decimal | None

    @property
    def text(self) -> str:
        """As a line of text."""
        price = "price unknown" if self.hourly is None else f"{as_money(self.hourly)} an hour"
        return f"{self.kind} {self.name}: {self.detail}, {price}"


@dataclass(frozen=True)
class Now:
    """Everything that is running, what is unknown, with the reason, the schedules of jobs, the alerts that are open, and the builds whose last run failed."""

    runs: tuple[Runs, ...]
    unknown: tuple[str, ...]
    scheduled: tuple[Schedule, ...] = ()
    alerts: tuple[OpenAlert, ...] = ()
    failed: tuple[Build, ...] = ()

    @property
    def hourly(self) -> Decimal:
        """US dollars per hour for everything with a known price."""
        return sum((one.hourly for one in self.runs if one.hourly), Decimal(0))


def now(project: Project) -> Now:
    """What runs, of the kinds in the environment file."""
    environment = project.environment
    sources: list[tuple[str, Callable[[Project], Iterator[Runs]], object]] = [
        ("services", _services, {**environment.services, **environment.functions}),
        ("builds", _builds, environment.builds),
        ("jobs", _jobs, {**environment.jobs, **environment.training}),
        ("machines", _machines, True),
    ]
    runs: list[Runs] = []
    unknown: list[str] = []
    for name, ask, wanted in sources:
        if wanted:
            runs += _answers(partial(ask, project), name, unknown)
    scheduled = _answers(partial(schedules.schedules, project), "schedules", unknown) if environment.scheduled else []
    open_alerts = _answers(partial(alerts.open_alerts, project), "alerts", unknown) if environment.alerts else []
    failed = _answers(partial(builds.failed_last, project), "failed builds", unknown) if environment.builds else []
    return Now(tuple(runs), tuple(unknown), tuple(scheduled), tuple(open_alerts), tuple(failed))


def _answers(ask: Callable[[], Iterable[T]], name: str, unknown: list[str]) -> list[T]:
    """What a question finds; a failure is added to `unknown`, except that a disabled API has nothing."""
    try:
        return list(ask())
    except GroundworkError as problem:
        if not (isinstance(problem, CloudProblem) and problem.switched_off):
            unknown.append(f"{name}: {problem.message}")
    return []


def _machines(project: Project) -> Iterator[Runs]:
    """Everything in the project that costs by the hour and could be paused, also what is not in the file."""
    found = pause.find(project.cloud, "pause", costing=True)
    found.verdict(project.environment.place)
    yield from (Runs(one.item.kind, one.item.short, one.doing, one.hourly) for one in found.turns)


def _services(project: Project) -> Iterator[Runs]:
    for one in services.services(project, functions=True):
        if one.least:
            price = services.idle_price(project, one)
            detail = f"at least {counted(one.least, 'instance')}"
            yield Runs(
                "function" if one.of_function else "service",
                one.name,
                detail,
                price if price is None else price / HOURS_A_MONTH,
            )


def _builds(project: Project) -> Iterator[Runs]:
    for one in builds.under_way(project):
        price = price_catalogue().find(f"build.minute.{one.machine}", project.region)
        hourly = price.price / price.per * 60 if price else None
        yield Runs("build", one.id[:8], f"{one.status.lower()} since {when(one.created)} UTC", hourly)


def _jobs(project: Project) -> Iterator[Runs]:
    for one in jobs.jobs(project):
        if one.running:
            rate = jobs.rate(one, project.region)
            detail = f"{one.state} since {when(one.created)} UTC, {one.id}"
            yield Runs("job", one.name, detail, None if rate.unknown else rate.hourly)
