"""Sinks: where entries go. They are published to Pub/Sub topics and shown in log buckets; other destinations get nothing (simulated)."""

from __future__ import annotations

import json
import re

from localcloud.engine.cloud import Cloud
from localcloud.engine.interfaces import Publishing
from localcloud.engine.service import Body, Call
from localcloud.errors import CloudError, invalid
from localcloud.spec import log_filters

API = "logging"
DEFAULT, REQUIRED = "_Default", "_Required"
_AUDITED = ("activity", "system_event", "access_transparency")
_LOGS = [f'LOG_ID("{kind}.googleapis.com/{log}")' for log in _AUDITED for kind in ("cloudaudit", "externalaudit")]
FILTERS = {DEFAULT: " AND ".join(f"NOT {one}" for one in _LOGS), REQUIRED: " OR ".join(_LOGS)}
"""What the sinks that every project has let through."""
_TOPIC = re.compile(r"pubsub\.googleapis\.com/(projects/[^/]+/topics/[^/]+)")
_DESTINATION = re.compile(
    r"storage\.googleapis\.com/[^/]+|bigquery\.googleapis\.com/projects/[^/]+/datasets/[^/]+|"
    r"logging\.googleapis\.com/projects/[^/]+(?:/locations/[^/]+/buckets/[^/]+)?|" + _TOPIC.pattern
)
_HOST = "logging.googleapis.com/"
_SHARED = "serviceAccount:cloud-logs@system.gserviceaccount.com"


def completed(call: Call, body: Body) -> Body:
    """A new sink in its stored form; 400 for an invalid destination or filter."""
    return (
        _written(call, body)
        if call.params.get("uniqueWriterIdentity")
        else _checked(body) | {"writerIdentity": _SHARED}
    )


def changed(call: Call, old: Body, new: Body) -> Body:
    """A changed sink in its stored form; it keeps its own identity once it has one."""
    new = _checked(new) | {name: old[name] for name in ("writerIdentity",) if name in old}
    return _written(call, new) if call.params.get("uniqueWriterIdentity") else new


def _written(call: Call, body: Body) -> Body:
    return _checked(body) | {"writerIdentity": call.cloud.agents.member(API, call.project or "")}


def presented(cloud: Cloud, body: Body) -> Body:
    """A sink as it is returned: its name without its project."""
    return body | {"name": body["name"].rpartition("/")[2], "resourceName": cloud.projects.named(body["name"])}


def route(cloud: Cloud, container: str, entry: Body) -> None:
    """Publishes an entry to the topics of matching sinks; what a sink may not publish is lost, as at Google."""
    sinks = cloud.store.derived.of(API, container, lambda: cloud.store.list(API, container, "sinks"))
    publishing = cloud.offers.get(Publishing) if sinks else None
    if publishing is None:
        return
    for _, sink in sinks:
        topic = _TOPIC.fullmatch(sink.get("destination", ""))
        if topic is None or sink.get("disabled") or not _takes(sink, entry):
            continue
        attributes = {"logging.googleapis.com/timestamp": str(entry["timestamp"])}
        try:
            publishing.publish(sink["writerIdentity"], topic[1], json.dumps(entry).encode(), attributes)
        except CloudError:
            continue


def kept(cloud: Cloud, container: str, entry: Body) -> bool:
    """Whether an entry is kept: it goes to _Required, or a sink brings it to a bucket and nothing excludes it on the way."""
    own = cloud.store.derived.of(API, f"kept {container}", lambda: _rules(cloud, container))
    if own is None or log_filters.compiled(FILTERS[REQUIRED])(entry):
        return True
    default, others, exclusions = own
    if not default.get("disabled") and _takes(default, entry) and not _excluded(exclusions, entry):
        return True
    return any(_takes(one, entry) for one in others)


def brings(cloud: Cloud, bucket: str) -> log_filters.Test:
    """Which entries of its project the sinks of a bucket have brought it, since they were made."""
    container, name = "/".join(bucket.split("/")[:2]), bucket.rpartition("/")[2]
    if name in FILTERS:
        required = log_filters.compiled(FILTERS[REQUIRED])
        return required if name == REQUIRED else (lambda entry: not required(entry))
    found = [
        one for _, one in cloud.store.list(API, container, "sinks") if one.get("destination") == f"{_HOST}{bucket}"
    ]
    return lambda entry: any(
        not one.get("disabled") and entry["receiveTimestamp"] >= one["createTime"] and _takes(one, entry)
        for one in found
    )


def _rules(cloud: Cloud, container: str) -> tuple[Body, list[Body], list[Body]] | None:
    """The sink _Default, the other sinks to buckets, and the project's exclusions; None if nothing is excluded from being kept."""
    exclusions = [one for _, one in cloud.store.list(API, container, "exclusions")]
    stored = dict(cloud.store.list(API, container, "sinks"))
    default = stored.pop(f"{container}/sinks/{DEFAULT}", None)
    if not exclusions and default is None:
        return None
    others = [
        one for one in stored.values() if one.get("destination", "").startswith(_HOST) and not one.get("disabled")
    ]
    return default or {"filter": FILTERS[DEFAULT]}, others, exclusions


def _excluded(exclusions: list[Body], entry: log_filters.Entry) -> bool:
    return any(not one.get("disabled") and log_filters.compiled(one["filter"])(entry) for one in exclusions)


def _takes(sink: Body, entry: log_filters.Entry) -> bool:
    if not log_filters.compiled(sink.get("filter", ""))(entry):
        return False
    return not _excluded([one for one in sink.get("exclusions", []) if one.get("filter")], entry)


def _checked(body: Body) -> Body:
    destination = body.get("destination", "")
    if not _DESTINATION.fullmatch(destination):
        raise invalid(
            f"The destination {destination!r} is none: storage.googleapis.com/BUCKET, pubsub.googleapis.com/projects/P/topics/T, "
            "bigquery.googleapis.com/projects/P/datasets/D or logging.googleapis.com/projects/P/locations/L/buckets/B.",
            "sink.destination",
        )
    log_filters.compiled(body.get("filter", ""))
    for one in body.get("exclusions", []):
        log_filters.compiled(one.get("filter", ""))
    return body
