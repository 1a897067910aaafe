"""Tries actions as the kinds declare them: the permission each needs, and a harmless way to try it.

A trial is allowed or refused before it can have an effect: it only reads, or it names something that does not exist, or it
sends something that can never be accepted. So 401 and 403 mean refused, and every other answer means allowed. Where no such
trial is certain to be harmless, as for whole policies, the service is asked with testIamPermissions.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from groundwork.environment.values import Environment
from groundwork.google.cloud import CloudProblem, GoogleCloud
from groundwork.people.personas import PolicyTarget, item_of, part_of
from groundwork.resources.kind import Action
from groundwork.resources.registry import parts

_ASK = (":testIamPermissions", "/testIamPermissions")
_ASK_BUCKET = "/iam/testPermissions?permissions="


def every() -> tuple[Action, ...]:
    return tuple(action for _, part in parts() for action in part.actions)


def on(target: PolicyTarget) -> tuple[Action, ...]:
    return part_of(target)[1].actions


def attempt(cloud: GoogleCloud, environment: Environment, action: Action, target: PolicyTarget) -> int:
    """Tries an action as the principal of `cloud`; returns the HTTP status, 200 or 403 if it was only asked about.

    Raises CloudProblem when there was no answer or the service itself failed: then nothing is known.
    """
    item = item_of(environment, target)
    names = {"project": environment.project, "region": environment.region, "zone": item.location, "name": item.short}
    path = action.path.format(**names)
    only_tests = path.endswith(_ASK) or _ASK_BUCKET in path
    body = {"permissions": [action.permission]} if path.endswith(_ASK) else action.body
    try:
        place, _, query = path.partition("?")
        answer = cloud.request(action.verb, action.api, place, params=dict(parse_qsl(query)), json=body)
    except CloudProblem as problem:
        if problem.is_temporary or problem.code == 501 or problem.switched_off:
            raise
        return problem.code
    if only_tests:
        return 200 if action.permission in answer.get("permissions", ()) else 403
    return 200


def let_in(status: int) -> bool:
    """Whether a status means that the caller is allowed."""
    return status not in (401, 403)
