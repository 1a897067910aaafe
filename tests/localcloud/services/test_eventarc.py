"""Eventarc: triggers, what carries their events, and the events as a service gets them."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from localcloud.engine.interfaces import Addresses
from localcloud.server.assembly import application
from localcloud.services import SERVICES

from tests.localcloud.services.requests_inside import NUMBER, PROJECT, Sender, sender

PLACE = f"projects/{PROJECT}/locations/europe-west1"
TRIGGERS = f"/eventarc/v1/{PLACE}/triggers"
EMAIL = f"caller@{PROJECT}.iam.gserviceaccount.com"
STORAGE = f"serviceAccount:service-{NUMBER}@gs-project-accounts.iam.gserviceaccount.com"
FINALIZED = "google.cloud.storage.object.v1.finalized"
PUBLISHED = "google.cloud.pubsub.topic.v1.messagePublished"
TOPIC = f"projects/{PROJECT}/topics/orders"


@pytest.fixture
def call(tmp_path: Path) -> Sender:
    call = sender(tmp_path, "eventarc", "run", "iam", "pubsub", "storage")
    application(call.cloud, SERVICES, "http://127.0.0.1:1", "key")  # what asks Google's APIs for others
    call("POST", f"/iam/v1/projects/{PROJECT}/serviceAccounts", {"accountId": "caller"})
    call("POST", f"/storage/v1/b?project={PROJECT}", {"name": "uploads", "location": "europe-west1"})
    call("POST", f"/storage/v1/b?project={PROJECT}", {"name": "wide", "location": "EU"})
    call("PUT", f"/pubsub/v1/{TOPIC}", {})
    body = {"template": {"containers": [{"image": "docker.io/library/nginx:1"}]}}
    call("POST", f"/run/v2/{PLACE}/services?serviceId=api", body)
    asyncio.run(call.cloud.jobs.settled())
    call.grant("roles/eventarc.eventReceiver", f"serviceAccount:{EMAIL}")
    call.grant("roles/pubsub.publisher", STORAGE)
    return call


def objects(**more: Any) -> dict[str, Any]:
    """A trigger for new objects in a bucket."""
    filters = [{"attribute": "type", "value": FINALIZED}, {"attribute": "bucket", "value": "uploads"}]
    return {"eventFilters": filters, **target(), **more}


def messages(**more: Any) -> dict[str, Any]:
    """A trigger for the messages of a topic."""
    body = {"eventFilters": [{"attribute": "type", "value": PUBLISHED}], "transport": {"pubsub": {"topic": TOPIC}}}
    return {**body, **target(), **more}


def target() -> dict[str, Any]:
    return {"destination": {"cloudRun": {"service": "api", "region": "europe-west1"}}, "serviceAccount": EMAIL}


def made(call: Sender, body: Any) -> Any:
    return call("POST", f"{TRIGGERS}?triggerId=new", body)["response"]


def put(call: Sender, name: str, data: bytes = b"x") -> None:
    headers = {"authorization": call.bearer(), "content-type": "text/csv"}
    call.send("POST", f"/upload/storage/v1/b/uploads/o?uploadType=media&name={name}", headers, data)


def topics(call: Sender) -> list[str]:
    return [one["name"] for one in call("GET", f"/pubsub/v1/projects/{PROJECT}/topics")["topics"]]


@pytest.fixture
def inbox(call: Sender) -> "Inbox":
    box = Inbox(call)
    call.cloud.offers.add(Addresses(box.local))
    return box


class Inbox:
    """Stands where the service's port would be, and keeps what arrives."""

    def __init__(self, call: Sender) -> None:
        self.call, self.port, self.answers = call, 0, b"204 No Content"
        self.got: list[tuple[dict[str, str], bytes]] = []

    def local(self, url: str) -> str | None:
        return f"http://127.0.0.1:{self.port}/{url.partition('.app/')[2]}" if ".run.app/" in url else None

    def deliver(self) -> None:
        """Runs what is due while the service listens."""
        asyncio.run(self._delivered())

    async def _delivered(self) -> None:
        async with await asyncio.start_server(self._answer, "127.0.0.1", 0) as server:
            self.port = server.sockets[0].getsockname()[1]
            store = self.call.cloud.store
            store.begin()
            self.call.cloud.due.run()
            store.commit()
            await self.call.cloud.jobs.settled()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers["content-length"]))
        self.got.append((headers | {"path": head[0].split(" ")[1]}, body))
        writer.write(b"HTTP/1.1 " + self.answers + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()


def test_a_trigger_of_a_bucket_has_a_topic_a_subscription_and_a_notification(call: Sender) -> None:
    trigger = made(call, objects(labels={"team": "crops"}))
    assert trigger["eventDataContentType"] == "application/json"
    assert trigger["uid"]
    assert trigger["etag"]
    pubsub = trigger["transport"]["pubsub"]
    subscription = call("GET", f"/pubsub/v1/{pubsub['subscription']}")
    assert subscription["topic"] == pubsub["topic"]
    assert subscription["pushConfig"]["oidcToken"]["serviceAccountEmail"] == EMAIL
    assert subscription["pushConfig"]["pushEndpoint"].endswith(".run.app/?__GCP_CloudEventsMode=GCS_NOTIFICATION")
    assert subscription["messageRetentionDuration"] == "86400s"
    (config,) = call("GET", "/storage/v1/b/uploads/notificationConfigs")["items"]
    assert config["topic"] == f"//pubsub.googleapis.com/{pubsub['topic']}"
    assert config["event_types"] == ["OBJECT_FINALIZE"]
    assert call("GET", TRIGGERS)["triggers"] == [call("GET", f"{TRIGGERS}/new")]
    assert "has changed" in call.refused("DELETE", f"{TRIGGERS}/new?etag=old", None, 409)
    call("DELETE", f"{TRIGGERS}/new?validateOnly=true")
    gone = call("DELETE", f"{TRIGGERS}/new")["response"]
    assert (gone["@type"], gone["uid"]) == ("type.googleapis.com/google.cloud.eventarc.v1.Trigger", trigger["uid"])
    assert call("DELETE", f"{TRIGGERS}/new?allowMissing=true")["done"]
    assert topics(call) == [TOPIC]
    assert call("GET", f"/pubsub/v1/projects/{PROJECT}/subscriptions") == {}
    assert "items" not in call("GET", "/storage/v1/b/uploads/notificationConfigs")


def test_a_new_object_arrives_as_a_cloud_event_with_the_triggers_identity(call: Sender, inbox: Inbox) -> None:
    made(call, objects(destination={"cloudRun": {"service": "api", "region": "europe-west1", "path": "/events"}}))
    put(call, "data%2F%C3%A6rter%20100%25.csv", b"a,b\n")
    inbox.deliver()
    ((headers, body),) = inbox.got
    assert headers["path"] == "/events?__GCP_CloudEventsMode=GCS_NOTIFICATION"
    assert headers["ce-type"] == FINALIZED
    assert headers["ce-source"] == "//storage.googleapis.com/projects/_/buckets/uploads"
    assert headers["ce-subject"] == "objects/data/%C3%A6rter%20100%25.csv"
    assert headers["ce-specversion"] == "1.0"
    assert headers["ce-bucket"] == "uploads"
    assert headers["content-type"] == "application/json"
    assert headers["ce-id"].isdigit()
    data = json.loads(body)
    assert (data["bucket"], data["name"], data["size"]) == ("uploads", "data/ærter 100%.csv", "4")
    principal, audience, _ = call.cloud.tokens.identified(headers["authorization"].removeprefix("Bearer "), 0)
    assert principal == f"serviceAccount:{EMAIL}"
    assert audience == call("GET", f"/run/v2/{PLACE}/services/api")["uri"]


def test_a_bucket_of_a_multi_region_has_its_triggers_there(call: Sender) -> None:
    body = objects()
    body["eventFilters"][1]["value"] = "wide"
    made_ = call("POST", f"{TRIGGERS.replace('europe-west1', 'eu')}?triggerId=new", body)["response"]
    assert made_["name"] == f"projects/{PROJECT}/locations/eu/triggers/new"
    assert made_["destination"]["cloudRun"]["region"] == "europe-west1"


def test_only_what_was_asked_for_arrives(call: Sender, inbox: Inbox) -> None:
    filters = [
        {"attribute": "type", "value": "google.cloud.storage.object.v1.deleted"},
        {"attribute": "bucket", "value": "uploads"},
    ]
    made(call, objects(eventFilters=filters))
    put(call, "one")
    inbox.deliver()
    assert inbox.got == []
    call.reply("DELETE", "/storage/v1/b/uploads/o/one", {"authorization": call.bearer()})
    inbox.deliver()
    assert inbox.got[0][0]["ce-type"] == "google.cloud.storage.object.v1.deleted"


def test_a_message_arrives_in_its_envelope_and_its_topic_stays_with_its_owner(call: Sender, inbox: Inbox) -> None:
    trigger = made(call, messages())
    assert trigger["transport"]["pubsub"]["topic"] == TOPIC
    call("POST", f"/pubsub/v1/{TOPIC}:publish", {"messages": [{"data": "eA==", "attributes": {"a": "b"}}]})
    inbox.deliver()
    ((headers, body),) = inbox.got
    assert headers["ce-type"] == PUBLISHED
    assert headers["ce-source"] == f"//pubsub.googleapis.com/{TOPIC}"
    data = json.loads(body)
    assert (data["message"]["data"], data["message"]["attributes"]) == ("eA==", {"a": "b"})
    assert data["subscription"] == trigger["transport"]["pubsub"]["subscription"]
    call("DELETE", f"{TRIGGERS}/new")
    assert call("GET", f"/pubsub/v1/{TOPIC}")["name"] == TOPIC


def test_a_failed_delivery_is_repeated_by_the_clock_for_a_day(call: Sender, inbox: Inbox) -> None:
    made(call, objects())
    inbox.answers = b"500 Internal Server Error"
    put(call, "one")
    inbox.deliver()
    inbox.deliver()
    assert len(inbox.got) == 1
    call.later(seconds=11)
    inbox.deliver()
    assert len(inbox.got) == 2
    call.later(days=2)
    inbox.deliver()
    assert len(inbox.got) == 2


def test_with_one_attempt_a_failed_delivery_is_not_repeated(call: Sender, inbox: Inbox) -> None:
    made(call, objects(retryPolicy={"maxAttempts": 1}))
    inbox.answers = b"500 Internal Server Error"
    put(call, "one")
    inbox.deliver()
    call.later(seconds=700)
    inbox.deliver()
    assert len(inbox.got) == 1


def test_a_changed_trigger_listens_to_another_bucket_as_another_account(call: Sender, inbox: Inbox) -> None:
    made(call, objects())
    call("POST", f"/storage/v1/b?project={PROJECT}", {"name": "more", "location": "europe-west1"})
    body = objects()
    body["eventFilters"][1]["value"] = "more"
    default = f"{NUMBER}-compute@developer.gserviceaccount.com"
    call.grant("roles/eventarc.eventReceiver", f"serviceAccount:{default}")
    path = f"{TRIGGERS}/new?updateMask=eventFilters,serviceAccount,labels"
    changed = call("PATCH", path, {**body, "serviceAccount": default, "labels": {"a": "b"}})["response"]
    assert (changed["serviceAccount"], changed["labels"]) == (default, {"a": "b"})
    put(call, "one")
    inbox.deliver()
    assert inbox.got == []
    headers = {"authorization": call.bearer(), "content-type": "text/csv"}
    call.send("POST", "/upload/storage/v1/b/more/o?uploadType=media&name=two", headers, b"x")
    inbox.deliver()
    principal, _, _ = call.cloud.tokens.identified(inbox.got[0][0]["authorization"].removeprefix("Bearer "), 0)
    assert principal == f"serviceAccount:{default}"


KIND = {"attribute": "type", "value": FINALIZED}
BUCKET = {"attribute": "bucket", "value": "uploads"}


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"eventFilters": [{"attribute": "type"}]}, 400, "an attribute and a value"),
        (
            {"eventFilters": [KIND | {"value": PUBLISHED}], "transport": {"pubsub": {"topic": "orders"}}},
            400,
            "the form",
        ),
        ({"eventFilters": [BUCKET]}, 400, "filter for the attribute type"),
        ({"eventFilters": [KIND]}, 400, "filter for the attribute bucket"),
        ({"eventFilters": [KIND, BUCKET, {"attribute": "size", "value": "1"}]}, 400, "invalid attribute 'size'"),
        ({"eventFilters": [KIND, BUCKET, BUCKET]}, 400, "each attribute once"),
        ({"eventFilters": [KIND, BUCKET | {"operator": "match-path-pattern"}]}, 400, "path pattern"),
        ({"eventFilters": [KIND | {"value": "google.cloud.storage.object.v1.eaten"}, BUCKET]}, 400, "not a known type"),
        ({"eventFilters": [KIND | {"value": "google.cloud.audit.log.v1.written"}]}, 501, "audit logs"),
        ({"eventFilters": [KIND, BUCKET | {"value": "lost"}]}, 403, "could not be validated"),
        ({"eventFilters": [KIND, BUCKET | {"value": "wide"}]}, 400, "is in eu"),
        ({"destination": {}}, 400, "cloud_run.service is required"),
        ({"destination": {"cloudRun": {"service": "lost"}}}, 404, "could not be validated"),
        ({"destination": {"workflow": "x"}}, 501, "not to workflow"),
        ({"destination": {"cloudFunction": "x"}}, 400, "set by Cloud Functions only"),
        ({"transport": {"pubsub": {"topic": TOPIC}}}, 400, "may be given for events of the type"),
        ({"retryPolicy": {"maxAttempts": 3}}, 400, "only valid value"),
        ({"serviceAccount": f"nobody@{PROJECT}.iam.gserviceaccount.com"}, 404, "does not exist"),
        ({"labels": {"Team": "x"}}, 400, "not valid"),
    ],
)
def test_what_google_refuses_is_refused_and_leaves_nothing(call: Sender, body: Any, status: int, message: str) -> None:
    assert message in call.refused("POST", f"{TRIGGERS}?triggerId=new", objects(**body), status)
    assert topics(call) == [TOPIC]


