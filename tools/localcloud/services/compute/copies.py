"""Snapshots and images: copies of disks, of each other and of Google's images. Nothing is in them (simulated).

Source: https://cloud.google.com/compute/docs/disks/snapshots#default_location, …/images/create-custom.
"""

from __future__ import annotations

from localcloud.engine import older, references, zonal
from localcloud.engine.service import Body, Call, Resource
from localcloud.errors import CloudError, invalid
from localcloud.services.compute import catalogue, sources
from localcloud.services.compute.disks import API

_REGIONS = {"us": "us", "northamerica": "us", "southamerica": "us", "europe": "eu", "asia": "asia"}
_COPIED: tuple[str, ...] = ("licenses", "guestOsFeatures", "architecture")
_SOURCES = ("sourceDisk", "sourceSnapshot", "sourceImage")


def snapshot(call: Call, body: Body) -> Body:
    """A new snapshot in its stored form: 404 without its disk."""
    name = str(body.get("sourceDisk", ""))
    if not name and not body.get("sourceInstantSnapshot"):
        raise invalid("Invalid value for field 'resource.sourceDisk': ''. It must be given.", "sourceDisk", "required")
    disk: Body = sources.stored(call, name, "compute.disks.createSnapshot") if name else {}
    made: Body = {
        "status": "READY",
        "storageBytes": "0",
        "storageBytesStatus": "UP_TO_DATE",
    }
    made |= {"creationSizeBytes": "0", "diskSizeGb": str(disk.get("sizeGb", 10)), "storageLocations": [_near(name)]}
    copied = {field: disk[field] for field in _COPIED if field in disk}
    body = {key: value for key, value in body.items() if key not in ("params", "guestFlush")}
    return {**made, **copied, **body} | ({"sourceDiskId": disk["id"]} if disk else {})


def of_disk(call: Call, resource: Resource) -> Body:
    """disks.createSnapshot: a snapshot of the disk that the URL names."""
    words = call.name.split("/")
    name = f"{'/'.join(words[:2])}/global/snapshots/{call.body.get('name', '')}"
    older.check_id(resource, str(call.body.get("name", "")))
    sources.stored(call, call.name, "compute.disks.createSnapshot")
    if call.cloud.store.get(API, name) is not None:
        raise CloudError(409, "ALREADY_EXISTS", resource.taken.format(name=name), "alreadyExists")
    sent = references.kept(call, {**call.body, "sourceDisk": call.name}, resource.links)
    body = snapshot(call, older.stamped(call, resource, sent))
    call.cloud.store.insert(API, name, body)
    return zonal.finished(call, name, body["id"])


def image(call: Call, body: Body) -> Body:
    """A new image in its stored form: as large as what it copies, and 404 without that."""
    source = _source(call, body)
    size = source.get("sizeGb") or source.get("diskSizeGb") or 10
    if int(body.get("diskSizeGb") or size) < int(size):
        text = f"Invalid value for field 'resource.diskSizeGb': '{body['diskSizeGb']}'. It is smaller than the source, {size} GB."
        raise invalid(text, "diskSizeGb", "invalid")
    copied = {field: source[field] for field in _COPIED if field in source}
    defaults = {"status": "READY", "sourceType": "RAW", "diskSizeGb": str(size), "archiveSizeBytes": "0"}
    near = next((_near(str(body[field])) for field in _SOURCES if body.get(field)), "us")
    body = {key: value for key, value in body.items() if key != "params"}
    return {**defaults, **copied, "storageLocations": [near], **body}


def _source(call: Call, body: Body) -> Body:
    """What an image copies; empty for an uploaded one."""
    named = [str(body[field]) for field in _SOURCES if body.get(field)]
    if len(named) > 1:
        raise invalid("An image is made of one source only.", "sourceDisk", "invalid")
    if not named:
        return {}
    return catalogue.image(named[0]) or sources.stored(call, named[0])


def _near(name: str) -> str:
    """Where a copy of what lies in a place is kept: the part of the world that the place is in, or its region."""
    words = name.split("/")
    place = words[3] if words[2:3] in (["zones"], ["regions"]) else ""
    region = place.rpartition("-")[0] if words[2:3] == ["zones"] else place
    return _REGIONS.get(region.partition("-")[0], region or "us")
