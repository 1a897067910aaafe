"""Triggers for outside events: Pub/Sub messages and webhooks, what a build takes from them, and who may send them."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from localcloud.services import SERVICES
from localcloud.services.cloudbuild import payloads

from tests.localcloud.inside import NUMBER, PROJECT, Inside, inside

BASE = f"cloudbuild/v1/projects/{PROJECT}"
TOPIC = f"projects/{PROJECT}/topics/uploads"
SECRET = f"projects/{PROJECT}/secrets/hook"
BUILD = {
    "steps": [{"name": "x", "args": ["$_NAME", "$_KIND"]}],
    "options": {"logging": "CLOUD_LOGGING_ONLY"},
}
ON_UPLOAD = {
    "name": "process",
    "build": BUILD,
    "pubsubConfig": {"topic": TOPIC},
    "substitutions": {"_NAME": "gs://$(body.message.data.bucket)/$(body.message.data.name)", "_KIND": "$(body.message.attributes.eventType)"},
    "filter": '_KIND == "OBJECT_FINALIZE" && _NAME.endsWith(".csv")',
}  # fmt: skip


@pytest.fixture
def cloud(tmp_path: Path) -> Inside:
    cloud = inside(tmp_path / "state", *SERVICES)
    cloud.cloud.workloads.settings.forced = "simulated"
    cloud.ok("PUT", f"pubsub/v1/{TOPIC}", {})
    return cloud


def published(cloud: Inside, data: Any, topic: str = TOPIC, **attributes: str) -> None:
    text = data if isinstance(data, str) else json.dumps(data)
    message = {"data": base64.b64encode(text.encode()).decode(), "attributes": attributes}
    cloud.ok("POST", f"pubsub/v1/{topic}:publish", {"messages": [message]})


def arguments(cloud: Inside) -> list[list[str]]:
    """The arguments of all builds' steps, the oldest build first."""
    builds = cloud.ok("GET", f"{BASE}/builds").get("builds", [])
    return [one["steps"][0]["args"] for one in reversed(builds)]


def test_a_message_that_matches_the_filter_starts_a_build_with_its_values(cloud: Inside) -> None:
    created = cloud.ok("POST", f"{BASE}/triggers", ON_UPLOAD)
    assert created["pubsubConfig"] == {"topic": TOPIC, "subscription": f"projects/{PROJECT}/subscriptions/gcb-process"}
    published(cloud, {"bucket": "raw", "name": "a.csv"}, eventType="OBJECT_FINALIZE")
    published(cloud, {"bucket": "raw", "name": "a.png"}, eventType="OBJECT_FINALIZE")
    published(cloud, "no JSON", eventType="OBJECT_DELETE")
    assert arguments(cloud) == [["gs://raw/a.csv", "OBJECT_FINALIZE"]]
    (build,) = cloud.ok("GET", f"{BASE}/builds")["builds"]
    assert build["buildTriggerId"] == created["id"]
    cloud.ok("PATCH", f"{BASE}/triggers/process", {**ON_UPLOAD, "disabled": True})
    published(cloud, {"bucket": "raw", "name": "b.csv"}, eventType="OBJECT_FINALIZE")
    assert len(arguments(cloud)) == 1


def test_an_upload_to_a_bucket_starts_a_build_by_its_notification(cloud: Inside) -> None:
    cloud.ok("POST", f"{BASE}/triggers", ON_UPLOAD)
    cloud.ok("POST", f"storage/v1/b?project={PROJECT}", {"name": "raw", "location": "EU"})
    agent = f"serviceAccount:service-{NUMBER}@gs-project-accounts.iam.gserviceaccount.com"
    cloud.grant("roles/pubsub.publisher", agent)
    cloud.ok("POST", "storage/v1/b/raw/notificationConfigs", {"topic": TOPIC, "payload_format": "JSON_API_V1"})
    response = cloud("POST", "upload/storage/v1/b/raw/o?uploadType=media&name=new.csv", b"1,2", content_type="text/csv")
    assert response.status == 200, response.body
    assert arguments(cloud) == [["gs://raw/new.csv", "OBJECT_FINALIZE"]]


def test_a_failed_trigger_is_logged_and_its_publisher_is_not_refused(cloud: Inside) -> None:
    cloud.ok("POST", f"{BASE}/triggers", {**ON_UPLOAD, "filter": ""})
    published(cloud, {"bucket": "raw", "name": "x" * 5000})
    (build,) = cloud.ok("GET", f"{BASE}/builds")["builds"]
    assert (build["status"], build.get("steps")) == ("FAILURE", None)
    assert "is too long" in build["statusDetail"]
    request = {"resourceNames": [f"projects/{PROJECT}"], "filter": "severity=ERROR"}
    (entry,) = cloud.ok("POST", "logging/v2/entries:list", request)["entries"]
    assert "Trigger process started no build for message" in entry["textPayload"]
    assert "is too long" in entry["textPayload"]


def test_announced_builds_do_not_trigger_each_other_endlessly(cloud: Inside) -> None:
    topic = f"projects/{PROJECT}/topics/cloud-builds"
    cloud.ok("PUT", f"pubsub/v1/{topic}", {})
    agent = f"serviceAccount:service-{NUMBER}@gcp-sa-cloudbuild.iam.gserviceaccount.com"
    cloud.grant("roles/pubsub.publisher", agent)
    echo = {
        "substitutions": {"_NAME": "$(body.message.data.status)", "_KIND": "echo"},
        "filter": "",
        "pubsubConfig": {"topic": topic},
    }
    cloud.ok("POST", f"{BASE}/triggers", {**ON_UPLOAD, **echo})
    cloud.ok("POST", f"{BASE}/builds", {**BUILD, "substitutions": {"_NAME": "mine", "_KIND": "x"}})
    names = [name for name, _ in arguments(cloud)]
    assert len(names) == len(set(names))
    assert {"mine", "QUEUED"} <= set(names) <= {"mine", "QUEUED", "WORKING", "SUCCESS", "FAILURE"}


