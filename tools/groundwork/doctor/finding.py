"""The results of checks, one line each, and what to do when a check gets no answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from groundwork.environment.values import Environment
from groundwork.google.cloud import CloudProblem, GoogleCloud

Health = Literal["ok", "missing", "broken", "note"]


@dataclass(frozen=True)
class CheckResult:
    """The result of one check: "broken" is required and does not work, "missing" is needed only for some things."""

    subject: str
    health: Health
    text: str
    remedy: str = ""


Check = Callable[[GoogleCloud, Environment], Iterator[CheckResult]]


def not_asked(subject: str, environment: Environment, problem: CloudProblem, health: Health = "note") -> CheckResult:
    """The result for a refused request; an API that is off is no fault in a project that was never brought up."""
    text = f"could not be checked: {problem.message}"
    if problem.switched_off:
        text = f"could not be checked: {_api(problem)} is off"
    return CheckResult(subject, "note" if problem.switched_off else health, text, how_to_ask(environment, problem))


def how_to_ask(environment: Environment, problem: CloudProblem) -> str:
    """What to do about a refused request."""
    if problem.switched_off:
        return f"run `gcloud services enable {_api(problem)} --project {environment.project}` and wait a minute"
    return "ask an owner of the project" if problem.code == 403 else "run doctor again"


def _api(problem: CloudProblem) -> str:
    return f"{problem.message.split()[1].rpartition('-')[2]}.googleapis.com"
