"""Disks: sizes, types and sources."""

from __future__ import annotations

from localcloud.engine import older, references
from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body, Call, Resource
from localcloud.errors import CloudError, invalid
from localcloud.services.compute import catalogue, charges, sources

API = "compute"
_ID = "[a-z]([-a-z0-9]{0,61}[a-z0-9])?"


def completed(call: Call, body: Body) -> Body:
    """A new disk in its stored form, at least as large as its source."""
    image = catalogue.image(str(body.get("sourceImage", "")))
    place = "/".join(call.path.split("/")[:4])
    if image is not None:
        body["sourceImage"] = f"projects/{image['_project']}/global/images/{image['name']}"
    elif body.get("sourceImage"):
        sources.check(call, references.relative(str(body["sourceImage"]), call.project))
    copied_from = str(body.get("sourceDisk") or body.get("sourceSnapshot") or "")
    source = sources.stored(call, copied_from) if copied_from else None
    copied = source or image
    least = int(source.get("sizeGb") or source["diskSizeGb"] if source else image["diskSizeGb"] if image else 10)
    size = int(body.get("sizeGb") or (least if copied else 500))
    if size < least:
        origin = "snapshot" if body.get("sourceSnapshot") else "source disk" if source else "image"
        raise invalid(
            f"Invalid value for field 'resource.sizeGb': '{size}'. Requested disk size cannot be smaller than the {origin} size ({least} GB)",
            "sizeGb",
            "invalid",
        )
    defaults = {"status": "READY", "type": f"{place}/diskTypes/pd-standard", "physicalBlockSizeBytes": "4096"}
    source_id = "sourceSnapshotId" if body.get("sourceSnapshot") else "sourceDiskId"
    charges.schedule(call.cloud)
    return {**defaults, **body, "sizeGb": str(size)} | ({source_id: source["id"]} if source else {})


def shown(_cloud: Cloud, body: Body) -> Body:
    """A disk as it is returned. The link to its image always has Google's host: the Terraform provider accepts no other."""
    image = str(body.get("sourceImage", ""))
    return body | ({"sourceImage": f"{references.HOST}/{API}/v1/{image}"} if image.startswith("projects/") else {})


def refuse_in_use(_call: Call, body: Body) -> None:
    """Refuses to delete a disk that an instance uses."""
    if body.get("users"):
        user = body["users"][0]
        raise CloudError(
            400,
            "FAILED_PRECONDITION",
            f"The disk resource is already being used by '{user}'",
            "resourceInUseByAnotherResource",
        )


def resize(call: Call) -> Body:
    """disks.resize: only to a larger size."""
    body = older.existing(call, DISK)
    size = int(call.body.get("sizeGb") or 0)
    if size <= int(body["sizeGb"]):
        raise invalid(
            f"Invalid value for field 'sizeGb': '{size}'. Must be larger than {body['sizeGb']}.", "sizeGb", "invalid"
        )
    return older.changed(call, DISK, body, body | {"sizeGb": str(size)})


def add_policies(call: Call) -> Body:
    """disks.addResourcePolicies"""
    return _policies(call, add=True)


def remove_policies(call: Call) -> Body:
    """disks.removeResourcePolicies"""
    return _policies(call, add=False)


def _policies(call: Call, *, add: bool) -> Body:
    body = older.existing(call, DISK)
    named = [references.relative(one, call.project) for one in call.body.get("resourcePolicies", [])]
    kept = [one for one in body.get("resourcePolicies", []) if one not in named]
    return older.changed(call, DISK, body, body | {"resourcePolicies": kept + (named if add else [])})


DISK = Resource(
    kind="Disk",
    id_rule=_ID,
    complete=completed,
    present=shown,
    delete=refuse_in_use,
    immutable=("type", "sourceImage", "sourceSnapshot"),
    taken="The resource '{name}' already exists",
    missing="The resource '{name}' was not found",
    links=("type", "sourceImage", "sourceSnapshot", "sourceDisk", "users", "resourcePolicies", "replicaZones"),
    iam=True,
)
