"""The providers of events and their types.

Source: https://cloud.google.com/eventarc/docs/reference/supported-events.
"""

from __future__ import annotations

from localcloud.engine import paging
from localcloud.engine.service import Body, Call
from localcloud.errors import not_found

STORAGE = "google.cloud.storage.object.v1."
PUBLISHED = "google.cloud.pubsub.topic.v1.messagePublished"
OBJECT_EVENTS = {
    "finalized": "OBJECT_FINALIZE",
    "deleted": "OBJECT_DELETE",
    "archived": "OBJECT_ARCHIVE",
    "metadataUpdated": "OBJECT_METADATA_UPDATE",
}
"""The ends of Cloud Storage's types of event -> what a bucket's notifications call them."""
_SCHEMAS = "https://github.com/googleapis/google-cloudevents/blob/main/proto/google/events/cloud/"
_DESCRIPTIONS = {
    "finalized": "A new object is created, or an existing object is overwritten and a new generation of that object is created.",
    "deleted": "An object is permanently deleted.",
    "archived": "A live version of an object has become a noncurrent version.",
    "metadataUpdated": "The metadata of an existing object has changed.",
}
_TYPE: Body = {"attribute": "type", "required": True}
_BUCKET: Body = {"attribute": "bucket", "description": "The bucket name.", "required": True}


def known(kind: str) -> bool:
    """Whether events of a type are delivered here."""
    return kind == PUBLISHED or (kind.startswith(STORAGE) and kind.removeprefix(STORAGE) in OBJECT_EVENTS)


def get(call: Call) -> Body:
    """providers.get"""
    found = _CATALOGUE.get(call.id)
    if found is None:
        raise not_found(f"Provider {call.name} was not found.")
    return {"name": call.name, **found}


def list_(call: Call) -> Body:
    """providers.list: all in one page."""
    paging.after(call.params.get("pageToken", ""), "this list has one page")
    return {"providers": [{"name": f"{call.path}/{name}", **one} for name, one in _CATALOGUE.items()]}


_CATALOGUE: dict[str, Body] = {
    "pubsub.googleapis.com": {
        "displayName": "Cloud Pub/Sub",
        "eventTypes": [
            {
                "type": PUBLISHED,
                "description": "A message is published to the specified Pub/Sub topic.",
                "filteringAttributes": [_TYPE],
                "eventSchemaUri": f"{_SCHEMAS}pubsub/v1/data.proto",
            }
        ],
    },
    "storage.googleapis.com": {
        "displayName": "Cloud Storage",
        "eventTypes": [
            {
                "type": f"{STORAGE}{name}",
                "description": text,
                "filteringAttributes": [_BUCKET, _TYPE],
                "eventSchemaUri": f"{_SCHEMAS}storage/v1/data.proto",
            }
            for name, text in _DESCRIPTIONS.items()
        ],
    },
}
