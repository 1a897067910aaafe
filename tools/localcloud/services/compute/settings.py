"""What is set of a virtual machine one by one: disks that come and go, network interfaces, scheduling, accounts and the rest."""

from __future__ import annotations

from typing import Any

from localcloud.engine import fingerprints, older, references
from localcloud.engine.service import Body, Call, Handler
from localcloud.errors import CloudError, invalid
from localcloud.services.compute import attached, catalogue, network_interfaces
from localcloud.services.compute.instances import INSTANCE, accounted, scheduled


def set_machine_type(call: Call) -> Body:
    """setMachineType: only while the instance is stopped."""
    body = _stopped(call)
    kind = str(call.body.get("machineType", "")).rpartition("/")[2]
    if catalogue.machine(kind) is None:
        raise invalid(f"Invalid value for field 'machineType': '{kind}'.", "machineType", "invalid")
    place = call.name.rpartition("/instances/")[0]
    return _changed(call, body, machineType=f"{place}/machineTypes/{kind}")


def set_min_cpu_platform(call: Call) -> Body:
    """setMinCpuPlatform: only while the instance is stopped; "AUTOMATIC" is none."""
    platform = str(call.body.get("minCpuPlatform", ""))
    return _changed(call, _stopped(call), minCpuPlatform="" if platform.lower() == "automatic" else platform)


def set_service_account(call: Call) -> Body:
    """setServiceAccount: only while the instance is stopped; without an e-mail it has none."""
    body = _stopped(call)
    account = accounted(call, {key: call.body[key] for key in ("email", "scopes") if call.body.get(key)})
    return _changed(call, body, serviceAccounts=[account] if account["email"] else [])


def set_deletion_protection(call: Call) -> Body:
    """setDeletionProtection: on unless the request says otherwise."""
    return _changed(call, _existing(call), deletionProtection=call.params.get("deletionProtection", True))


def set_scheduling(call: Call) -> Body:
    """setScheduling: replaces it as a whole."""
    return _changed(call, _existing(call), scheduling=scheduled(call.body))


def while_stopped(field: str) -> Handler:
    """A setter for a field that can change only while the instance is stopped."""

    def handle(call: Call) -> Body:
        body = _stopped(call)
        return _changed(call, body, **{field: {**body.get(field, {}), **call.body}})

    return handle


def add_policies(call: Call) -> Body:
    """addResourcePolicies: schedules that start and stop it (stored; nothing is started by them, simulated)."""
    return _policies(call, add=True)


def remove_policies(call: Call) -> Body:
    """removeResourcePolicies"""
    return _policies(call, add=False)


def attach_disk(call: Call) -> Body:
    """attachDisk: an existing disk, under a device name that is unique in the instance."""
    body = _existing(call)
    places = {one["index"] for one in body["disks"]}
    at = next(place for place in range(len(places) + 1) if place not in places)
    disk = attached.attached(call, call.id, call.body, at)
    if any(one["deviceName"] == disk["deviceName"] for one in body["disks"]):
        name = disk["deviceName"]
        raise invalid(f"Invalid value for field 'deviceName': '{name}'. It is in use.", "deviceName", "invalid")
    return _changed(call, body, disks=[*body["disks"], disk])


def detach_disk(call: Call) -> Body:
    """detachDisk: any but the boot disk of a running instance."""
    body = _existing(call)
    disk = attached.by_device(body, call.params["deviceName"])
    if disk["boot"]:
        _refuse_running(call, body)
    attached.detached(call.cloud, call.name, disk)
    return _changed(call, body, disks=[one for one in body["disks"] if one is not disk])


def set_disk_auto_delete(call: Call) -> Body:
    """setDiskAutoDelete: whether a disk is deleted with the instance."""
    body = _existing(call)
    disk = attached.by_device(body, call.params["deviceName"])
    kept = disk | {"autoDelete": call.params["autoDelete"]}
    return _changed(call, body, disks=[kept if one is disk else one for one in body["disks"]])


