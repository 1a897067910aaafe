"""Pub/Sub: topics and subscriptions created by PUT; messages pulled, pushed, leased, ordered, filtered, and dead-lettered."""

import asyncio
import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.localcloud.services.requests_inside import NUMBER, PROJECT, Sender, sender

BASE = f"/pubsub/v1/projects/{PROJECT}"
TOPIC, SUBSCRIPTION = f"projects/{PROJECT}/topics/events", f"projects/{PROJECT}/subscriptions/all"
AGENT = f"serviceAccount:service-{NUMBER}@gcp-sa-pubsub.iam.gserviceaccount.com"


@pytest.fixture
def call(tmp_path: Path) -> Sender:
    call = sender(tmp_path, "pubsub", "secretmanager", "storage", "iam")
    call("PUT", f"/pubsub/v1/{TOPIC}", {"labels": {"a": "b"}})
    return call


def subscribe(call: Sender, name: str = "all", **body: Any) -> Any:
    return call(
        "PUT",
        f"{BASE}/subscriptions/{name}",
        {"name": f"projects/{PROJECT}/subscriptions/{name}", "topic": TOPIC, **body},
    )


def publish(call: Sender, *texts: str, topic: str = TOPIC, **more: Any) -> list[str]:
    messages = [{"data": base64.b64encode(text.encode()).decode(), **more} for text in texts]
    return list(call("POST", f"/pubsub/v1/{topic}:publish", {"messages": messages})["messageIds"])


def pull(call: Sender, name: str = "all", most: int = 10) -> list[Any]:
    body = {"maxMessages": most, "returnImmediately": True}
    return list(call("POST", f"{BASE}/subscriptions/{name}:pull", body).get("receivedMessages", []))


def texts(received: list[Any]) -> list[str]:
    return [base64.b64decode(one["message"]["data"]).decode() for one in received]


def acknowledge(call: Sender, received: list[Any], name: str = "all") -> None:
    call("POST", f"{BASE}/subscriptions/{name}:acknowledge", {"ackIds": [one["ackId"] for one in received]})


def test_a_put_makes_a_topic_that_keeps_its_name_and_labels(call: Sender) -> None:
    assert call("GET", f"/pubsub/v1/{TOPIC}") == {"name": TOPIC, "labels": {"a": "b"}, "state": "ACTIVE"}
    assert "already exists" in call.refused("PUT", f"/pubsub/v1/{TOPIC}", {}, 409)
    message = call.refused("PUT", f"{BASE}/topics/goog-x", {})
    assert message.startswith(
        f"Invalid resource name given (name=projects/{PROJECT}/topics/goog-x). Refer to https://cloud.google.com/"
    )
    body = {"topic": {"name": TOPIC, "labels": {"c": "d"}}, "updateMask": "labels"}
    assert call("PATCH", f"/pubsub/v1/{TOPIC}?updateMask=labels", body)["labels"] == {"c": "d"}


