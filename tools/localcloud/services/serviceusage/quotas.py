"""GPU quotas: zero in every region of a new project until they are granted, which the local cloud's user may do."""

from __future__ import annotations

import re
from functools import partial
from urllib.parse import quote, unquote

from localcloud.engine.cloud import Cloud
from localcloud.engine.interfaces import Quotas
from localcloud.engine.service import Body, Call
from localcloud.errors import invalid, not_found

API = "serviceusage"
METRIC = re.compile(r"(?P<service>aiplatform\.googleapis\.com)/custom_model_training_(?P<short>\w+)_gpus")
_UNIT = "1/{project}/{region}"


def offer(cloud: Cloud) -> Quotas:
    """The Quotas interface for services that enforce them."""
    return Quotas(partial(limit, cloud))


def limit(cloud: Cloud, project: str, metric: str, region: str) -> int:
    """A project's quota in a region."""
    row = cloud.store.get(API, _row(project, metric, region))
    return int(row["limit"]) if row else 0


def get(call: Call) -> Body:
    """consumerQuotaMetrics.get: the default of all regions, and grants in some."""
    metric = unquote(call.path.partition("/consumerQuotaMetrics/")[2])
    known = METRIC.fullmatch(metric)
    service = call.path.split("/services/")[1].partition("/")[0]
    if known is None or known["service"] != service:
        raise not_found(
            f"The quota metric {metric} of {service} is not known to the local cloud; it has those of GPUs for training."
        )
    project = str(call.project)
    name = f"{call.cloud.projects.numbered(f'projects/{project}')}/services/{service}/consumerQuotaMetrics/{quote(metric, safe='')}"
    granted = [
        {"effectiveLimit": str(body["limit"]), "defaultLimit": "0", "dimensions": {"region": body["region"]}}
        for _, body in call.cloud.store.list(API, f"projects/{project}", "quotas")
        if body["metric"] == metric
    ]
    title = f"Custom model training {known['short'].replace('_', ' ').title()} GPUs per region"
    limits = {
        "name": f"{name}/limits/%2Fproject%2Fregion",
        "metric": metric,
        "unit": _UNIT,
        "quotaBuckets": [{"effectiveLimit": "0", "defaultLimit": "0"}, *granted],
    }
    return {"name": name, "metric": metric, "displayName": title, "unit": "1", "consumerQuotaLimits": [limits]}


def grant(cloud: Cloud, sent: Body) -> Body:
    """{"project", "metric", "region", "limit"}: what Google grants on request, in the console; 0 revokes it."""
    project, metric, region = (str(sent.get(key, "")) for key in ("project", "metric", "region"))
    if (
        not (project and region and METRIC.fullmatch(metric))
        or not isinstance(sent.get("limit"), int)
        or sent["limit"] < 0
    ):
        raise invalid(
            'Send {"project": "my-project", "metric": "aiplatform.googleapis.com/custom_model_training_nvidia_t4_gpus", '
            '"region": "europe-west1", "limit": 1}.'
        )
    cloud.store.put(API, _row(project, metric, region), {"metric": metric, "region": region, "limit": sent["limit"]})
    return {"granted": sent["limit"]}


def _row(project: str, metric: str, region: str) -> str:
    return f"projects/{project}/quotas/{quote(metric, safe='')}@{region}"
