"""Object changes as events, and as messages of a bucket's notifications.

Source: cloud.google.com/storage/docs/pubsub-notifications, cloud.google.com/eventarc/docs/reference/supported-events.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from localcloud.engine.cloud import Cloud
from localcloud.engine.events import Event
from localcloud.engine.interfaces import Publishing
from localcloud.engine.store import Store
from localcloud.errors import CloudError
from localcloud.services.storage import object_fields
from localcloud.services.storage.rows import Bucket, ObjectVersion

FINALIZE, DELETE, ARCHIVE, UPDATE = "OBJECT_FINALIZE", "OBJECT_DELETE", "OBJECT_ARCHIVE", "OBJECT_METADATA_UPDATE"
_BASE = "https://www.googleapis.com"
_KIND = "google.cloud.storage.object.v1."
_KINDS = {FINALIZE: "finalized", DELETE: "deleted", ARCHIVE: "archived", UPDATE: "metadataUpdated"}


def happened(cloud: Cloud, bucket: Bucket, row: ObjectVersion, event: str) -> None:
    """Publishes an object change to its subscribers; for most buckets there are none, which costs next to nothing."""
    notified = bucket.name in cloud.store.derived.of("storage", "notified", lambda: _notified(cloud.store))
    subscribed = cloud.events.heard(_KIND + _KINDS[event])
    if not (notified or subscribed):
        return
    shown = json.loads(object_fields.shown(row.facts, _BASE, (row.bucket, row.name), row.generation, {}))
    if subscribed:
        source = f"//storage.googleapis.com/projects/_/buckets/{bucket.name}"
        subject = f"objects/{row.name}"
        cloud.events.emit(
            Event(
                _KIND + _KINDS[event],
                source,
                subject,
                bucket.project,
                cloud.clock.rfc3339(),
                {**shown, "bucket": bucket.name},
            )
        )
    if notified:
        _notify(cloud, bucket, row, event, shown)


def _notify(cloud: Cloud, bucket: Bucket, row: ObjectVersion, event: str, body: Mapping[str, object]) -> None:
    publishing = cloud.offers.get(Publishing)
    if publishing is None:
        return
    for name, config in cloud.store.list("storage", f"buckets/{bucket.name}", "notificationConfigs"):
        wanted = config.get("event_types")
        if (wanted and event not in wanted) or not row.name.startswith(config.get("object_name_prefix", "")):
            continue
        attributes = {
            **config.get("custom_attributes", {}),
            "notificationConfig": f"projects/_/{name}",
            "eventType": event,
            "payloadFormat": config["payload_format"],
            "bucketId": bucket.name,
            "objectId": row.name,
            "objectGeneration": str(row.generation),
            "eventTime": cloud.clock.rfc3339(),
        }
        data = json.dumps(body, indent=2).encode() if config["payload_format"] == "JSON_API_V1" else b""
        topic = config["topic"].removeprefix("//pubsub.googleapis.com/")
        try:
            publishing.publish(cloud.agents.member("storage", bucket.project), topic, data, attributes)
        except CloudError:
            continue  # without its topic or the right to publish there a notification is lost, as at Google


def _notified(store: Store) -> frozenset[str]:
    """The buckets that have notifications."""
    rows_ = store.sql(
        "SELECT DISTINCT parent FROM resources WHERE service = 'storage' AND collection = 'notificationConfigs'"
    )
    return frozenset(parent.removeprefix("buckets/") for (parent,) in rows_)