def test_a_subscription_has_googles_defaults_and_needs_its_topic(call: Sender) -> None:
    created = subscribe(call, retryPolicy={}, deadLetterPolicy={"deadLetterTopic": TOPIC})
    assert created == {
        "name": SUBSCRIPTION,
        "topic": TOPIC,
        "ackDeadlineSeconds": 10,
        "messageRetentionDuration": "604800s",
        "expirationPolicy": {"ttl": "2678400s"},
        "pushConfig": {},
        "retryPolicy": {"minimumBackoff": "10s", "maximumBackoff": "600s"},
        "deadLetterPolicy": {"deadLetterTopic": TOPIC, "maxDeliveryAttempts": 5},
        "state": "ACTIVE",
    }
    assert call("GET", f"/pubsub/v1/{TOPIC}/subscriptions")["subscriptions"] == [SUBSCRIPTION]
    body = {"topic": TOPIC.replace("events", "none")}
    assert "not found" in call.refused("PUT", f"{BASE}/subscriptions/other", body, 404)
    body = {"subscription": {"topic": "projects/x/topics/y"}, "updateMask": "topic"}
    call.refused("PATCH", f"{BASE}/subscriptions/all", body)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"ackDeadlineSeconds": 5}, "Invalid ack deadline given (ack_deadline=5). The ack deadline must be between 10 and 600 seconds."),
        ({"messageRetentionDuration": "599s"}, "You passed 9m59s in the request, but the value must be between 10m and 744h."),
        ({"expirationPolicy": {"ttl": "3600s"}}, "expiration duration is too small. You passed 1h in the request, but the minimum value is 24h."),
        ({"deadLetterPolicy": {"deadLetterTopic": TOPIC, "maxDeliveryAttempts": 3}}, "max_delivery_attempts"),
        ({"retryPolicy": {"minimumBackoff": "700s"}}, "minimumBackoff"),
        ({"pushConfig": {"pushEndpoint": "ftp://x"}}, "Invalid push endpoint given (endpoint=ftp://x)."),
        ({"pushConfig": {"pushEndpoint": "http://[::1"}}, "Invalid push endpoint"),
        ({"pushConfig": {"pushEndpoint": "http://a:99999/"}}, "Invalid push endpoint"),
        ({"filter": "attributes.a = ("}, "filter"),
        ({"labels": {"A": "b"}}, "label"),
    ],
)  # fmt: skip
def test_what_pubsub_would_refuse_is_refused(call: Sender, body: Any, message: str) -> None:
    assert message in call.refused("PUT", f"{BASE}/subscriptions/all", {"topic": TOPIC, **body})


def test_a_topic_keeps_messages_for_as_long_as_pubsub_allows(call: Sender) -> None:
    assert (
        call("PUT", f"{BASE}/topics/kept", {"messageRetentionDuration": "600s"})["messageRetentionDuration"] == "600s"
    )
    assert "out of bounds" in call.refused("PUT", f"{BASE}/topics/other", {"messageRetentionDuration": "2678401s"})


def test_an_update_names_what_it_changes_and_nothing_that_is_fixed(call: Sender) -> None:
    subscribe(call)
    for kind, path in (("Topic", TOPIC), ("Subscription", SUBSCRIPTION)):
        text = f"The update_mask in the Update{kind}Request must be set, and must contain a non-empty paths list."
        assert call.refused("PATCH", f"/pubsub/v1/{path}", {kind.lower(): {"labels": {}}}) == text
    body = {"subscription": {"enableMessageOrdering": True}, "updateMask": "enableMessageOrdering"}
    message = call.refused("PATCH", f"/pubsub/v1/{SUBSCRIPTION}", body)
    assert message.endswith(
        "UpdateSubscriptionRequest: the 'enable_message_ordering' field in the Subscription is not mutable."
    )


def test_a_pull_and_an_acknowledgement_need_their_arguments(call: Sender) -> None:
    subscribe(call)
    path = f"{BASE}/subscriptions/all"
    assert "(argument=max_messages)" in call.refused("POST", f"{path}:pull", {"maxMessages": 0})
    assert "not specified an ack ID" in call.refused("POST", f"{path}:acknowledge", {})
    assert "invalid ack ID to the service (ack_id=x)" in call.refused("POST", f"{path}:acknowledge", {"ackIds": ["x"]})
    longer = {"ackIds": ["0" * 32], "ackDeadlineSeconds": 601}
    assert "between 0 and 600 seconds" in call.refused("POST", f"{path}:modifyAckDeadline", longer)


def test_every_subscription_gets_a_message_until_it_is_acknowledged(call: Sender) -> None:
    subscribe(call)
    subscribe(call, "other")
    first, second = publish(call, "one", "two", attributes={"a": "b"})
    assert int(first) < int(second)
    received = pull(call)
    assert texts(received) == ["one", "two"]
    assert received[0]["message"]["attributes"] == {"a": "b"}
    assert received[0]["message"]["messageId"] == first
    assert received[0]["message"]["publishTime"]
    assert "deliveryAttempt" not in received[0]
    assert pull(call) == []
    acknowledge(call, received)
    call.later(days=1)
    assert pull(call) == []
    assert texts(pull(call, "other", most=1)) == ["one"]


