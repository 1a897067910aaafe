"""Sinks: where entries are exported. Entries are published to Pub/Sub topics; other destinations are stored and get nothing (simulated)."""

from __future__ import annotations

import json
import re

from localcloud.engine.cloud import Cloud
from localcloud.engine.interfaces import Publishing
from localcloud.engine.service import Body, Call
from localcloud.errors import CloudError, invalid
from localcloud.spec import log_filters

API = "logging"
_TOPIC = re.compile(r"pubsub\.googleapis\.com/(projects/[^/]+/topics/[^/]+)")
_DESTINATION = re.compile(
    r"storage\.googleapis\.com/[^/]+|bigquery\.googleapis\.com/projects/[^/]+/datasets/[^/]+|"
    r"logging\.googleapis\.com/projects/[^/]+(?:/locations/[^/]+/buckets/[^/]+)?|" + _TOPIC.pattern
)
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


def _takes(sink: Body, entry: Body) -> bool:
    if not log_filters.compiled(sink.get("filter", ""))(entry):
        return False
    excluded = [one["filter"] for one in sink.get("exclusions", []) if one.get("filter") and not one.get("disabled")]
    return not any(log_filters.compiled(text)(entry) for text in excluded)


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
