"""Metered usage of Cloud Storage: stored bytes by the hour, and operations.

Source: cloud.google.com/storage/pricing#operations-pricing for the two classes of operations; deletions are free.
"""

from __future__ import annotations

from localcloud.engine.cloud import Cloud
from localcloud.engine.usage import Payer, Sku
from localcloud.services.storage import rows

HOUR = "stored bytes"
_SERVICE = ("95FF-2EF5-5EA1", "Cloud Storage")
_CLASSES = ("STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE")
_A, _B = "storage.operations-a.standard", "storage.operations-b.standard"
_GIB_MONTH = 2**30 * 730 * 3600
SKUS = (
    *(
        Sku(
            f"storage.{name.lower()}", f"{name.title()} Storage", "byte-seconds", "gibibyte month", _GIB_MONTH, _SERVICE
        )
        for name in _CLASSES
    ),
    Sku(_A, "Class A Operations", "requests", "count", 1, _SERVICE),
    Sku(_B, "Class B Operations", "requests", "count", 1, _SERVICE),
)
_CLASS_A = (
    "buckets.list", "buckets.patch", "buckets.update", "buckets.setIamPolicy", "buckets.lockRetentionPolicy",
    "notifications.insert", "notifications.delete", "notifications.list", "objects.compose", "objects.copy", "objects.insert",
    "objects.list", "objects.move", "objects.patch", "objects.restore", "objects.rewrite", "objects.update", "xml.put", "xml.post",
)  # fmt: skip
_CLASS_B = ("buckets.get", "buckets.getIamPolicy", "notifications.get", "objects.get", "xml.get", "xml.head")
METERED = {f"storage.{name}": _A for name in _CLASS_A} | {f"storage.{name}": _B for name in _CLASS_B}


def payer(cloud: Cloud, name: str) -> Payer | None:
    """The project that pays for a bucket."""
    bucket = rows.find_bucket(cloud.store, name)
    if bucket is None:
        return None
    labels = tuple(sorted(bucket.facts.get("labels", {}).items()))
    return Payer(bucket.project, bucket.facts["location"].lower(), labels)


def schedule(cloud: Cloud) -> None:
    """Schedules the metering of stored bytes at the end of this hour."""
    cloud.due.at("storage", HOUR, "", (cloud.clock.seconds() // 3600 + 1) * 3600)


def hour(cloud: Cloud, _name: str, moment: float) -> None:
    """Meters the stored bytes of all buckets, for the past hour and for hours that the clock skipped."""
    now = cloud.clock.seconds()
    seconds = 3600 * (1 + (now - moment) // 3600)
    for name, kind, size in rows.sizes(cloud.store):
        paying = payer(cloud, name.partition("@")[0])
        if paying is not None and size:
            cloud.usage.meter(paying, f"storage.{kind.lower()}", size * seconds)
    schedule(cloud)
