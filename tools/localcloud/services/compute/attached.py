"""The disks of a virtual machine: made along with it, attached and detached, or scratch, which goes with the machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.engine import older, references
from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body, Call
from localcloud.errors import CloudError, invalid, not_found
from localcloud.services.compute import catalogue
from localcloud.services.compute.disks import API, DISK

_MADE = {  # initializeParams -> what the disk calls it
    "diskSizeGb": "sizeGb",
    "diskType": "type",
    **{
        name: name
        for name in (
            "architecture", "description", "enableConfidentialCompute", "labels", "licenses", "provisionedIops",
            "provisionedThroughput", "replicaZones", "resourcePolicies", "sourceImage", "sourceSnapshot", "storagePool",
        )
    },
}  # fmt: skip
_SCRATCH_SIZE = "375"


def attached(call: Call, instance: str, sent: Mapping[str, Any], at: int) -> Body:
    """A disk as it is attached to an instance; one with initializeParams is created along with it."""
    one = {"autoDelete": False, "mode": "READ_WRITE", "type": "PERSISTENT", "boot": False, "interface": "SCSI", **sent}
    one.pop("forceAttach", None)
    params = one.pop("initializeParams", None)
    marks: Body = {"kind": "compute#attachedDisk", "index": at}
    if one["type"] == "SCRATCH":
        named = {"deviceName": sent.get("deviceName") or f"local-ssd-{at}"}
        return one | marks | named | {"diskSizeGb": sent.get("diskSizeGb", _SCRATCH_SIZE), "autoDelete": True}
    place = call.path.partition("/instances")[0]
    if isinstance(params, dict):
        name = params.get("diskName") or (instance if at == 0 else f"{instance}-{at}")
        source = _made(call, f"{place}/disks/{name}", params)
    else:
        source = references.relative(str(one.get("source", "")), call.project)
        if not source.startswith(f"{place}/disks/"):
            text = f"'{source}'. A disk must be in the project and zone of its instance."
            raise invalid(f"Invalid value for field 'resource.disks[{at}].source': {text}", "disks.source", "invalid")
    disk = call.cloud.store.get(API, source)
    if disk is None:
        raise not_found(f"The resource '{source}' was not found")
    _refuse_taken(disk, source, str(one["mode"]))
    user = f"{place}/instances/{instance}"
    call.cloud.store.put(API, source, disk | {"users": [*disk.get("users", []), user]})
    device = sent.get("deviceName") or f"persistent-disk-{at}"
    return one | marks | {"deviceName": device, "source": source, "diskSizeGb": disk["sizeGb"]}


def detached(cloud: Cloud, instance: str, disk: Mapping[str, Any]) -> None:
    """Marks a disk as no longer used by an instance."""
    store, source = cloud.store, disk.get("source", "")
    stored = store.get(API, source)
    if stored is not None:
        users = [one for one in stored.get("users", []) if one != instance]
        rest = {key: value for key, value in stored.items() if key != "users"}
        store.put(API, source, rest | ({"users": users} if users else {}))


def removed(cloud: Cloud, name: str, instance: Body) -> None:
    """Deletes an instance's auto-delete disks and frees the others."""
    for one in instance.get("disks", []):
        if one.get("autoDelete") and one.get("source"):
            cloud.store.delete(API, one["source"])
        else:
            detached(cloud, name, one)


def by_device(instance: Body, name: str) -> Body:
    """An instance's disk by its device name; 400 without one."""
    disk: Body | None = next((one for one in instance["disks"] if one["deviceName"] == name), None)
    if disk is None:
        raise invalid(
            f"Invalid value for field 'deviceName': '{name}'. No attached disk has it.", "deviceName", "invalid"
        )
    return disk


def _made(call: Call, source: str, params: Mapping[str, Any]) -> str:
    if call.cloud.store.get(API, source) is not None:
        raise CloudError(409, "ALREADY_EXISTS", f"The resource '{source}' already exists", "alreadyExists")
    fields = {own: params[name] for name, own in _MADE.items() if params.get(name)} | {
        "name": source.rpartition("/")[2]
    }
    reference = references.relative(str(params.get("sourceImage", "")), call.project)
    image = catalogue.image(reference)
    _refuse_unknown(call, reference)
    architecture = {"architecture": image["architecture"]} if image else {}
    disk = older.stamped(call, DISK, references.kept(call, architecture | fields, DISK.links))
    call.cloud.store.insert(API, source, DISK.complete(call, disk) if DISK.complete else disk)
    return source


def _refuse_unknown(call: Call, image: str) -> None:
    """Raises 404 for an image that the project does not have; public images are not checked, since only some are known here."""
    place = f"projects/{call.project}/global"
    if not image.startswith(f"{place}/images/"):
        return
    own = [one for _, one in call.cloud.store.list(API, place, "images")]
    found = {one["name"] for one in own} | {f"family/{one['family']}" for one in own if one.get("family")}
    if image.removeprefix(f"{place}/images/") not in found:
        raise not_found(f"The resource '{image}' was not found")


def _refuse_taken(disk: Body, source: str, mode: str) -> None:
    """A disk that one machine writes to is no other machine's."""
    if disk.get("users") and mode != "READ_ONLY":
        raise CloudError(
            400,
            "FAILED_PRECONDITION",
            f"The disk resource '{source}' is already being used by '{disk['users'][0]}'",
            "resourceInUseByAnotherResource",
        )
