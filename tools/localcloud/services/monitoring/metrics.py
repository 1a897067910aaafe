"""Descriptors: of the metrics that the local cloud measures, of a project's own metrics, and of monitored resources."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

from localcloud.engine import paging
from localcloud.engine.cloud import Cloud
from localcloud.engine.interfaces import LogMetrics
from localcloud.engine.service import Body, Call
from localcloud.errors import invalid, not_found
from localcloud.services.monitoring import selection
from localcloud.services.monitoring.catalogue import METRICS, RESOURCES
from localcloud.services.monitoring.names import API, missing, wrong

OWN = ("custom.googleapis.com/", "external.googleapis.com/", "workload.googleapis.com/")
"""What the types of a project's own metrics begin with."""
_LOGGED = "logging.googleapis.com/user/"
_TYPE = re.compile(r"[a-z]+\.googleapis\.com/[A-Za-z0-9_][A-Za-z0-9_./-]{0,180}")
_KINDS = ("GAUGE", "DELTA", "CUMULATIVE")
_VALUES = ("BOOL", "INT64", "DOUBLE", "STRING", "DISTRIBUTION")
_LABEL = re.compile(r"[a-zA-Z][a-zA-Z0-9_]{0,99}")
_USUAL, _MOST = 1000, 10_000


def exists(cloud: Cloud, project: str, kind: str) -> bool:
    """Whether a metric is there to be watched; every one of Google's is."""
    return not kind.startswith((*OWN, _LOGGED)) or find(cloud, project, kind) is not None


def find(cloud: Cloud, project: str, kind: str) -> Body | None:
    """The descriptor of a metric that the project has."""
    container = f"projects/{project}"
    if kind in METRICS:
        return _measured(container, kind)
    if kind.startswith(_LOGGED):
        return next((one for one in _logged(cloud, project) if one["type"] == kind), None)
    return cloud.store.get(API, _stored(container, kind))


def get(call: Call) -> Body:
    """metricDescriptors.get"""
    kind = call.path.partition("/metricDescriptors/")[2]
    body = find(call.cloud, call.project or "", kind)
    if body is None:
        raise not_found(f"Could not find descriptor for metric '{kind}'.")
    return body


def list_(call: Call) -> Body:
    """metricDescriptors.list, by type."""
    container = f"projects/{call.project}"
    own = [body for _, body in call.cloud.store.list(API, container, "metricDescriptors")]
    known = [*own, *_logged(call.cloud, call.project or ""), *(_measured(container, kind) for kind in METRICS)]
    if call.params.get("filter"):
        test = selection.compiled(call.params["filter"], "filter").test
        known = [one for one in known if test({"metric": {"type": one["type"]}, "resource": {}})]
    return {
        "metricDescriptors": [],
        **_page(call, "metricDescriptors", sorted(known, key=lambda one: one["type"]), "type"),
    }


def create(call: Call) -> Body:
    """metricDescriptors.create: of a metric of the project's own; an existing one gets more labels, and keeps its kind."""
    body = dict(call.body)
    kind = body.get("type", "")
    check_names("metricDescriptor", kind, (one.get("key", "") for one in body.get("labels", [])))
    if body.get("metricKind") not in _KINDS:
        raise missing("metricDescriptor.metricKind")
    if body.get("valueType") not in _VALUES:
        raise missing("metricDescriptor.valueType")
    old = call.cloud.store.get(API, _stored(call.parent, kind))
    if old is not None and any(old[name] != body[name] for name in ("metricKind", "valueType")):
        raise wrong(
            "metricDescriptor",
            kind,
            f"the metric exists already with kind {old['metricKind']} and value type {old['valueType']}.",
        )
    return keep(call.cloud, call.project or "", (old or {}) | body)


def check_names(field: str, kind: str, labels: Iterable[str]) -> None:
    """400 for the type of a metric that is not the project's own, or has characters that no type has, and for such labels."""
    if not kind.startswith(OWN) or not _TYPE.fullmatch(kind):
        why = f"must begin with {OWN[0]} or {OWN[1]} and have at most 200 letters, digits and characters of _./-."
        raise wrong(f"{field}.type", kind, why)
    for label in labels:
        if not _LABEL.fullmatch(label):
            raise wrong(f"{field}.labels.key", label, f"must match {_LABEL.pattern}.")


def keep(cloud: Cloud, project: str, body: Body) -> Body:
    """Stores a descriptor of a project's own metric, with its name and the resources that such a metric may have."""
    container = f"projects/{project}"
    body |= {
        "name": f"{container}/metricDescriptors/{body['type']}",
        "monitoredResourceTypes": [
            "gce_instance",
            "generic_node",
            "generic_task",
            "global",
            "cloud_run_revision",
            "cloud_run_job",
        ],
    }
    cloud.store.put(API, _stored(container, body["type"]), body)
    return body


def delete(call: Call) -> Body:
    """metricDescriptors.delete: with what was written to it."""
    kind = call.path.partition("/metricDescriptors/")[2]
    if not kind.startswith(OWN):
        raise invalid(f"Only metrics that begin with {' or '.join(OWN)} can be deleted, not {kind}.", "name")
    if not call.cloud.store.delete(API, _stored(f"projects/{call.project}", kind)):
        raise not_found(f"Could not find descriptor for metric '{kind}'.")
    call.cloud.metrics.forget(call.project or "", kind)
    return {}


def get_resource(call: Call) -> Body:
    """monitoredResourceDescriptors.get"""
    if call.id not in RESOURCES:
        raise not_found(
            f"Could not find descriptor for monitored resource '{call.id}': the local cloud knows {', '.join(RESOURCES)}."
        )
    return _resource(call.parent, call.id)


def list_resources(call: Call) -> Body:
    """monitoredResourceDescriptors.list"""
    known = [_resource(call.parent, kind) for kind in RESOURCES]
    return _page(call, "resourceDescriptors", known, "type")


def _page(call: Call, field: str, known: list[Body], key: str) -> Body:
    question = f"{call.path}?{call.params.get('filter', '')}"
    size = paging.size(call.params.get("pageSize"), _USUAL, _MOST)
    after = paging.after(call.params.get("pageToken", ""), question)
    page, more = paging.cut([one for one in known if one[key] > after], size, lambda one: one[key], question)
    return {field: list(page), **more}


def _measured(container: str, kind: str) -> Body:
    known = METRICS[kind]
    return {
        "name": f"{container}/metricDescriptors/{kind}",
        "type": kind,
        "metricKind": known.kind,
        "valueType": known.value,
        "unit": known.unit,
        "displayName": known.title,
        "description": f"{known.title}.",
        "labels": [{"key": key} for key in known.labels],
        "launchStage": "GA",
        "monitoredResourceTypes": list(known.resources or RESOURCES),
    }


def _logged(cloud: Cloud, project: str) -> list[Body]:
    log_metrics = cloud.offers.get(LogMetrics)
    return log_metrics.descriptors(project) if log_metrics is not None else []


def _resource(container: str, kind: str) -> Body:
    title, labels = RESOURCES[kind]
    return {
        "name": f"{container}/monitoredResourceDescriptors/{kind}",
        "type": kind,
        "displayName": title,
        "labels": [{"key": key} for key in labels],
        "launchStage": "GA",
    }


def _stored(container: str, kind: str) -> str:
    return f"{container}/metricDescriptors/{quote(kind, safe='')}"
