"""Policies are evaluated once a minute, by the due queue; when the clock was moved, also at each minute that it passed over."""

from __future__ import annotations

import json
from collections.abc import Mapping

from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body, Call
from localcloud.errors import CloudError, rpc_code
from localcloud.services.monitoring import incidents, streaks
from localcloud.services.monitoring.conditions import ABSENT, THRESHOLD, kind_of
from localcloud.services.monitoring.incidents import Cause, OpenIncident
from localcloud.services.monitoring.names import API
from localcloud.services.monitoring.verdicts import Verdict, Watch

EVALUATE = "evaluate"
_MINUTE = 60
_MOST_MINUTES = 1500
"""How many minutes that the clock passed over are evaluated one by one: a day and an hour."""
_CLOSED_AFTER = 604_800
_ALL = "all"
"""The key of the one incident of a policy whose conditions must all be met."""


def schedule(call: Call, policy: Body) -> None:
    """Puts a policy's next evaluation into the queue, if it has conditions on metrics; a disabled policy has no incidents."""
    call.cloud.due.forget(API, policy["name"], EVALUATE)
    if not policy["enabled"]:
        stop(call.cloud, policy)
    elif any(kind_of(one) in (THRESHOLD, ABSENT) for one in policy["conditions"]):
        call.cloud.due.at(API, EVALUATE, policy["name"], _next(call.cloud))


def stop(cloud: Cloud, policy: Body) -> None:
    """Closes the incidents of a policy; should it be evaluated again, its conditions begin anew."""
    incidents.close_all(cloud, policy)
    streaks.forget(cloud, (one["name"] for one in policy["conditions"]))


def due(cloud: Cloud, name: str, moment: float) -> None:
    """Evaluates a policy at each minute since it was due."""
    policy = cloud.store.get(API, name)
    if policy is None or not policy["enabled"]:
        return
    cloud.due.at(API, EVALUATE, name, _next(cloud))
    cloud.metrics.read_gauges(name.split("/")[1])
    last = cloud.clock.seconds() // _MINUTE * _MINUTE
    try:
        _evaluate_all(cloud, policy, max(moment, last - _MOST_MINUTES * _MINUTE), last)
    except CloudError as problem:  # its metric is of another kind now
        validity = {"code": rpc_code(problem.status), "message": problem.message}
        cloud.store.put(API, name, policy | {"validity": validity})


def _evaluate_all(cloud: Cloud, policy: Body, first: float, last: float) -> None:
    watched = {
        one["name"]: (one, Watch(cloud, policy["name"].split("/")[1], one))
        for one in policy["conditions"]
        if kind_of(one) in (THRESHOLD, ABSENT)
    }
    for at in range(int(first), int(last) + 1, _MINUTE):
        _evaluate(cloud, policy, watched, at)
    for _, watch in watched.values():
        watch.keep()


def _evaluate(cloud: Cloud, policy: Body, watched: Mapping[str, tuple[Body, Watch]], moment: float) -> None:
    verdicts = {name: watch.at(moment) for name, (_, watch) in watched.items()}
    triggered = {name for name, (_, watch) in watched.items() if watch.triggers(verdicts[name])}
    known = incidents.open_incidents(cloud, policy["name"])
    if policy.get("combiner", "OR").startswith("AND") and len(watched) > 1:
        _evaluate_combined(cloud, policy, watched, verdicts, triggered, moment, is_open=_ALL in known)
    else:
        for name, (condition, _) in watched.items():
            for labels, verdict in verdicts[name].items():
                key = f"{name} {labels}"
                if key in known and verdict.over:
                    incidents.close_incident(cloud, policy, key, moment)
                elif key in known and (verdict.value is not None or verdict.met):
                    incidents.note_data(cloud, policy["name"], key, moment)
                elif key not in known and verdict.met and name in triggered:
                    incidents.open_incident(cloud, policy, key, _cause(condition, verdict), moment)
    _expire(cloud, policy, known, moment)


def _evaluate_combined(
    cloud: Cloud,
    policy: Body,
    watched: Mapping[str, tuple[Body, Watch]],
    verdicts: Mapping[str, Mapping[str, Verdict]],
    triggered: set[str],
    moment: float,
    *,
    is_open: bool,
) -> None:
    """One incident, open while every condition is met; of the same resource, if the policy says so."""
    together = len(triggered) == len(watched)
    if policy["combiner"] == "AND_WITH_MATCHING_RESOURCE":
        resources = (
            {json.dumps(one.series.resource, sort_keys=True) for one in verdicts[name].values() if one.met}
            for name in watched
        )
        together = together and bool(set.intersection(*resources))
    if together and not is_open:
        name, (condition, _) = next(iter(watched.items()))
        first = next(one for one in verdicts[name].values() if one.met)
        incidents.open_incident(cloud, policy, _ALL, _cause(condition, first), moment)
    elif is_open and any(verdicts[name] and all(one.over for one in verdicts[name].values()) for name in watched):
        incidents.close_incident(cloud, policy, _ALL, moment)
    elif is_open and all(any(one.value is not None for one in found.values()) for found in verdicts.values()):
        incidents.note_data(cloud, policy["name"], _ALL, moment)


def _expire(cloud: Cloud, policy: Body, known: Mapping[str, OpenIncident], moment: float) -> None:
    """Closes incidents without data for as long as the policy waits."""
    patience = float(policy.get("alertStrategy", {}).get("autoClose", f"{_CLOSED_AFTER}s").rstrip("s"))
    for key, one in known.items():
        if moment - one.seen >= patience and incidents.open_incidents(cloud, policy["name"]).get(key) == one:
            incidents.close_incident(cloud, policy, key, moment)


def _cause(condition: Body, verdict: Verdict) -> Cause:
    kind = kind_of(condition)
    metric, body = verdict.series.metric, condition[kind]
    labels = {**verdict.series.resource.get("labels", {}), **metric.get("labels", {})}
    of = f"{metric['type']} for {verdict.series.resource['type']}" + (f" {json.dumps(labels)}" if labels else "")
    if kind == ABSENT:
        summary = f"There was no data of {of} for {body['duration']}."
        return Cause(condition, summary, metric, verdict.series.resource)
    side = "above" if body["comparison"] == "COMPARISON_GT" else "below"
    value = "without data" if verdict.value is None else f"with a value of {verdict.value:.3f}"
    summary = f"{of} is {side} the threshold of {body.get('thresholdValue', 0):.3f} {value}."
    seen = "" if verdict.value is None else f"{verdict.value:.3f}"
    return Cause(condition, summary, metric, verdict.series.resource, seen)


def _next(cloud: Cloud) -> float:
    return (cloud.clock.seconds() // _MINUTE + 1) * _MINUTE