def add_access_config(call: Call) -> Body:
    """addAccessConfig: at most one per interface."""
    body = _existing(call)
    at = network_interfaces.named(body, call.params["networkInterface"])
    if body["networkInterfaces"][at].get("accessConfigs"):
        raise invalid("At most one access config is allowed on an interface.", "accessConfig", "invalid")
    config = network_interfaces.outside(call, call.id, call.body, at)
    return _interface(call, body, at, {"accessConfigs": [config]})


def delete_access_config(call: Call) -> Body:
    """deleteAccessConfig"""
    body = _existing(call)
    at = network_interfaces.named(body, call.params["networkInterface"])
    name, there = call.params["accessConfig"], body["networkInterfaces"][at].get("accessConfigs", [])
    if all(one["name"] != name for one in there):
        raise invalid(f"Invalid value for field 'accessConfig': '{name}'.", "accessConfig", "invalid")
    return _interface(call, body, at, {"accessConfigs": [one for one in there if one["name"] != name]})


def update_network_interface(call: Call) -> Body:
    """updateNetworkInterface: another network only while the instance is stopped."""
    body = _existing(call)
    at = network_interfaces.named(body, call.params["networkInterface"])
    sent = dict(call.body)
    fingerprints.check(sent.pop(fingerprints.OWN, None), body["networkInterfaces"][at], "network interface")
    kept = references.kept(call, {"networkInterfaces": [sent]}, INSTANCE.links)["networkInterfaces"][0]
    if "network" in kept or "subnetwork" in kept:
        _refuse_running(call, body)
    return _interface(call, body, at, kept)


def _interface(call: Call, body: Body, at: int, fields: Body) -> Body:
    """The machine with some fields of one of its network interfaces changed; an empty one goes."""
    one = {key: value for key, value in (body["networkInterfaces"][at] | fields).items() if value not in (None, [])}
    if "network" in fields and "subnetwork" not in fields:
        one.pop("subnetwork", None)
    interface = network_interfaces.completed(call, call.id, one, at)
    all_of_them = [interface if place == at else other for place, other in enumerate(body["networkInterfaces"])]
    return _changed(call, body, networkInterfaces=all_of_them)


def _policies(call: Call, *, add: bool) -> Body:
    body = _existing(call)
    named = [references.relative(one, call.project) for one in call.body.get("resourcePolicies", [])]
    kept = [one for one in body.get("resourcePolicies", []) if one not in named]
    return _changed(call, body, resourcePolicies=kept + (named if add else []))


def _existing(call: Call) -> Body:
    return older.existing(call, INSTANCE)


def _changed(call: Call, body: Body, **fields: Any) -> Body:
    return older.changed(call, INSTANCE, body, body | fields)


def _stopped(call: Call) -> Body:
    body = _existing(call)
    _refuse_running(call, body)
    return body


def _refuse_running(call: Call, body: Body) -> None:
    if body["status"] != "TERMINATED":
        raise CloudError(
            400,
            "FAILED_PRECONDITION",
            f"The instance {call.id} is {body['status']}: stop it first.",
            "instanceNotStopped",
        )


METHODS = {
    "setMachineType": set_machine_type,
    "setMinCpuPlatform": set_min_cpu_platform,
    "setServiceAccount": set_service_account,
    "setDeletionProtection": set_deletion_protection,
    "setScheduling": set_scheduling,
    "updateShieldedInstanceConfig": while_stopped("shieldedInstanceConfig"),
    "updateDisplayDevice": while_stopped("displayDevice"),
    "addResourcePolicies": add_policies,
    "removeResourcePolicies": remove_policies,
    "attachDisk": attach_disk,
    "detachDisk": detach_disk,
    "setDiskAutoDelete": set_disk_auto_delete,
    "addAccessConfig": add_access_config,
    "deleteAccessConfig": delete_access_config,
    "updateNetworkInterface": update_network_interface,
}