@pytest.mark.parametrize(
    ("change", "status", "problem"),
    [
        ({"pubsubConfig": {"topic": "uploads"}}, 400, "must be projects/PROJECT/topics/TOPIC"),
        ({"pubsubConfig": {"topic": f"{TOPIC}-2"}}, 400, "cannot be subscribed to"),
        ({"filter": "_OTHER == 1"}, 400, "undeclared reference"),
        ({"filter": "_NAME"}, 400, "neither true nor false"),
        ({"pubsubConfig": None, "webhookConfig": {"secret": "hook"}}, 400, "must be projects/P/secrets"),
    ],
)
def test_a_trigger_that_could_never_act_is_refused(
    cloud: Inside, change: dict[str, Any], status: int, problem: str
) -> None:
    sent = {key: value for key, value in {**ON_UPLOAD, **change}.items() if value is not None}
    response = cloud("POST", f"{BASE}/triggers", sent)
    assert (response.status, problem in response.message) == (status, True), response.message


def with_webhook(cloud: Inside) -> None:
    cloud.ok("POST", f"secretmanager/v1/projects/{PROJECT}/secrets?secretId=hook", {"replication": {"automatic": {}}})
    cloud.ok("POST", f"secretmanager/v1/{SECRET}:addVersion", {"payload": {"data": "c2VzYW1l"}})
    named = {"_NAME": "$(body.model.name)", "_KIND": "$(body.tags[1])"}
    hook = {"name": "hook", "build": BUILD, "substitutions": named, "webhookConfig": {"secret": f"{SECRET}/versions/1"}}
    cloud.ok("POST", f"{BASE}/triggers", hook)


def test_a_webhook_with_the_secret_starts_a_build_and_any_other_is_refused(cloud: Inside) -> None:
    with_webhook(cloud)
    anybody, sent = cloud.as_(""), {"model": {"name": "cards"}, "tags": ["a", "b"]}
    hook = f"{BASE}/triggers/hook:webhook"
    unread = anybody("POST", f"{hook}?key=AIza&secret=sesame", sent)
    assert (unread.status, "cannot be read by Cloud Build" in unread.message) == (400, True)
    agent = f"serviceAccount:service-{NUMBER}@gcp-sa-cloudbuild.iam.gserviceaccount.com"
    cloud.grant("roles/secretmanager.secretAccessor", agent)
    assert anybody("POST", f"{hook}?secret=sesame", sent).status == 200
    assert anybody("POST", f"{BASE}/locations/global/triggers/hook:webhook?secret=sesame", sent).status == 200
    assert arguments(cloud) == [["cards", "b"], ["cards", "b"]]
    assert anybody("POST", f"{hook}?secret=open", sent).status == 403
    assert anybody("POST", hook, sent).status == 401
    assert anybody("POST", f"{BASE}/triggers/none:webhook", sent).status == 401
    assert cloud.as_("user:eve@example.com")("POST", hook, sent).status == 403
    assert anybody("POST", f"{hook}?secret=sesame", b"no JSON").status == 400
    assert cloud("POST", hook, sent).status == 200
    assert len(arguments(cloud)) == 3


def test_a_trigger_without_a_webhook_accepts_none(cloud: Inside) -> None:
    cloud.ok("POST", f"{BASE}/triggers", ON_UPLOAD)
    response = cloud.as_("")("POST", f"{BASE}/triggers/process:webhook?secret=x", {})
    assert (response.status, "does not accept webhooks" in response.message) == (400, True)


def test_the_list_of_requests_shows_no_secret(cloud: Inside) -> None:
    with_webhook(cloud)
    cloud.as_("")("POST", f"{BASE}/triggers/hook:webhook?key=AIza&secret=sesame&alt=json", {})
    rows = cloud("GET", "_local/requests", x_local_control="key").body["requests"]
    assert rows[-1]["query"] == "key=…&secret=…&alt=json"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$(body.a)", "1"),
        ("$(body.list[1].x)-$(body['odd key'])", "y-z"),
        ("$(body.none.x)$(body.list[9])", ""),
        ("$(body.list)", '[0,{"x":"y"}]'),
        ("$(header.a) ${_X}", "$(header.a) ${_X}"),
    ],
)
def test_a_binding_resolves_its_path(text: str, value: str) -> None:
    body = {"a": 1, "list": [0, {"x": "y"}], "odd key": "z"}
    assert payloads.bound({"_A": text}, body) == {"_A": value}


def test_bindings_put_no_more_into_a_value_than_it_may_have() -> None:
    body = {"text": "x" * 1_000_000, "list": [{"text": "x" * 1_000_000}]}
    many = {"_A": "$(body.text)" * 300, "_B": "$(body.list[0])$(body.list[00])", "_C": "ab$(body.text)cd", "_D": "-"}
    assert {key: len(text) for key, text in payloads.bound(many, body).items()} == {
        "_A": 4001,
        "_B": 4001,
        "_C": 4003,
        "_D": 1,
    }
