"""Cloud Logging: entries, logs, sinks, log-based metrics and exclusions of projects, and log buckets with their views."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from localcloud.engine import standard
from localcloud.engine.cloud import Cloud
from localcloud.engine.iam import roles
from localcloud.engine.interfaces import LogMetrics
from localcloud.engine.service import Body, Endpoints, Resource, Service, SoftDelete
from localcloud.services.logging import buckets, built_in, counting, entries, metrics, sinks
from localcloud.services.logging.sinks import API
from localcloud.spec import log_filters

_ID = r"[A-Za-z0-9._-]{1,100}"
SINK = Resource(
    kind="LogSink",
    id_field="name",
    id_rule=_ID,
    complete=sinks.completed,
    changed=sinks.changed,
    present=sinks.presented,
    delete=built_in.kept,
    missing="Sink {id} does not exist",
    taken="Sink {id} already exists",
)
METRIC = Resource(
    kind="LogMetric",
    id_field="name",
    slashes=True,
    id_rule=r"[A-Za-z0-9_.,+!*',()%/\\-]{1,100}",
    complete=metrics.completed,
    changed=metrics.changed,
    present=metrics.presented,
    missing="Metric {id} does not exist",
    taken="Metric {id} already exists",
)
EXCLUSION = Resource(
    kind="LogExclusion",
    id_field="name",
    id_rule=_ID,
    complete=metrics.completed,
    changed=metrics.changed,
    present=metrics.exclusion_presented,
    missing="Exclusion {id} does not exist",
    taken="Exclusion {id} already exists",
)
BUCKET = Resource(
    kind="LogBucket",
    id_param="bucketId",
    id_rule=r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}",
    complete=buckets.complete,
    changed=buckets.changed,
    present=buckets.presented,
    soft_delete=SoftDelete("lifecycleState", "DELETE_REQUESTED", days=7, expire_field=buckets.GONE),
    missing="Bucket `{id}` does not exist",
    taken="Bucket `{id}` already exists",
)
VIEW = Resource(
    kind="LogView",
    id_param="viewId",
    id_rule=r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}",
    complete=buckets.complete_view,
    changed=lambda call, _, new: buckets.complete_view(call, new),
    missing="View `{id}` does not exist",
    taken="View `{id}` already exists",
    iam=True,
)
_CHANGING = {"create": standard.create, "delete": standard.delete, "patch": standard.patch, "update": standard.patch}
_BUCKETS = "logging.projects.locations.buckets"
_BUCKET_METHODS: Mapping[str, Callable[..., Body]] = {
    "list": buckets.list_buckets,
    "get": buckets.get_bucket,
    "create": standard.create,
    "createAsync": standard.create,
    "patch": buckets.changing(standard.patch),
    "updateAsync": buckets.changing(standard.patch),
    "delete": buckets.delete,
    "undelete": buckets.undelete,
}
_VIEW_METHODS: Mapping[str, Callable[..., Body]] = {
    "list": buckets.list_views,
    "get": buckets.get_view,
    "create": buckets.changing(standard.create),
    "patch": buckets.own_view(standard.patch),
    "delete": buckets.own_view(standard.delete),
}
_METRIC_VERBS = ("create", "delete", "get", "list", "update")


def _heard(cloud: Cloud, container: str, entry: Body) -> None:
    counting.count(cloud, container, entry)
    sinks.route(cloud, container, entry)


SERVICE = Service(
    api=API,
    versions=("v2",),
    title="Cloud Logging API",
    agent="service-{number}@gcp-sa-logging.iam.gserviceaccount.com",
    roles=roles.beside(__file__),
    endpoints=Endpoints(terraform={"LOGGING": "v2/"}, gcloud=""),
    resources={
        "projects.sinks": SINK,
        "projects.metrics": METRIC,
        "projects.exclusions": EXCLUSION,
        "projects.locations.buckets": BUCKET,
        "projects.locations.buckets.views": VIEW,
    },
    methods={
        "logging.entries.write": entries.write,
        "logging.entries.list": entries.list_,
        "logging.projects.logs.list": entries.names,
        "logging.projects.logs.delete": entries.delete,
        "logging.projects.sinks.list": partial(built_in.list_sinks, sink=SINK),
        "logging.projects.sinks.get": partial(built_in.get_sink, sink=SINK),
        **{
            f"logging.projects.sinks.{verb}": built_in.changing(partial(run, resource=SINK))
            for verb, run in _CHANGING.items()
        },
        **{f"{_BUCKETS}.{verb}": partial(run, resource=BUCKET) for verb, run in _BUCKET_METHODS.items()},
        **{f"{_BUCKETS}.views.{verb}": partial(run, resource=VIEW) for verb, run in _VIEW_METHODS.items()},
    },
    permissions={
        # Handlers ask themselves: the projects stand in the body.
        "logging.entries.write": None,
        "logging.entries.list": None,
        f"{_BUCKETS}.createAsync": "logging.buckets.create",
        f"{_BUCKETS}.updateAsync": "logging.buckets.update",
        **{f"logging.projects.metrics.{verb}": f"logging.logMetrics.{verb}" for verb in _METRIC_VERBS},
    },
    proto="google.logging.v2",
    audited={
        "projects.sinks": "google.logging.v2.ConfigServiceV2.*Sink",
        "projects.exclusions": "google.logging.v2.ConfigServiceV2.*Exclusion",
        "projects.locations.buckets": "google.logging.v2.ConfigServiceV2.*Bucket",
        "projects.locations.buckets.views": "google.logging.v2.ConfigServiceV2.*View",
        "projects.metrics": "google.logging.v2.MetricsServiceV2.*LogMetric",
        "logging.projects.logs.delete": "google.logging.v2.LoggingServiceV2.DeleteLog",
    },
    always_enabled=True,
    encoded_slashes="kept",
    enum_numbers={"LogEntry.severity": {100 * at: name for at, name in enumerate(log_filters.SEVERITIES)}},
    offers=lambda cloud: (LogMetrics(partial(metrics.descriptors, cloud)),),
    log_listener=_heard,
    log_keeper=sinks.kept,
    data_access=("logging.entries.",),
)
