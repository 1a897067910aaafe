"""What data, images and secrets use: buckets, repositories of images, secrets."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from groundwork.cost.amounts import HOURS_A_MONTH
from groundwork.cost.assumptions import Assumptions
from groundwork.cost.needs import Need, assume, usage
from groundwork.cost.plan import Resource

DEFAULT_SOFT_DELETE_SECONDS = 7 * 24 * 3600
"""Cloud Storage keeps deleted objects for seven days unless told otherwise (docs: soft-delete)."""

STATE_BUCKET = "-tfstate"
"""What the name of the bucket with Terraform's state ends with: a few small files, whatever the others hold."""


def bucket(resource: Resource, assumptions: Assumptions) -> Iterator[Need]:
    """A Cloud Storage bucket: what lies in it, what it keeps of what is gone, operations and downloads.

    Noncurrent and soft-deleted bytes cost as much as live ones of the same class (docs: soft-delete, pricing).
    """
    region, name = str(resource.get("location")), str(resource.get("storage_class", "STANDARD")).lower()
    if str(resource.values.get("name", "")).endswith(STATE_BUCKET):
        yield usage("all states", f"storage.{name}", region, assume(assumptions, resource, "state_gib"))
        yield usage("writes", f"storage.operations-a.{name}", region, assume(assumptions, resource, "state_operations"))
        yield usage("reads", f"storage.operations-b.{name}", region, assume(assumptions, resource, "state_operations"))
        return
    yield usage("stored", f"storage.{name}", region, assume(assumptions, resource, "bucket_gib"))
    if resource.block("versioning").get("enabled", False):
        yield usage("older versions", f"storage.{name}", region, assume(assumptions, resource, "bucket_noncurrent_gib"))
    months = _soft_delete_months(resource)
    if months:
        deleted = assume(assumptions, resource, "bucket_deleted_gib").times(months)
        yield usage("soft-deleted", f"storage.{name}", region, deleted)
    yield usage(
        "writes and listings", f"storage.operations-a.{name}", region, assume(assumptions, resource, "bucket_writes")
    )
    yield usage("reads", f"storage.operations-b.{name}", region, assume(assumptions, resource, "bucket_reads"))
    if name != "standard":
        yield usage(
            "retrieved", f"storage.retrieval.{name}", region, assume(assumptions, resource, "bucket_retrieved_gib")
        )
    yield usage("downloads", "network.egress.internet", region, assume(assumptions, resource, "bucket_download_gib"))


def _soft_delete_months(resource: Resource) -> Decimal:
    """How long a deleted byte goes on costing, in months: in the long run a month's deletions times this lie in the bucket."""
    seconds = resource.block("soft_delete_policy").get("retention_duration_seconds", DEFAULT_SOFT_DELETE_SECONDS)
    return Decimal(str(seconds)) / 3600 / HOURS_A_MONTH


def repository(resource: Resource, assumptions: Assumptions) -> Iterator[Need]:
    """An Artifact Registry repository: its images, and the scan of every new one unless scanning is off."""
    region = str(resource.get("location", "global"))
    if resource.get("mode", "STANDARD_REPOSITORY") == "VIRTUAL_REPOSITORY":
        return
    yield usage("images", "artifactregistry.storage", region, assume(assumptions, resource, "images_gib"))
    scanning = resource.block("vulnerability_scanning_config").get("enablement_config", "INHERITED")
    if scanning != "DISABLED" and resource.get("format", "DOCKER") == "DOCKER":
        yield usage(
            "scans of new images", "artifactregistry.scan", region, assume(assumptions, resource, "images_pushed")
        )


def secret(resource: Resource, assumptions: Assumptions) -> Iterator[Need]:
    """A secret: its versions in every location that they are kept in, reads, and rotation notices.

    Automatic replication is billed as one location (Secret Manager's price page).
    """
    replicas = resource.block("replication").block("user_managed").blocks("replicas")
    versions = assume(assumptions, resource, "secret_versions").times(max(len(replicas), 1))
    yield usage("versions", "secretmanager.version", "global", versions)
    yield usage("reads", "secretmanager.access", "global", assume(assumptions, resource, "secret_accesses"))
    period = resource.block("rotation").get("rotation_period", "")
    if period:
        months = Decimal(str(period).rstrip("s")) / 3600 / HOURS_A_MONTH
        yield Need("rotation notices", "secretmanager.rotation", "global", 1 / months, "fixed")
