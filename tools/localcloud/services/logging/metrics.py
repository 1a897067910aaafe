"""Log-based metrics as clients see them, and exclusions."""

from __future__ import annotations

from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body, Call
from localcloud.errors import invalid
from localcloud.services.logging import counting
from localcloud.services.logging.sinks import API
from localcloud.spec import log_filters


def completed(_call: Call, body: Body) -> Body:
    """A new one in its stored form; 400 without a valid filter."""
    if not body.get("filter"):
        raise invalid("The filter is missing.", "filter")
    log_filters.compiled(body["filter"])
    for text in (*body.get("labelExtractors", {}).values(), *filter(None, [body.get("valueExtractor")])):
        counting.extractor(text)
    if body.get("bucketOptions") and not counting.has_valid_bounds(body["bucketOptions"]):
        raise invalid("The bucket options must have from 1 to 200 finite buckets, whose bounds grow.", "bucketOptions")
    return body


def changed(call: Call, _old: Body, new: Body) -> Body:
    """A changed one in its stored form."""
    return completed(call, new)


def presented(cloud: Cloud, body: Body) -> Body:
    """A metric as it is returned: its name without the project, and its descriptor, which by default counts entries."""
    project, _, coded = cloud.projects.named(body["name"]).partition("/metrics/")
    name = coded.replace("%2F", "/")
    kind = f"logging.googleapis.com/user/{name}"
    descriptor = {"metricKind": "DELTA", "valueType": "INT64", "unit": "1"} | body.get("metricDescriptor", {})
    descriptor |= {"name": f"{project}/metricDescriptors/{kind}", "type": kind}
    if body.get("description"):
        descriptor["description"] = body["description"]
    return body | {"name": name, "resourceName": f"{project}/metrics/{coded}", "metricDescriptor": descriptor}


def descriptors(cloud: Cloud, project: str) -> list[Body]:
    """The MetricDescriptors of a project's metrics, for Cloud Monitoring."""
    found = cloud.store.list(API, f"projects/{project}", "metrics")
    return [presented(cloud, {"name": name, **body})["metricDescriptor"] for name, body in found]


def exclusion_presented(_cloud: Cloud, body: Body) -> Body:
    """An exclusion as it is returned."""
    return body | {"name": body["name"].rpartition("/")[2]}