def test_the_rights_of_all_three_accounts_are_looked_at(call: Sender) -> None:
    policy = call.cloud.iam.policy("cloudresourcemanager", f"projects/{PROJECT}")
    for role, status, message in (
        ("roles/eventarc.eventReceiver", 403, f'Permission "eventarc.events.receiveEvent" denied on "{EMAIL}"'),
        ("roles/pubsub.publisher", 400, "unable to publish to Cloud Pub/Sub topics"),
    ):
        left = [one for one in policy["bindings"] if one["role"] != role]
        call.cloud.iam.write("cloudresourcemanager", f"projects/{PROJECT}", {"bindings": left})
        assert message in call.refused("POST", f"{TRIGGERS}?triggerId=new", objects(), status)
        call.cloud.iam.write("cloudresourcemanager", f"projects/{PROJECT}", {"bindings": policy["bindings"]})
    call.grant("roles/eventarc.developer", "user:dev@example.com")
    developer = call.as_("user:dev@example.com")
    assert "actAs" in developer.refused("POST", f"{TRIGGERS}?triggerId=new", objects(), 403)
    assert made(call, objects())["name"].endswith("/new")


def test_a_name_is_taken_once_and_a_trial_makes_nothing(call: Sender) -> None:
    call("POST", f"{TRIGGERS}?triggerId=new&validateOnly=true", objects())
    assert call("GET", TRIGGERS) == {}
    made(call, objects())
    assert "already exists" in call.refused("POST", f"{TRIGGERS}?triggerId=new", objects(), 409)
    assert len(call("GET", "/storage/v1/b/uploads/notificationConfigs")["items"]) == 1


