"""Incidents, which the API calls alerts: opened and closed once, with a notification to each of the policy's channels."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body, Resource
from localcloud.services.monitoring import notifications, snoozes
from localcloud.services.monitoring.names import API
from localcloud.spec.timestamps import rfc3339

TABLES = """
CREATE TABLE IF NOT EXISTS monitoring_incidents (
  policy TEXT NOT NULL, key TEXT NOT NULL, alert TEXT NOT NULL, condition TEXT NOT NULL, seen REAL NOT NULL, PRIMARY KEY (policy, key)) WITHOUT ROWID;
"""
_CLOSED = "CLOSED"
RESOURCE = Resource(kind="Alert", missing="Could not find alert {name}.")


class Cause(NamedTuple):
    """What opened an incident: the condition, what it says of which metric and resource, and the value that was seen, "" for none."""

    condition: Body
    summary: str
    metric: Mapping[str, Any]
    resource: Mapping[str, Any]
    value: str = ""


class OpenIncident(NamedTuple):
    """An incident that is open: the name of its alert, its condition's name, and when there was data for it last."""

    alert: str
    condition: str
    seen: float


def open_incident(cloud: Cloud, policy: Body, key: str, cause: Cause, moment: float) -> None:
    """Opens the incident of a policy with this key, and notifies the channels; not while the policy is snoozed."""
    if snoozes.active(cloud, policy["name"], moment):
        return
    project = policy["name"].split("/")[1]
    name = f"projects/{project}/alerts/0.{int(moment):x}{secrets.token_hex(4)}"
    known = {field: policy[field] for field in ("name", "displayName", "severity", "userLabels") if field in policy}
    alert: Body = {
        "name": name,
        "state": "OPEN",
        "openTime": _time(moment),
        "policy": known,
        "metric": dict(cause.metric),
        "resource": dict(cause.resource),
    }
    cloud.store.put(API, name, {field: value for field, value in alert.items() if value})
    row = (policy["name"], key, name, json.dumps(cause.condition), moment)
    cloud.store.sql("INSERT OR REPLACE INTO monitoring_incidents VALUES (?, ?, ?, ?, ?)", *row)
    notifications.send(cloud, policy, _message(cloud, policy, alert, cause))


def close_incident(cloud: Cloud, policy: Body, key: str, moment: float, *, quietly: bool = False) -> None:
    """Closes an incident, and notifies the channels unless the policy asks for openings only."""
    row = cloud.store.row(
        "SELECT alert, condition FROM monitoring_incidents WHERE policy = ? AND key = ?", policy["name"], key
    )
    cloud.store.sql("DELETE FROM monitoring_incidents WHERE policy = ? AND key = ?", policy["name"], key)
    alert = cloud.store.get(API, row[0]) if row else None
    if alert is None:
        return
    alert |= {"state": _CLOSED, "closeTime": _time(moment)}
    cloud.store.put(API, alert["name"], alert)
    prompts = policy.get("alertStrategy", {}).get("notificationPrompts") or [_CLOSED]
    if not quietly and _CLOSED in prompts:
        condition = json.loads(row[1])
        summary = f"The condition {condition['displayName']} is no longer met."
        cause = Cause(condition, summary, alert.get("metric", {}), alert.get("resource", {}))
        notifications.send(cloud, policy, _message(cloud, policy, alert, cause))


def open_incidents(cloud: Cloud, policy: str) -> dict[str, OpenIncident]:
    """The open incidents of a policy by their keys."""
    rows = cloud.store.sql("SELECT key, alert, condition, seen FROM monitoring_incidents WHERE policy = ?", policy)
    return {key: OpenIncident(alert, json.loads(condition)["name"], seen) for key, alert, condition, seen in rows}


def note_data(cloud: Cloud, policy: str, key: str, moment: float) -> None:
    """Notes that there was data for an open incident."""
    cloud.store.sql("UPDATE monitoring_incidents SET seen = ? WHERE policy = ? AND key = ?", moment, policy, key)


def close_all(cloud: Cloud, policy: Body) -> None:
    """Closes the incidents of a policy that is deleted or disabled; nobody is notified."""
    for key in open_incidents(cloud, policy["name"]):
        close_incident(cloud, policy, key, cloud.clock.seconds(), quietly=True)


def _message(cloud: Cloud, policy: Body, alert: Body, cause: Cause) -> Body:
    """What is sent to webhooks and topics, in schema 1.2.

    Source: https://cloud.google.com/monitoring/support/notification-options#schema-pubsub.
    """
    project = policy["name"].split("/")[1]
    ended = alert.get("closeTime")
    number = cloud.projects.number(project)
    threshold = cause.condition.get("conditionThreshold", {}).get("thresholdValue")
    sent = policy.get("documentation", {})
    documented = {field: sent[field] for field in ("content", "subject") if field in sent}
    incident: Body = {
        "incident_id": alert["name"].rpartition("/")[2],
        "scoping_project_id": project,
        "scoping_project_number": number,
        "started_at": int(datetime.fromisoformat(alert["openTime"]).timestamp()),
        "ended_at": int(datetime.fromisoformat(ended).timestamp()) if ended else None,
        "state": alert["state"].lower(),
        "summary": cause.summary,
        "observed_value": cause.value,
        "threshold_value": "" if threshold is None else str(threshold),
        "resource": dict(cause.resource),
        "metric": dict(cause.metric),
        "policy_name": policy["displayName"],
        "policy_user_labels": policy.get("userLabels", {}),
        "condition_name": cause.condition["displayName"],
        "condition": cause.condition,
        "documentation": {"content": "", "mime_type": "text/markdown", **documented},
        "severity": policy.get("severity", "No severity").title(),
    }
    return {"incident": incident, "version": "1.2"}


def _time(moment: float) -> str:
    return rfc3339(datetime.fromtimestamp(moment, UTC))
