"""Policies, requests and incidents of Cloud Monitoring, for its tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.localcloud.services.requests_inside import PROJECT, Sender

V3 = f"/monitoring/v3/projects/{PROJECT}"
START = datetime(2030, 1, 1, tzinfo=UTC)
COUNT = "run.googleapis.com/request_count"
SERVED = f'resource.type="cloud_run_revision" AND metric.type="{COUNT}"'
RATE = {"alignmentPeriod": "60s", "perSeriesAligner": "ALIGN_RATE", "crossSeriesReducer": "REDUCE_SUM"}


def later(call: Sender, minutes: float) -> None:
    """Moves the clock, and lets happen what is due by then."""
    with call.cloud.store.transaction():
        call.later(seconds=minutes * 60)
    call.cloud.store.begin()
    call.cloud.due.run()
    call.cloud.store.commit()


def requests(call: Sender, *codes: int, service: str = "web") -> None:
    labels = {"project_id": PROJECT, "service_name": service, "revision_name": f"{service}-1"}
    with call.cloud.store.transaction():
        for code in codes:
            classes = {"response_code": str(code), "response_code_class": f"{code // 100}xx"}
            about = {"type": "cloud_run_revision", "labels": labels}
            call.cloud.metrics.count(PROJECT, COUNT, about, classes)
            call.cloud.metrics.sample(PROJECT, "run.googleapis.com/request_latencies", about, classes, code)


def channel(call: Sender, kind: str = "email", **labels: str) -> str:
    body = {"type": kind, "labels": labels or {"email_address": "team@example.com"}}
    return str(call("POST", f"{V3}/notificationChannels", body)["name"])


def condition(**changed: Any) -> dict[str, Any]:
    threshold = {"filter": SERVED, "comparison": "COMPARISON_GT", "thresholdValue": 0.04, "aggregations": [RATE]}
    return {"displayName": "many requests", "conditionThreshold": {**threshold, **changed}}


def policy(call: Sender, *conditions: Any, **more: Any) -> Any:
    body = {"displayName": "Busy", "combiner": "OR", "conditions": list(conditions or [condition()]), **more}
    return call("POST", f"{V3}/alertPolicies", body)


def alerts(call: Sender, state: str = "") -> list[Any]:
    found = call("GET", f"{V3}/alerts").get("alerts", [])
    return [one for one in found if state in ("", one["state"])]


def mails(call: Sender) -> list[str]:
    body = {
        "resourceNames": [f"projects/{PROJECT}"],
        "filter": 'log_id("monitoring.googleapis.com/simulated_emails")',
    }
    entries = call("POST", "/logging/v2/entries:list", body).get("entries", [])
    return [one["jsonPayload"]["message"] for one in entries]
