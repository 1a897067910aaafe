"""Alerts, channels, uptime checks and dashboards: what is secret in a channel, and what of a dashboard counts as a change."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.localcloud.provider.conftest import PROJECT, World
from tests.localcloud.provider.core import Core, Refusal

CHANNEL = "google_monitoring_notification_channel"
CHECK = "google_monitoring_uptime_check_config"
DASHBOARD = "google_monitoring_dashboard"
POLICY = "google_monitoring_alert_policy"
HEAD = {"displayName": "team", "gridLayout": {"widgets": [{"text": {"content": "well"}}, {"blank": {}}]}}


def slack(**secret: str) -> dict[str, Any]:
    return {"type": "slack", "labels": {"channel_name": "#alerts"}, "sensitive_labels": [secret]}


def check(**more: Any) -> dict[str, Any]:
    resource = [{"type": "uptime_url", "labels": {"host": "example.com"}}]
    return {
        "display_name": "page",
        "timeout": "10s",
        "monitored_resource": resource,
        "http_check": [{"path": "health"}],
        **more,
    }


def alert(*names: str) -> dict[str, Any]:
    log = [{"filter": "severity >= ERROR"}]
    threshold = [{"filter": REQUESTS, "comparison": "COMPARISON_GT", "duration": "0s"}]
    kinds = [{"condition_matched_log": log} if name == "log" else {"condition_threshold": threshold} for name in names]
    conditions = [{"display_name": name, **kind} for name, kind in zip(names, kinds, strict=True)]
    return {"display_name": "errors", "combiner": "OR", "conditions": conditions}


REQUESTS = 'resource.type = "cloud_run_revision" AND metric.type = "run.googleapis.com/request_count"'


def test_a_write_only_token_reaches_the_api_and_no_state(world: World) -> None:
    with pytest.raises(Refusal, match=r"labels\[auth_token\]"):
        world.core.created(CHANNEL, type="slack", labels={"channel_name": "#alerts"})
    state = world.core.created(CHANNEL, **slack(auth_token_wo="hidden", auth_token_wo_version="1"))
    assert "hidden" not in json.dumps(state)
    assert state["labels"] == {"channel_name": "#alerts"}
    found = world.core.read(CHANNEL, state)
    assert found is not None
    assert found["labels"] == state["labels"]


def test_a_secret_stays_in_its_place_since_the_api_masks_it(world: World) -> None:
    hidden = world.core.created(CHANNEL, **slack(auth_token="mine"))
    assert hidden["sensitive_labels"][0]["auth_token"] == "mine"
    plain = world.core.created(CHANNEL, type="slack", labels={"channel_name": "#alerts", "auth_token": "mine"})
    found = world.core.read(CHANNEL, plain)
    assert found is not None
    assert found["labels"] == {"channel_name": "#alerts", "auth_token": "mine"}
    with pytest.raises(Refusal, match="The label auth_token is set in labels and in sensitive_labels"):
        world.core.created(CHANNEL, **{**slack(auth_token="mine"), "labels": {"auth_token": "other"}})


def test_a_channel_in_use_is_only_deleted_by_force(world: World) -> None:
    mail = {"type": "email", "labels": {"email_address": "team@example.com"}}
    channel = world.core.created(CHANNEL, **mail)
    world.core.created(POLICY, **alert("errors"), notification_channels=[channel["id"]])
    with pytest.raises(Refusal, match="still being referenced"):
        world.core.destroyed(CHANNEL, channel)
    forced = world.core.changed(CHANNEL, channel, **mail, force_delete=True)
    world.core.destroyed(CHANNEL, forced)
    assert world.core.read(CHANNEL, forced) is None


def test_conditions_keep_their_names_when_another_is_added(world: World) -> None:
    state = world.core.created(POLICY, **alert("errors"))
    changed = world.core.changed(POLICY, state, **alert("errors", "slow"))
    names = [one["name"] for one in changed["conditions"]]
    assert names[0] == state["conditions"][0]["name"]
    assert names[1].startswith(f"{state['id']}/conditions/")


def test_what_google_adds_to_a_dashboard_is_no_change(world: World) -> None:
    state = world.core.created(DASHBOARD, dashboard_json=json.dumps(HEAD))
    assert json.loads(state["dashboard_json"])["etag"]
    assert world.core.plan(DASHBOARD, state, dashboard_json=json.dumps(HEAD, indent=2)).values == state
    shorter = {**HEAD, "gridLayout": {"widgets": HEAD["gridLayout"]["widgets"][:1]}}  # type: ignore[index]
    changed = world.core.changed(DASHBOARD, state, dashboard_json=json.dumps(shorter))
    assert len(json.loads(changed["dashboard_json"])["gridLayout"]["widgets"]) == 1
    imported = world.core.imported(DASHBOARD, state["id"].rpartition("/")[2])
    assert imported is not None
    assert imported["dashboard_json"] == changed["dashboard_json"]


def test_json_is_stored_as_go_writes_it(offline: Core) -> None:
    values = offline.plan(DASHBOARD, dashboard_json='{"b": 1.0, "a": "<é>", "c": 0.5}').values
    assert values is not None
    assert values["dashboard_json"] == '{"a":"\\u003cé\\u003e","b":1,"c":0.5}'


def test_a_path_without_its_slash_and_a_host_without_its_project_are_no_change(world: World) -> None:
    state = world.core.created(CHECK, **check())
    assert state["http_check"][0]["path"] == "/health"
    assert state["monitored_resource"][0]["labels"] == {"host": "example.com", "project_id": PROJECT}
    planned = world.core.plan(CHECK, state, **check())
    assert (planned.values, planned.replaced) == (state, [])
    assert state["uptime_check_id"] == state["id"].rpartition("/")[2]
