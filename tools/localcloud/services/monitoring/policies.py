"""Alerting policies as clients see them: created, checked, completed and changed.

The names of a policy and of its conditions are the server's, and stay the same when it changes.
"""

from __future__ import annotations

import uuid

from localcloud.engine.service import Body, Call, Resource
from localcloud.errors import invalid, not_found
from localcloud.services.monitoring import (
    alignment,
    channels,
    conditions,
    evaluation,
    log_alerts,
    metrics,
    reduction,
    selection,
    streaks,
)
from localcloud.services.monitoring.names import changed_by, missing, seconds, wrong

_SHORTEST_CLOSE, _LONGEST_CLOSE = 1800, 604_800
_LONGEST_CONTENT = 8192
_RATE_LIMIT = "alertStrategy.notificationRateLimit"


def _completed(call: Call, body: Body) -> Body:
    record = changed_by(call)
    return _checked(call, body, {}) | {"creationRecord": record, "mutationRecord": record}


def _checked(call: Call, body: Body, known: dict[str, Body]) -> Body:
    """A policy in its stored form: every condition named, every channel by the project's id."""
    if not body.get("displayName"):
        raise missing("alert_policy.display_name")
    content = body.get("documentation", {}).get("content", "")
    if len(content) > _LONGEST_CONTENT:
        raise wrong("alert_policy.documentation.content", f"{content[:20]}…", f"exceeds {_LONGEST_CONTENT} characters.")
    found = body.get("conditions", [])
    conditions.check(found)
    if len(found) > 1 and body.get("combiner", "COMBINE_UNSPECIFIED") == "COMBINE_UNSPECIFIED":
        raise wrong(
            "alert_policy.combiner",
            "COMBINE_UNSPECIFIED",
            "several conditions need AND, OR or AND_WITH_MATCHING_RESOURCE.",
        )
    _check_strategy(body.get("alertStrategy", {}), conditions.kind_of(found[0]) == conditions.LOG)
    _check_metrics(call, found)
    name = body["name"]
    named = [
        one | {"name": one["name"] if one.get("name") in known else f"{name}/conditions/{uuid.uuid4().int % 10**19}"}
        for one in found
    ]
    body |= {"conditions": named, "enabled": body.get("enabled", True)}
    if "notificationChannels" in body:
        field = "alert_policy.notification_channels"
        body["notificationChannels"] = [channels.check(call.cloud, one, field) for one in body["notificationChannels"]]
        # Another project's channel would send what is written here as that project's agent.
        for one in body["notificationChannels"]:
            if one.split("/")[1] != call.project:
                raise wrong(field, one, f"must be a channel of the project {call.project}.")
    return body


def _check_strategy(strategy: Body, of_log: bool) -> None:
    limit = strategy.get("notificationRateLimit")
    if of_log and not (limit or {}).get("period"):
        raise wrong(_RATE_LIMIT, "", "log-based alert policies must specify a notification rate limit")
    if limit and not of_log:
        period = seconds(limit.get("period", "0s"), f"{_RATE_LIMIT}.period")
        why = "only log-based alert policies may specify a notification rate limit"
        raise wrong(_RATE_LIMIT, f"period {{ seconds: {period} }}", why)
    if limit and not seconds(limit["period"], f"{_RATE_LIMIT}.period"):
        # What is notified may log again: without a pause, an alert could feed itself.
        raise wrong(f"{_RATE_LIMIT}.period", limit["period"], "must be at least 1s.")
    if close := strategy.get("autoClose"):
        lasting = seconds(close, "alertStrategy.autoClose")
        if not _SHORTEST_CLOSE <= lasting <= _LONGEST_CLOSE:
            raise wrong("alertStrategy.autoClose", close, f"must be from {_SHORTEST_CLOSE}s to {_LONGEST_CLOSE}s.")
    if of_log and "CLOSED" in strategy.get("notificationPrompts", []):
        raise invalid(
            "Log-based alert policies notify only when an incident opens.", "alertStrategy.notificationPrompts"
        )


def _check_metrics(call: Call, found: list[Body]) -> None:
    """404 for metrics of the project's own that do not exist; those of Google's services always do."""
    for condition in found:
        body = condition[conditions.kind_of(condition)]
        for name in ("filter", "denominatorFilter"):
            if conditions.kind_of(condition) in (conditions.THRESHOLD, conditions.ABSENT) and body.get(name):
                _check_metric(call, body, name)


def _check_metric(call: Call, body: Body, name: str) -> None:
    kind = selection.compiled(body[name], name).metric
    if kind and not metrics.exists(call.cloud, call.project or "", kind):
        raise not_found(
            f'Cannot find metric(s) that match type = "{kind}". If a metric was created recently, it could take up to '
            "10 minutes to become available. Please try again soon."
        )
    about = metrics.find(call.cloud, call.project or "", kind) if kind else None
    steps = body.get("aggregations" if name == "filter" else "denominatorAggregations", [])
    if about is not None and steps:
        alignment.check(steps[0].get("perSeriesAligner", alignment.NONE), about["metricKind"], about["valueType"])
    for one in steps:
        reduction.check(one.get("crossSeriesReducer", reduction.NONE))


def _changed(call: Call, old: Body, new: Body) -> Body:
    known = {condition["name"]: condition for condition in old["conditions"]}
    kept = {"creationRecord": old["creationRecord"], "mutationRecord": changed_by(call)}
    body = _checked(call, new, known) | kept
    streaks.forget(call.cloud, (one["name"] for one in old["conditions"] if one not in body["conditions"]))
    evaluation.schedule(call, body)
    return body


def _deleted(call: Call, body: Body) -> None:
    evaluation.stop(call.cloud, body)
    log_alerts.forget(call.cloud, body["name"])


RESOURCE = Resource(
    kind="AlertPolicy",
    complete=_completed,
    created=evaluation.schedule,
    changed=_changed,
    delete=_deleted,
    missing="Could not find alert policy {name}.",
)
