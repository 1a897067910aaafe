"""Notification configurations of buckets; announcing.py publishes accordingly.

Source: cloud.google.com/storage/docs/json_api/v1/notifications.
"""

from __future__ import annotations

import re

from localcloud.engine.exchange import Reply
from localcloud.engine.interfaces import Publishing
from localcloud.engine.service import Body, Call
from localcloud.errors import CloudError, not_found
from localcloud.services.storage import access, limits, refusals
from localcloud.services.storage.rows import Bucket

API = "storage"
_TOPIC = re.compile(r"(?://pubsub\.googleapis\.com/)?(projects/[^/]+/topics/[A-Za-z][A-Za-z0-9._~+%-]{2,254})")
_EVENTS = {"OBJECT_FINALIZE", "OBJECT_METADATA_UPDATE", "OBJECT_DELETE", "OBJECT_ARCHIVE"}
_FORMATS = {"JSON_API_V1", "NONE"}
_FIELDS = ("event_types", "object_name_prefix", "custom_attributes")
_MOST = 100


def insert(call: Call) -> Body:
    """storage.notifications.insert"""
    row = access.bucket(call, call.params["bucket"], "storage.buckets.update")
    bucket, sent = row.name, call.body
    topic = _TOPIC.fullmatch(sent.get("topic") or "")
    if topic is None:
        raise refusals.invalid(f"Invalid Google Cloud Pub/Sub topic. It should look like '{_LIKE}'.")
    if sent.get("payload_format") not in _FORMATS:
        raise refusals.invalid(
            f"Invalid value '{sent.get('payload_format', '')}' for payload_format: JSON_API_V1 or NONE."
        )
    if unknown := set(sent.get("event_types") or ()) - _EVENTS:
        raise refusals.invalid(f"Invalid value '{min(unknown)}' for event_types.")
    limits.check_attributes(sent.get("custom_attributes") or {})
    _check_topic(call, row, topic[1])
    if len(_rows(call, bucket)) >= _MOST:
        raise refusals.invalid(f"A bucket may have {_MOST} notification configurations; '{bucket}' has them all.")
    identity = str(call.cloud.store.next(f"storage notifications of {bucket}"))
    body = {field: sent[field] for field in _FIELDS if sent.get(field)}
    body |= {"topic": f"//pubsub.googleapis.com/{topic[1]}", "payload_format": sent["payload_format"]}
    body |= {"id": identity, "etag": identity}
    call.cloud.store.insert(API, _name(bucket, identity), body)
    return _shown(call, bucket, body)


def _check_topic(call: Call, bucket: Bucket, topic: str) -> None:
    """The topic must be there and the agent for Cloud Storage may publish to it, where this cloud has Pub/Sub."""
    publishing = call.cloud.offers.get(Publishing)
    if publishing is None:
        return
    agent = call.cloud.agents.member(API, bucket.project)
    try:
        publishing.check(agent, topic)
    except CloudError:
        raise refusals.invalid(
            f"The service account '{agent.partition(':')[2]}' does not have permission to publish messages to the Cloud Pub/Sub topic "
            f"'//pubsub.googleapis.com/{topic}', or that topic does not exist."
        ) from None


_LIKE = "//pubsub.googleapis.com/projects/*/topics/*"


def get(call: Call) -> Body:
    """storage.notifications.get"""
    bucket = access.bucket(call, call.params["bucket"], "storage.buckets.get").name
    return _shown(call, bucket, _found(call, bucket))


def list_(call: Call) -> Body:
    """storage.notifications.list: all in one page"""
    bucket = access.bucket(call, call.params["bucket"], "storage.buckets.get").name
    rows = sorted(_rows(call, bucket), key=lambda body: int(body["id"]))
    items = {"items": [_shown(call, bucket, body) for body in rows]} if rows else {}
    return {"kind": "storage#notifications", **items}


def delete(call: Call) -> Reply:
    """storage.notifications.delete"""
    bucket = access.bucket(call, call.params["bucket"], "storage.buckets.update").name
    call.cloud.store.delete(API, _name(bucket, _found(call, bucket)["id"]))
    return Reply(status=204)


def _name(bucket: str, identity: str) -> str:
    return f"buckets/{bucket}/notificationConfigs/{identity}"


def _rows(call: Call, bucket: str) -> list[Body]:
    return [body for _, body in call.cloud.store.list(API, f"buckets/{bucket}", "notificationConfigs")]


def _found(call: Call, bucket: str) -> Body:
    body = call.cloud.store.get(API, _name(bucket, call.params["notification"]))
    if body is None:
        raise not_found(
            f"The specified notification {call.params['notification']} does not exist in bucket '{bucket}'."
        )
    return body


def _shown(call: Call, bucket: str, body: Body) -> Body:
    link = f"{call.base}/storage/v1/b/{bucket}/notificationConfigs/{body['id']}"
    return {"kind": "storage#notification", "selfLink": link, **body}