def test_a_lease_expires_and_the_message_is_delivered_again(call: Sender) -> None:
    subscribe(call)
    publish(call, "x")
    first = pull(call)
    call.later(seconds=1)
    assert pull(call) == []
    call.later(seconds=10)
    assert texts(pull(call)) == ["x"]
    acknowledge(call, first)  # an old lease
    call.later(seconds=11)
    again = pull(call)
    acks = {"ackIds": [again[0]["ackId"]]}
    call("POST", f"{BASE}/subscriptions/all:modifyAckDeadline", {**acks, "ackDeadlineSeconds": 600})
    call.later(seconds=500)
    assert pull(call) == []
    call("POST", f"{BASE}/subscriptions/all:modifyAckDeadline", {**acks, "ackDeadlineSeconds": 0})
    assert texts(pull(call)) == ["x"]


def test_a_refused_message_waits_as_the_retry_policy_says(call: Sender) -> None:
    subscribe(call, retryPolicy={"minimumBackoff": "20s", "maximumBackoff": "30s"})
    publish(call, "x")
    for seconds in (20, 30, 30):
        acks = [one["ackId"] for one in pull(call)]
        call("POST", f"{BASE}/subscriptions/all:modifyAckDeadline", {"ackIds": acks, "ackDeadlineSeconds": 0})
        call.later(seconds=seconds / 2)
        assert pull(call) == []
        call.later(seconds=seconds / 2 + 1)
    assert texts(pull(call)) == ["x"]


def test_with_ordering_the_next_of_a_key_waits_for_the_one_before(call: Sender) -> None:
    subscribe(call, enableMessageOrdering=True)
    publish(call, "a1", "a2", orderingKey="a")
    publish(call, "b1", orderingKey="b")
    first = pull(call, most=1)
    assert texts(first) == ["a1"]
    assert texts(pull(call)) == ["b1"]
    acknowledge(call, first)
    assert texts(pull(call)) == ["a2"]


def test_a_filter_selects_by_attributes(call: Sender) -> None:
    subscribe(call, filter='attributes.kind = "cat" AND hasPrefix(attributes.name, "to")')
    publish(call, "x", attributes={"kind": "cat", "name": "tom"})
    publish(call, "y", attributes={"kind": "cat", "name": "max"})
    publish(call, "z", attributes={"kind": "dog", "name": "tom"})
    assert texts(pull(call)) == ["x"]


def test_undeliverable_messages_go_to_the_dead_letter_topic_once_the_agent_may_publish_there(call: Sender) -> None:
    dead = TOPIC.replace("events", "dead")
    call("PUT", f"/pubsub/v1/{dead}", {})
    call("PUT", f"{BASE}/subscriptions/dead", {"topic": dead})
    subscribe(call, deadLetterPolicy={"deadLetterTopic": dead, "maxDeliveryAttempts": 5})
    publish(call, "x", attributes={"a": "b"})
    attempts = []
    for _ in range(6):
        attempts += [one["deliveryAttempt"] for one in pull(call)]
        call.later(seconds=11)
    assert attempts == [1, 2, 3, 4, 5, 6]
    assert pull(call, "dead") == []
    call.grant("roles/pubsub.publisher", AGENT)
    pull(call)
    call.later(seconds=11)
    (buried,) = pull(call, "dead")
    assert texts([buried]) == ["x"]
    attributes = buried["message"]["attributes"]
    assert attributes["a"] == "b"
    assert attributes["CloudPubSubDeadLetterSourceSubscription"] == "all"
    assert pull(call) == []


def test_the_subscriptions_of_a_deleted_topic_stay(call: Sender) -> None:
    subscribe(call)
    publish(call, "x")
    call("DELETE", f"/pubsub/v1/{TOPIC}")
    assert call("GET", f"{BASE}/subscriptions/all")["topic"] == "_deleted-topic_"
    assert texts(pull(call)) == ["x"]
    call("DELETE", f"{BASE}/subscriptions/all")
    call.refused("GET", f"{BASE}/subscriptions/all", status=404)


def test_an_unused_subscription_and_old_messages_expire(call: Sender) -> None:
    subscribe(call)
    publish(call, "x")
    call.later(days=8)
    assert pull(call) == []
    call.later(days=30)
    call("GET", f"{BASE}/subscriptions/all")
    call.later(days=2)
    call.refused("GET", f"{BASE}/subscriptions/all", status=404)


