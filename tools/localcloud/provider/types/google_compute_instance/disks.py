"""A VM's disks: the API has one list; a configuration has blocks for the boot disk, attached disks and scratch disks."""

from __future__ import annotations

import logging
from dataclasses import replace

from localcloud.provider import images, paths, requests
from localcloud.provider.client import HttpError
from localcloud.provider.fields import Fields
from localcloud.provider.schema import Block
from localcloud.provider.values import Object, Value
from localcloud.provider.work import Work

log = logging.getLogger(__name__)
# A disk's own fields -> the fields of initializeParams for a disk created with its VM.
_INITIALIZE_PARAMS = {
    "architecture": "architecture", "enableConfidentialCompute": "enableConfidentialCompute", "labels": "labels",
    "provisionedIops": "provisionedIops", "provisionedThroughput": "provisionedThroughput", "replicaZones": "replicaZones",
    "resourcePolicies": "resourcePolicies", "sizeGb": "diskSizeGb", "sourceImage": "sourceImage", "storagePool": "storagePool",
    "type": "diskType",
}  # fmt: skip


def sent(work: Work, values: Object) -> list[Object]:
    """The list for a new VM: the boot disk, scratch disks, then the others."""
    return [*_boot(work, values), *_scratch(work, values), *attached(work, values)]


def attached(work: Work, values: Object) -> list[Object]:
    """The attached disks only, with the boot disk's interface."""
    bodies: list[Object] = _translation(work, "attached_disk").expand(values).get("disks", [])
    interface = values["boot_disk"][0].get("interface")
    return [one | ({"interface": interface} if interface else {}) for one in bodies]


def _boot(work: Work, values: Object) -> list[Object]:
    disk: Object = _translation(work, "boot_disk").expand(values)["disks"][0]
    disk["boot"] = True
    features = values["boot_disk"][0].get("guest_os_features")
    if features:
        disk["guestOsFeatures"] = [{"type": one} for one in features]
    params = disk.get("initializeParams", {})
    if params.get("sourceImage"):
        params["sourceImage"] = images.link(work, params["sourceImage"], work.project(values))
    return [disk]


def _scratch(work: Work, values: Object) -> list[Object]:
    kind = f"projects/{work.project(values)}/zones/{paths.last(values['zone'])}/diskTypes/local-ssd"
    common = {"type": "SCRATCH", "autoDelete": True, "initializeParams": {"diskType": kind}}
    return [one | common for one in _translation(work, "scratch_disk").expand(values).get("disks", [])]


def read(work: Work, values: Object, state: Object) -> Object:
    """The three blocks from the VM's list, in the order of the state where it has them."""
    all_disks: list[Object] = work.answer.get("disks") or []
    boot = [_described(work, one) for one in all_disks if one.get("boot")]
    scratch = [one for one in all_disks if not one.get("boot") and one.get("type") == "SCRATCH"]
    others = [one for one in all_disks if not one.get("boot") and one.get("type") != "SCRATCH"]
    names = [_name(work, values, one.get("source") or "") for one in state.get("attached_disk") or []]
    others.sort(key=lambda one: _place(names, one))
    before = [_before(state, names, one) for one in others]
    blocks = _read(work, "boot_disk", boot, state.get("boot_disk") or [])
    return {
        "boot_disk": [_completed(*pair, state) for pair in zip(blocks, boot, strict=True)],
        "scratch_disk": _read(work, "scratch_disk", scratch, []),
        "attached_disk": _read(work, "attached_disk", others, before),
    }


def _described(work: Work, attached_disk: Object) -> Object:
    """An attached disk with initializeParams from the disk itself; without them if the disk may not be read."""
    name = paths.relative(attached_disk["source"])
    try:
        url = work.url("compute", "v1", f"v1/{name}")
        disk = work.request("GET", url).body
    except HttpError as error:
        log.warning("the disk %s cannot be read: %s", name, error)
        return attached_disk
    params = {field: disk[own] for own, field in _INITIALIZE_PARAMS.items() if own in disk}
    return attached_disk | {"initializeParams": params}


def _completed(block: Object, disk: Object, state: Object) -> Object:
    """A boot disk as read, with what only the state knows."""
    before = (state.get("boot_disk") or [{}])[0]
    features = [one["type"] for one in disk.get("guestOsFeatures", [])]
    unread = {} if "initializeParams" in disk else {"initialize_params": before.get("initialize_params") or []}
    interface = block["interface"] if before.get("interface") else ""
    return block | unread | {"guest_os_features": features, "interface": interface}


def _read(work: Work, name: str, disks: list[Object], before: list[Object]) -> list[Object]:
    blocks: list[Object] = _translation(work, name).flatten({"disks": disks}, {name: before})[name]
    return blocks


def _translation(work: Work, name: str) -> Fields:
    """The conversion for one of the three blocks, as if the API's list belonged to it alone."""
    block = work.row.schema.root.children[name]
    assert isinstance(block, Block)
    own = replace(block, virtual=False, api="disks")
    return replace(requests.fields(work), root=Block(name="", children={name: own}))


def _name(work: Work, values: Object, source: str) -> str:
    own = {**values, "project": work.project(values), "zone": paths.last(str(values["zone"])), "source": source}
    return paths.full("projects/{project}/zones/{zone}/disks/{source}", own, source)


def _place(names: list[str], disk: Object) -> int:
    name = paths.relative(disk["source"])
    return names.index(name) if name in names else len(names)


def _before(state: Object, names: list[str], disk: Object) -> Value:
    place = _place(names, disk)
    return state["attached_disk"][place] if place < len(names) else {}