def test_providers_and_their_events_are_listed(call: Sender) -> None:
    path = f"/eventarc/v1/{PLACE}/providers"
    listed = call("GET", path)["providers"]
    assert [one["displayName"] for one in listed] == ["Cloud Pub/Sub", "Cloud Storage"]
    assert call("GET", f"{path}/storage.googleapis.com") == listed[1]
    assert "not found" in call.refused("GET", f"{path}/nobody.example.com", None, 404)


def test_a_trigger_takes_nobodys_topic_with_it(call: Sender) -> None:
    topic = f"projects/{PROJECT}/topics/eventarc-europe-west1-x-mine-001"  # begins as the topic of a trigger "x" does
    call("PUT", f"/pubsub/v1/{topic}", {})
    call("POST", f"{TRIGGERS}?triggerId=x", messages(transport={"pubsub": {"topic": topic}}))
    call("DELETE", f"{TRIGGERS}/x")
    assert topic in topics(call)


@pytest.mark.parametrize("service", [{"service": "api:getIamPolicy"}, {"service": "api", "region": ".."}])
def test_the_name_of_a_service_is_no_path(call: Sender, service: Any) -> None:
    body = messages(destination={"cloudRun": service})
    assert "which has other characters than" in call.refused("POST", f"{TRIGGERS}?triggerId=t", body)