def test_seek_counts_what_came_before_as_acknowledged(call: Sender) -> None:
    subscribe(call)
    publish(call, "old")
    call.later(seconds=5)
    moment = call.cloud.clock.rfc3339()
    call.later(seconds=5)
    publish(call, "new")
    call("POST", f"{BASE}/subscriptions/all:seek", {"time": moment})
    assert texts(pull(call)) == ["new"]


def test_publishing_and_consuming_need_permission(call: Sender) -> None:
    subscribe(call)
    eve = call.as_("user:eve@example.com")
    eve.refused("POST", f"/pubsub/v1/{TOPIC}:publish", {"messages": [{"data": "eA=="}]}, 403)
    eve.refused("POST", f"{BASE}/subscriptions/all:pull", {"maxMessages": 1}, 403)
    call.grant("roles/pubsub.publisher", "user:eve@example.com")
    publish(eve, "x")
    eve.refused("POST", f"{BASE}/subscriptions/all:pull", {"maxMessages": 1}, 403)


def test_a_message_must_not_be_empty(call: Sender) -> None:
    path = f"/pubsub/v1/{TOPIC}:publish"
    assert "at least one attribute" in call.refused("POST", path, {"messages": [{}]})
    few = "The value for message_count is too small. You passed 0 in the request, but the minimum value is 1."
    assert call.refused("POST", path, {"messages": []}) == few
    many = {"messages": [{"data": "eA=="}] * 1001}
    assert "too large. You passed 1001 in the request, but the maximum value is 1000." in call.refused(
        "POST", path, many
    )


def test_a_buckets_notification_is_published(call: Sender) -> None:
    subscribe(call)
    call("POST", f"/storage/v1/b?project={PROJECT}", {"name": "data-bucket"})
    config = {"topic": f"//pubsub.googleapis.com/{TOPIC}", "payload_format": "JSON_API_V1", "object_name_prefix": "in/"}
    path = "/storage/v1/b/data-bucket/notificationConfigs"
    assert "does not have permission to publish" in call.refused("POST", path, config)
    call.grant("roles/pubsub.publisher", f"serviceAccount:service-{NUMBER}@gs-project-accounts.iam.gserviceaccount.com")
    created = call("POST", path, config)
    bearer = {"authorization": call.bearer(), "content-type": "text/plain"}
    for name in ("in/x", "out/y"):
        call.send("POST", f"/upload/storage/v1/b/data-bucket/o?uploadType=media&name={name}", bearer, b"hello")
    call.reply("DELETE", "/storage/v1/b/data-bucket/o/in%2Fx", bearer)
    first, second = pull(call)
    attributes = first["message"]["attributes"]
    assert (attributes["eventType"], attributes["objectId"]) == ("OBJECT_FINALIZE", "in/x")
    assert attributes["notificationConfig"] == f"projects/_/buckets/data-bucket/notificationConfigs/{created['id']}"
    assert json.loads(texts([first])[0])["size"] == "5"
    assert second["message"]["attributes"]["eventType"] == "OBJECT_DELETE"


def test_a_rotation_of_a_secret_is_published(call: Sender) -> None:
    subscribe(call)
    call.grant(
        "roles/pubsub.publisher", f"serviceAccount:service-{NUMBER}@gcp-sa-secretmanager.iam.gserviceaccount.com"
    )
    rotation = {"nextRotationTime": call.cloud.clock.rfc3339(7200), "rotationPeriod": "3600s"}
    body = {"replication": {"automatic": {}}, "topics": [{"name": TOPIC}], "rotation": rotation}
    call("POST", f"/secretmanager/v1/projects/{PROJECT}/secrets?secretId=key", body)
    assert pull(call) == []
    call.later(seconds=7300)
    (message,) = pull(call)
    assert message["message"]["attributes"]["eventType"] == "SECRET_ROTATE"


