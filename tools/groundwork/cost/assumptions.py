"""Assumptions about usage that no plan states, such as stored bytes and requests: named defaults, and the environment file's own values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from groundwork.cost.amounts import decimal
from groundwork.errors import UsageProblem


@dataclass(frozen=True, slots=True)
class Default:
    """The default value of an assumption."""

    value: Decimal
    unit: str
    meaning: str


DEFAULTS: Mapping[str, Default] = {
    "bucket_gib": Default(Decimal(10), "GiB", "stored in a bucket, on average over the month"),
    "bucket_noncurrent_gib": Default(Decimal(2), "GiB", "older versions kept in a bucket with versioning"),
    "bucket_deleted_gib": Default(
        Decimal(2), "GiB a month", "deleted or overwritten in a bucket, then kept by soft delete"
    ),
    "bucket_writes": Default(Decimal(2000), "operations a month", "writes and listings of a bucket (class A)"),
    "bucket_reads": Default(Decimal(20000), "operations a month", "reads of a bucket (class B)"),
    "bucket_retrieved_gib": Default(Decimal(1), "GiB a month", "read from a nearline, coldline or archive bucket"),
    "bucket_download_gib": Default(Decimal(1), "GiB a month", "downloaded from a bucket to outside Google Cloud"),
    "state_gib": Default(Decimal("0.1"), "GiB", "kept in the bucket with Terraform's state, older ones included"),
    "state_operations": Default(Decimal(2000), "operations a month", "writes, and as many reads, of Terraform's state"),
    "sources_gib": Default(
        Decimal("0.1"), "GiB", "of packed code of functions or submitted builds, with Google's copies"
    ),
    "sources_operations": Default(Decimal(500), "operations a month", "writes, and as many reads, of packed code"),
    "images_gib": Default(Decimal(5), "GiB", "kept in a repository of images"),
    "images_pushed": Default(
        Decimal(10), "images a month", "pushed to a repository; counts where vulnerability scanning is on"
    ),
    "secret_versions": Default(Decimal(1), "versions", "enabled or disabled versions of a secret"),
    "secret_accesses": Default(Decimal(1000), "operations a month", "reads of a secret"),
    "vm_hours": Default(Decimal(730), "hours a month", "that any other virtual machine runs"),
    "workstation_hours": Default(Decimal(60), "hours a month", "that a machine which stops by itself runs"),
    "nat_gib": Default(Decimal(5), "GiB a month", "through a NAT gateway"),
    "run_requests": Default(Decimal(50000), "requests a month", "answered by a Cloud Run service"),
    "run_request_seconds": Default(Decimal("0.5"), "seconds", "that an instance is busy with a request"),
    "function_calls": Default(Decimal(5000), "calls a month", "of a function, by requests or events"),
    "function_call_seconds": Default(Decimal(2), "seconds", "that an instance of a function is busy with a call"),
    "job_runs": Default(
        Decimal(30), "runs a month", "of a Cloud Run job without a schedule; with one, they follow from it"
    ),
    "job_minutes": Default(Decimal(10), "minutes", "that a run of a Cloud Run job takes"),
    "build_minutes": Default(Decimal(200), "minutes a month", "of builds that a trigger starts"),
    "alert_series": Default(
        Decimal(2), "time series", "that an alert on metrics reads every 30 seconds: one for each service or job"
    ),
    "tensorboard_gib": Default(Decimal(1), "GiB", "of curves that a TensorBoard keeps"),
    "free_tier_share": Default(
        Decimal(1), "of 1", "part of the billing account's free tiers that is left for this environment"
    ),
}
BY_NAME = "by_name"
RUNS = "job_runs"


@dataclass(frozen=True, slots=True)
class Assumptions:
    """The numbers in force: `common` for all, `by_name` for one bucket, repository or service by its name in the file.

    `runs` is how often a month each job starts by its schedule.
    """

    common: Mapping[str, Decimal] = field(default_factory=dict)
    by_name: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict)
    runs: Mapping[str, Decimal] = field(default_factory=dict)

    def value(self, assumption: str, name: str = "") -> Decimal:
        """The number for the resource called `name`, else the common one, else the default."""
        own = {one: number for one, number, _ in self.own(assumption)}
        return own.get(name, self.common.get(assumption, DEFAULTS[assumption].value))

    def own(self, assumption: str) -> list[tuple[str, Decimal, str]]:
        """The names that have a number of their own, with it and its source: "environment file" or "schedule"."""
        numbers_by_name = {name: numbers[assumption] for name, numbers in self.by_name.items() if assumption in numbers}
        runs = {
            name: number for name, number in self.runs.items() if assumption == RUNS and name not in numbers_by_name
        }
        found = [(name, number, "environment file") for name, number in numbers_by_name.items()]
        return sorted([*found, *((name, number, "schedule") for name, number in runs.items())])

    def origin(self, assumption: str) -> str:
        """The source of the common number: "environment file" or "default"."""
        return "environment file" if assumption in self.common else "default"


def parse(section: object, where: str = "cost.assumptions") -> Assumptions:
    """The `cost.assumptions` of an environment file, checked.

    Raises UsageProblem naming the assumption that does not exist or is not a number of at least 0.
    """
    if section is None:
        return Assumptions()
    if not isinstance(section, Mapping):
        raise UsageProblem(f"{where} must be a mapping such as {{bucket_gib: 20}}.")
    common = {key: value for key, value in section.items() if key != BY_NAME}
    return Assumptions(_numbers(common, where), _by_name(section.get(BY_NAME) or {}, f"{where}.{BY_NAME}"))


def _by_name(section: object, where: str) -> dict[str, dict[str, Decimal]]:
    if not isinstance(section, Mapping):
        raise UsageProblem(f"{where} must be a mapping such as {{data: {{bucket_gib: 20}}}}.")
    return {str(name): _numbers(numbers, f"{where}.{name}") for name, numbers in section.items()}


def _numbers(section: Any, where: str) -> dict[str, Decimal]:
    if not isinstance(section, Mapping):
        raise UsageProblem(f"{where} must be a mapping such as {{bucket_gib: 20}}.")
    return {str(key): _number(str(key), value, where) for key, value in section.items()}


def _number(key: str, value: object, where: str) -> Decimal:
    if key not in DEFAULTS:
        near = get_close_matches(key, DEFAULTS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(DEFAULTS)}."
        raise UsageProblem(f"{where}.{key} is not an assumption; {hint}")
    number = None if isinstance(value, bool) else decimal(value)
    if number is None or number < 0 or (key == "free_tier_share" and number > 1):
        limit = "between 0 and 1" if key == "free_tier_share" else "of at least 0"
        raise UsageProblem(f"{where}.{key} is {value!r}; it must be a number {limit} ({DEFAULTS[key].unit}).")
    return number
