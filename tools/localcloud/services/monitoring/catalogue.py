"""The metrics that the local cloud measures, and the monitored resources that it knows.

Sources: https://cloud.google.com/monitoring/api/metrics_gcp, https://cloud.google.com/monitoring/api/resources.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

_CODES = ("response_code", "response_code_class")
_CHECK = ("check_id", "checked_resource_id", "checker_location")


class Measure(NamedTuple):
    """A metric of Google's: its kind, type of value, unit and labels, and the resources that have it (none named: any)."""

    title: str
    kind: str
    value: str
    unit: str = "1"
    labels: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()


METRICS: Mapping[str, Measure] = {
    "logging.googleapis.com/log_entry_count": Measure("Log entries", "DELTA", "INT64", "1", ("log", "severity")),
    "monitoring.googleapis.com/uptime_check/check_passed": Measure(
        "Check passed", "GAUGE", "BOOL", "", _CHECK, ("uptime_url", "cloud_run_revision")
    ),
    "monitoring.googleapis.com/uptime_check/request_latency": Measure(
        "Request latency", "GAUGE", "DOUBLE", "ms", _CHECK, ("uptime_url", "cloud_run_revision")
    ),
    "pubsub.googleapis.com/subscription/num_undelivered_messages": Measure(
        "Unacked messages", "GAUGE", "INT64", "1", (), ("pubsub_subscription",)
    ),
    "run.googleapis.com/container/instance_count": Measure(
        "Instance count", "GAUGE", "INT64", "1", ("state",), ("cloud_run_revision",)
    ),
    "run.googleapis.com/container/memory/utilizations": Measure(
        "Container memory utilization", "DELTA", "DISTRIBUTION", "10^2.%", (), ("cloud_run_revision",)
    ),
    "run.googleapis.com/job/completed_execution_count": Measure(
        "Completed executions", "DELTA", "INT64", "1", ("result",), ("cloud_run_job",)
    ),
    "run.googleapis.com/request_count": Measure(
        "Request count", "DELTA", "INT64", "1", _CODES, ("cloud_run_revision",)
    ),
    "run.googleapis.com/request_latencies": Measure(
        "Request latency", "DELTA", "DISTRIBUTION", "ms", _CODES, ("cloud_run_revision",)
    ),
}
RESOURCES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "cloud_run_job": ("Cloud Run Job", ("project_id", "job_name", "location")),
    "cloud_run_revision": (
        "Cloud Run Revision",
        ("project_id", "service_name", "revision_name", "location", "configuration_name"),
    ),
    "gce_instance": ("VM Instance", ("project_id", "instance_id", "zone")),
    "gcs_bucket": ("GCS Bucket", ("project_id", "bucket_name", "location")),
    "generic_node": ("Generic Node", ("project_id", "location", "namespace", "node_id")),
    "generic_task": ("Generic Task", ("project_id", "location", "namespace", "job", "task_id")),
    "global": ("Global", ("project_id",)),
    "pubsub_subscription": ("Cloud Pub/Sub Subscription", ("project_id", "subscription_id")),
    "pubsub_topic": ("Cloud Pub/Sub Topic", ("project_id", "topic_id")),
    "uptime_url": ("Uptime Check URL", ("project_id", "host")),
}
"""Display name and labels of each type."""