@contextmanager
def subscriber(answers: list[int]) -> Iterator[tuple[str, list[Any]]]:
    """An address that records what is posted to it, and answers with these statuses in turn."""
    received: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["content-length"]))
            received.append(
                {"body": json.loads(data), "authorization": self.headers.get("authorization", ""), "path": self.path}
            )
            self.send_response(answers.pop(0) if answers else 204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/push?token=t", received
    finally:
        server.shutdown()
        server.server_close()


def settled(call: Sender) -> None:
    call.cloud.due.run()
    asyncio.run(call.cloud.jobs.settled())


def test_a_push_is_posted_until_it_is_accepted(call: Sender) -> None:
    with subscriber([500]) as (endpoint, received):
        subscribe(call, pushConfig={"pushEndpoint": endpoint})
        assert "not supported for this subscription type" in call.refused(
            "POST", f"{BASE}/subscriptions/all:pull", {"maxMessages": 1}
        )
        (identity,) = publish(call, "x", attributes={"a": "b"})
        settled(call)
        call.later(seconds=2)
        settled(call)
        call.later(days=1)
        settled(call)
    assert len(received) == 2
    assert received[1]["path"] == "/push?token=t"
    message = received[1]["body"]["message"]
    assert received[1]["body"]["subscription"] == SUBSCRIPTION
    assert (message["messageId"], message["attributes"], base64.b64decode(message["data"])) == (
        identity,
        {"a": "b"},
        b"x",
    )


def test_a_push_carries_the_token_of_its_account(call: Sender) -> None:
    account = call("POST", f"/iam/v1/projects/{PROJECT}/serviceAccounts", {"accountId": "pusher"})["email"]
    with subscriber([]) as (endpoint, received):
        subscribe(call, pushConfig={"pushEndpoint": endpoint, "oidcToken": {"serviceAccountEmail": account}})
        publish(call, "x")
        settled(call)
    claims = json.loads(base64.urlsafe_b64decode(received[0]["authorization"].split(".")[1] + "=="))
    assert (claims["email"], claims["aud"]) == (account, endpoint)


def test_no_attribute_of_a_message_replaces_whose_push_it_is(call: Sender) -> None:
    config = {"noWrapper": {"writeMetadata": True}}
    with subscriber([]) as (endpoint, seen):
        subscribe(call, pushConfig={"pushEndpoint": endpoint, **config})
        forged = {"authorization": "Bearer theirs", "Content-Length": "1", "Transfer-Encoding": "chunked", "Host": "x"}
        publish(call, "123", attributes=forged)
        settled(call)
    assert [(one["body"], one["authorization"]) for one in seen] == [(123, "")]


def test_a_push_account_must_exist_and_the_caller_may_act_as_it(call: Sender) -> None:
    account = f"pusher@{PROJECT}.iam.gserviceaccount.com"
    config = {"pushEndpoint": "http://127.0.0.1:1/", "oidcToken": {"serviceAccountEmail": account}}
    body = {"topic": TOPIC, "pushConfig": config}
    assert "does not exist" in call.refused("PUT", f"{BASE}/subscriptions/pushed", body, 404)
    call("POST", f"/iam/v1/projects/{PROJECT}/serviceAccounts", {"accountId": "pusher"})
    call.grant("roles/pubsub.editor", "user:dev@example.com")
    dev = call.as_("user:dev@example.com")
    assert "iam.serviceAccounts.actAs" in dev.refused("PUT", f"{BASE}/subscriptions/pushed", body, 403)
    subscribe(dev)
    for verb, path, sent in (
        ("POST", f"{BASE}/subscriptions/all:modifyPushConfig", {"pushConfig": config}),
        ("PATCH", f"{BASE}/subscriptions/all", {"subscription": {"pushConfig": config}, "updateMask": "pushConfig"}),
    ):
        assert "iam.serviceAccounts.actAs" in dev.refused(verb, path, sent, 403)
    call("PUT", f"{BASE}/subscriptions/pushed", body)
    patch = {"subscription": {"labels": {"a": "b"}}, "updateMask": "labels"}
    assert dev("PATCH", f"{BASE}/subscriptions/pushed", patch)["labels"] == {"a": "b"}


def test_messages_for_an_address_elsewhere_wait(call: Sender) -> None:
    subscribe(call, pushConfig={"pushEndpoint": "https://example.com/push"})
    publish(call, "x")
    settled(call)
    call("POST", f"{BASE}/subscriptions/all:modifyPushConfig", {"pushConfig": {}})
    assert texts(pull(call)) == ["x"]
