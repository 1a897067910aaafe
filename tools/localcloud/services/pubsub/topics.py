"""Topics: created by a PUT, published to by clients and by other services of the cloud."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

from localcloud.engine import labels
from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body, Call
from localcloud.errors import error_info, invalid, not_found, permission_denied
from localcloud.services.pubsub import backlog, bounds, schemas
from localcloud.services.pubsub.backlog import API

ID_RULE = r"(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,254}"
ID_ERROR = (
    "Invalid resource name given (name={name}). Refer to https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names for more "
    "information."
)
DELETED = "_deleted-topic_"
_MOST_MESSAGES, _MOST_BYTES = 1000, 10_000_000


def completed(call: Call, body: Body) -> Body:
    """A new topic in its stored form."""
    _checked(body)
    return schemas.check_settings(call, body) | {"state": "ACTIVE"}


def changed(call: Call, old: Body, new: Body) -> Body:
    """A changed topic in its stored form."""
    _checked(new)
    return new if new.get("schemaSettings") == old.get("schemaSettings") else schemas.check_settings(call, new)


def deleted(call: Call, body: Body) -> None:
    """Detaches the subscriptions and snapshots of a deleted topic; they keep their backlog."""
    store = call.cloud.store
    for name in backlog.attached(call.cloud, body["name"]):
        subscription = store.get(API, name)
        if subscription is not None:
            store.put(API, name, subscription | {"topic": DELETED})
    store.sql("DELETE FROM pubsub_attached WHERE topic = ?", body["name"])
    for name in backlog.snapshots(call.cloud, body["name"]):
        if (snapshot := store.get(API, name)) is not None:
            store.put(API, name, snapshot | {"topic": DELETED})
    store.sql("DELETE FROM pubsub_snapshots WHERE topic = ?", body["name"])


def publish(call: Call) -> Body:
    """topics.publish: the ids of the messages, in their order."""
    topic = _found(call.cloud, call.name)
    messages = call.body.get("messages", [])
    bounds.check_size("message_count", len(messages), (1, _MOST_MESSAGES), "messages")
    size = sum(len(one.get("data", "")) * 3 // 4 for one in messages)
    bounds.check_size("request_size", size, (0, _MOST_BYTES), "messages")
    if not all(one.get("data") or one.get("attributes") for one in messages):
        raise invalid(
            "One or more messages in the publish request is empty. Each message must contain either non-empty data, or at least one "
            "attribute.",
            "messages",
        )
    kept = [{key: one[key] for key in ("data", "attributes", "orderingKey") if one.get(key)} for one in messages]
    return {"messageIds": backlog.publish(call.cloud, call.name, schemas.checked(call.cloud, topic, kept))}


def subscriptions(call: Call) -> Body:
    """topics.subscriptions.list: the names of the topic's subscriptions, in one page."""
    _found(call.cloud, call.parent)
    names = backlog.attached(call.cloud, call.parent)
    return {"subscriptions": names} if names else {}


def announce(cloud: Cloud, principal: str, topic: str, data: bytes, attributes: Mapping[str, str]) -> None:
    """Publishes for other services, as `principal`, who needs pubsub.topics.publish."""
    check(cloud, principal, topic)
    body: Body = {"data": base64.b64encode(data).decode(), "attributes": dict(attributes)}
    backlog.publish(cloud, topic, [{key: value for key, value in body.items() if value}])


def check(cloud: Cloud, principal: str, topic: str) -> None:
    """404 without the topic, 403 when the principal may not publish to it."""
    _found(cloud, topic)
    permission, project = "pubsub.topics.publish", topic.split("/")[1]
    if not cloud.iam.allowed(principal, permission, API, topic, project):
        described = {"permission": permission, "resource": topic}
        raise permission_denied(
            f"User not authorized to perform this action. ({principal.partition(':')[2]} lacks {permission} on {topic}.)",
            [error_info("IAM_PERMISSION_DENIED", "pubsub.googleapis.com", described)],
        )


def dead(message: Body, subscription: Body, attempts: int) -> Body:
    """A message in the form for a dead letter topic, with its origin."""
    project, _, name = subscription["name"].removeprefix("projects/").partition("/subscriptions/")
    source = {
        "CloudPubSubDeadLetterSourceSubscription": name,
        "CloudPubSubDeadLetterSourceSubscriptionProject": project,
        "CloudPubSubDeadLetterSourceTopicPublishTime": message["publishTime"],
        "CloudPubSubDeadLetterSourceDeliveryCount": json.dumps(attempts),
    }
    kept: Body = {key: message[key] for key in ("data", "orderingKey") if key in message}
    return {**kept, "attributes": message.get("attributes", {}) | source}


def _found(cloud: Cloud, name: str) -> Body:
    body = cloud.store.get(API, name)
    if body is None:
        raise not_found(f"Resource not found (resource={name.rpartition('/')[2]}).")
    return body


def _checked(body: Body) -> None:
    bounds.check(body)
    if problem := labels.problem(body.get("labels", {}), "topic"):
        raise invalid(problem, "labels")
