"""Cloud Logging: entries, logs, sinks, log-based metrics and exclusions of projects, and the buckets that every project has."""

from __future__ import annotations

from functools import partial

from localcloud.engine import standard
from localcloud.engine.iam import roles
from localcloud.engine.service import Endpoints, Resource, Service
from localcloud.services.logging import built_in, entries, metrics, sinks
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
)
_CHANGING = {"create": standard.create, "delete": standard.delete, "patch": standard.patch, "update": standard.patch}
_BUCKETS = "logging.projects.locations.buckets"
_METRIC_VERBS = ("create", "delete", "get", "list", "update")
SERVICE = Service(
    api=API,
    versions=("v2",),
    title="Cloud Logging API",
    agent="service-{number}@gcp-sa-logging.iam.gserviceaccount.com",
    roles=roles.beside(__file__),
    endpoints=Endpoints(terraform={"LOGGING": "v2/"}, gcloud=""),
    resources={"projects.sinks": SINK, "projects.metrics": METRIC, "projects.exclusions": EXCLUSION},
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
        f"{_BUCKETS}.list": built_in.list_buckets,
        f"{_BUCKETS}.get": built_in.get_bucket,
    },
    permissions={
        # Handlers ask themselves: the projects stand in the body.
        "logging.entries.write": None,
        "logging.entries.list": None,
        **{f"logging.projects.metrics.{verb}": f"logging.logMetrics.{verb}" for verb in _METRIC_VERBS},
    },
    proto="google.logging.v2",
    audited={
        "projects.sinks": "google.logging.v2.ConfigServiceV2.*Sink",
        "projects.exclusions": "google.logging.v2.ConfigServiceV2.*Exclusion",
        "projects.metrics": "google.logging.v2.MetricsServiceV2.*LogMetric",
        "logging.projects.logs.delete": "google.logging.v2.LoggingServiceV2.DeleteLog",
    },
    always_enabled=True,
    encoded_slashes="kept",
    enum_numbers={"LogEntry.severity": {100 * at: name for at, name in enumerate(log_filters.SEVERITIES)}},
    log_listener=sinks.route,
    data_access=("logging.entries.",),
)
