"""Conditions: the state of a service, revision, job or execution, with the reason for a failure."""

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
    """A condition; pass its reason, if any, as reason=, revisionReason= or executionReason=."""
    body: Body = {"type": kind, "state": state, "lastTransitionTime": cloud.clock.rfc3339()}
    body |= {"message": message} if message else {}
    body |= {"severity": "ERROR"} if state == FAILED else {}
    return body | {key: value for key, value in reason.items() if value}


def find(body: Mapping[str, Any], kind: str) -> Body:
    """A body's condition of a kind; empty if it has none."""
    return next((one for one in body.get("conditions", ()) if one["type"] == kind), {})


def ready(body: Mapping[str, Any]) -> bool:
    """Whether a revision is ready for traffic."""
    return bool(find(body, "Ready").get("state") == SUCCEEDED)


def failed(body: Mapping[str, Any]) -> bool:
    """Whether a revision will never be ready."""
    return bool(find(body, "Ready").get("state") == FAILED)
