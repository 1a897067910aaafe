"""CloudEvents: the form in which services get what Eventarc's subscriptions push. Such a subscription names it in its endpoint.

Source: https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/http-protocol-binding.md,
https://cloud.google.com/eventarc/docs/cloudevents.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from urllib.parse import parse_qs, quote, urlsplit

from localcloud.engine.interfaces import DELIVERED_ONCE, EVENTS_MODE
from localcloud.engine.service import Body

_OBJECTS, _TOPIC = "GCS_NOTIFICATION", "CUSTOM_PUBSUB_"
_TYPES = {
    "OBJECT_FINALIZE": "finalized",
    "OBJECT_DELETE": "deleted",
    "OBJECT_ARCHIVE": "archived",
    "OBJECT_METADATA_UPDATE": "metadataUpdated",
}
_PRINTED = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')


def mode(endpoint: str) -> str:
    """What an endpoint says of the events that are pushed to it; "" for messages as they are."""
    return parse_qs(urlsplit(endpoint).query).get(EVENTS_MODE, [""])[0]


def delivered_once(subscription: Body) -> bool:
    """Whether a message counts as delivered whatever the answer is."""
    name, value = DELIVERED_ONCE
    return bool(mode(subscription["pushConfig"]["pushEndpoint"])) and subscription.get("labels", {}).get(name) == value


def cloud_event(events_mode: str, message: Body, wrapped: bytes) -> tuple[bytes, Mapping[str, str]]:
    """The body and headers of a message, whose usual body is `wrapped`, as a CloudEvent in binary mode."""
    headers = {"ce-specversion": "1.0", "ce-id": message["messageId"], "ce-time": message["publishTime"]}
    if events_mode.startswith(_TOPIC):
        topic = events_mode.removeprefix(_TOPIC)
        own = {
            "ce-type": "google.cloud.pubsub.topic.v1.messagePublished",
            "ce-source": f"//pubsub.googleapis.com/{topic}",
        }
        return wrapped, headers | {name: _header(text) for name, text in own.items()}
    attributes = message.get("attributes", {})
    if events_mode != _OBJECTS or attributes.get("eventType") not in _TYPES:
        return wrapped, {}
    bucket, name = attributes.get("bucketId", ""), attributes.get("objectId", "")
    own = {
        "ce-type": f"google.cloud.storage.object.v1.{_TYPES[attributes['eventType']]}",
        "ce-source": f"//storage.googleapis.com/projects/_/buckets/{bucket}",
        "ce-subject": f"objects/{name}",
        "ce-bucket": bucket,
        "ce-time": attributes.get("eventTime", message["publishTime"]),
    }
    return base64.b64decode(message.get("data", "")), headers | {key: _header(text) for key, text in own.items()}


def _header(text: str) -> str:
    """An attribute in a header: other than printed ASCII, quotes and percent signs are percent-encoded as UTF-8."""
    return quote(text, safe=_PRINTED)
