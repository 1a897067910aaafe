"""Conditions: the state of a service, revision, job or execution, and what went wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body

SUCCEEDED, RECONCILING, PENDING, FAILED = (
    "CONDITION_SUCCEEDED",
    "CONDITION_RECONCILING",
    "CONDITION_PENDING",
    "CONDITION_FAILED",
)


def condition(cloud: Cloud, kind: str, state: str, message: str = "", **reason: str) -> Body:
    """One condition; `reason` is reason=, revisionReason= or executionReason=."""
    said: Body = {"type": kind, "state": state, "lastTransitionTime": cloud.clock.rfc3339()}
    said |= {"message": message} if message else {}
    said |= {"severity": "ERROR"} if state == FAILED else {}
    return said | {key: value for key, value in reason.items() if value}


def find(body: Mapping[str, Any], kind: str) -> Body:
    """A body's condition of a kind; empty when it has none."""
    return next((one for one in body.get("conditions", ()) if one["type"] == kind), {})


def ready(body: Mapping[str, Any]) -> bool:
    """Whether a revision can take traffic."""
    return bool(find(body, "Ready").get("state") == SUCCEEDED)


def failed(body: Mapping[str, Any]) -> bool:
    """Whether a revision never will."""
    return bool(find(body, "Ready").get("state") == FAILED)
