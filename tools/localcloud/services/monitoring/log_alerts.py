"""Policies that match log entries: an incident and a notification for an entry, but not more often than the policy says.

Source: https://cloud.google.com/logging/docs/alerting/log-based-alerts.
"""

from __future__ import annotations

from typing import NamedTuple

from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body
from localcloud.services.monitoring import incidents
from localcloud.services.monitoring.conditions import LOG, kind_of
from localcloud.services.monitoring.incidents import Cause
from localcloud.services.monitoring.names import API
from localcloud.spec import log_filters

CLOSE = "close"
TABLES = "CREATE TABLE IF NOT EXISTS monitoring_matches (policy TEXT PRIMARY KEY, moment REAL NOT NULL) WITHOUT ROWID;"
_OWN = "/logs/monitoring.googleapis.com%2F"
_CLOSED_AFTER = 604_800


class MatchingRule(NamedTuple):
    """A policy that matches log entries."""

    policy: Body
    condition: Body
    test: log_filters.Test


def match(cloud: Cloud, container: str, entry: Body) -> None:
    """Opens an incident for each policy that an entry matches; what Monitoring itself writes opens none."""
    if _OWN in entry["logName"]:
        return
    for rule in cloud.store.derived.of(API, f"matched {container}", lambda: _rules(cloud, container)):
        if rule.test(entry) and _due(cloud, rule.policy):
            _open(cloud, rule, entry)


def close(cloud: Cloud, name: str, _moment: float) -> None:
    """Closes the incident of a policy that has matched nothing for a while."""
    policy = cloud.store.get(API, name)
    if policy is not None:
        for key in incidents.open_incidents(cloud, name):
            incidents.close_incident(cloud, policy, key, cloud.clock.seconds(), quietly=True)


def forget(cloud: Cloud, name: str) -> None:
    """Forgets when a deleted policy matched last."""
    cloud.store.sql("DELETE FROM monitoring_matches WHERE policy = ?", name)


def _rules(cloud: Cloud, container: str) -> list[MatchingRule]:
    return [
        MatchingRule(
            policy | {"name": name},
            policy["conditions"][0],
            log_filters.compiled(policy["conditions"][0][LOG]["filter"]),
        )
        for name, policy in cloud.store.list(API, container, "alertPolicies")
        if policy["enabled"] and kind_of(policy["conditions"][0]) == LOG
    ]


def _due(cloud: Cloud, policy: Body) -> bool:
    """Whether the policy may notify again; notes that it does."""
    now = cloud.clock.seconds()
    limit = float(policy["alertStrategy"]["notificationRateLimit"]["period"].rstrip("s"))
    row = cloud.store.row("SELECT moment FROM monitoring_matches WHERE policy = ?", policy["name"])
    if row is not None and now - row[0] < limit:
        return False
    cloud.store.sql("INSERT OR REPLACE INTO monitoring_matches VALUES (?, ?)", policy["name"], now)
    return True


def _open(cloud: Cloud, rule: MatchingRule, entry: Body) -> None:
    now, name = cloud.clock.seconds(), rule.policy["name"]
    for key in incidents.open_incidents(cloud, name):
        incidents.close_incident(cloud, rule.policy, key, now, quietly=True)
    summary = f"A log entry of {entry['logName']} matches the condition {rule.condition['displayName']}."
    cause = Cause(rule.condition, summary, {}, entry.get("resource", {}))
    incidents.open_incident(cloud, rule.policy, str(entry["insertId"]), cause, now)
    patience = float(rule.policy["alertStrategy"].get("autoClose", f"{_CLOSED_AFTER}s").rstrip("s"))
    cloud.due.after(API, CLOSE, name, patience)
