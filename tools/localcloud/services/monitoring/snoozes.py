"""Snoozes: for a while, policies open no incidents."""

from __future__ import annotations

from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body, Call, Resource
from localcloud.errors import unimplemented
from localcloud.services.monitoring.names import API, missing, wrong
from localcloud.spec.timestamps import parse

_MOST = 16
_SKEW = 15


def active(cloud: Cloud, policy: str, moment: float) -> bool:
    project = "/".join(policy.split("/")[:2])
    return any(
        policy in one["criteria"]["policies"] and _time(one, "startTime") <= moment < _time(one, "endTime")
        for _, one in cloud.store.list(API, project, "snoozes")
    )


def _completed(call: Call, body: Body) -> Body:
    checked = _checked(call, body)
    if _time(checked, "startTime") < call.cloud.clock.seconds() - _SKEW:
        raise wrong("snooze.interval.start_time", checked["interval"]["startTime"], "must not be in the past.")
    return checked


def _checked(call: Call, body: Body) -> Body:
    if not body.get("displayName"):
        raise missing("snooze.display_name")
    interval, criteria = body.get("interval", {}), body.get("criteria", {})
    for field in ("startTime", "endTime"):
        if not interval.get(field):
            raise missing(f"snooze.interval.{field}")
    if criteria.get("filter"):
        raise unimplemented("The local cloud snoozes whole policies: leave criteria.filter out.")
    policies = [call.cloud.projects.named(name) for name in criteria.get("policies", [])]
    if not 1 <= len(policies) <= _MOST:
        raise wrong("snooze.criteria.policies", len(policies), f"must name from 1 to {_MOST} policies.")
    for name in policies:
        if call.cloud.store.get(API, name) is None:
            raise wrong("snooze.criteria.policies", name, "there is no such policy.")
    if _time(body, "endTime") < _time(body, "startTime"):
        raise wrong("snooze.interval", interval["endTime"], "must not end before it starts.")
    return body | {"criteria": {"policies": policies}}


def _time(body: Body, field: str) -> float:
    return parse(body["interval"][field]).timestamp()


RESOURCE = Resource(
    kind="Snooze",
    complete=_completed,
    changed=lambda call, _, new: _checked(call, new),
    missing="Could not find snooze {name}.",
)
