"""Open alerts: what they are about and since when, as Google's API lists them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from groundwork.environment.settings import Alerts
from groundwork.workloads import alerts, running
from groundwork.workloads.project import Project

from tests.groundwork.resources.google_lists import PROJECT, refusal, scripted

ALERTS = f"/monitoring/v3/projects/{PROJECT}/alerts"
WANTED = Alerts(errors=0.05, latency_seconds=2, memory=0.9, jobs=True, revisions=False, uptime=False)


def incident(name: str, **more: Any) -> dict[str, Any]:
    policy = {"name": f"projects/{PROJECT}/alertPolicies/1", "displayName": name}
    return {"state": "OPEN", "openTime": "2026-11-29T09:12:30Z", "policy": policy, **more}


def test_an_open_alert_says_what_it_is_about_and_since_when(project: Project) -> None:
    with scripted() as script:
        service = {"resource": {"type": "cloud_run_revision", "labels": {"service_name": "api", "location": "x"}}}
        check = {"metric": {"labels": {"check_id": "dev-api-1"}}}
        script.answers[ALERTS] = {
            "alerts": [
                incident("dev: too many errors", **service),
                incident("dev: not reachable", **check),
                incident("x"),
            ]
        }
        here = replace(
            project, cloud=script.cloud, environment=replace(project.environment, project=PROJECT, alerts=WANTED)
        )
        assert [one.text for one in alerts.open_alerts(here)] == [
            "dev: too many errors (api), since 2026-11-29 09:12",
            "dev: not reachable (dev-api-1), since 2026-11-29 09:12",
            "x, since 2026-11-29 09:12",
        ]
        assert len(running.now(here).alerts) == 3

        script.answers[ALERTS] = refusal(403, "PERMISSION_DENIED", "Not you.")
        found = running.now(here)
        assert (found.alerts, [said.partition(":")[0] for said in found.unknown]) == ((), ["alerts"])
