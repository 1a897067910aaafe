"""Virtual machines: made with their disks and addresses, started and stopped by operations that take a moment. Nothing runs in them
(simulated).
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping

from localcloud.engine import links, older, zonal
from localcloud.engine.cloud import Cloud
from localcloud.engine.iam import acting
from localcloud.engine.jobs import Job
from localcloud.engine.service import Body, Call, Handler, Resource
from localcloud.errors import CloudError, invalid, not_found
from localcloud.services.compute import catalogue
from localcloud.services.compute.disks import DISK

API = "compute"
LINKS = (
    "machineType", "disks.source", "networkInterfaces.network", "networkInterfaces.subnetwork", "resourcePolicies", "disks.type",
)  # fmt: skip
_TURNS = {  # verb -> (states it begins from, on the way, at the end)
    "start": (("TERMINATED",), "STAGING", "RUNNING"),
    "stop": (("RUNNING", "SUSPENDED"), "STOPPING", "TERMINATED"),
    "suspend": (("RUNNING",), "SUSPENDING", "SUSPENDED"),
    "resume": (("SUSPENDED",), "STAGING", "RUNNING"),
    "reset": (("RUNNING",), "RUNNING", "RUNNING"),
}
TURN = "turn"


def completed(call: Call, body: Body) -> Body:
    """A new machine as it is kept: 400 without a machine type, a boot disk or an interface that can be."""
    zone = call.path.split("/")[3]
    kind = str(body.get("machineType", "")).rpartition("/")[2]
    if catalogue.machine(kind) is None:
        raise invalid(
            f"Invalid value for field 'resource.machineType': '{kind}'. It is not a machine type here.",
            "machineType",
            "invalid",
        )
    if not body.get("networkInterfaces"):
        raise invalid("At least one network interface is required.", "networkInterfaces", "required")
    for account in body.get("serviceAccounts", []):
        _check_account(call, account.get("email", ""))
    disks = [_disk(call, body, one, at) for at, one in enumerate(body.get("disks", []))]
    if not any(one["boot"] for one in disks):
        raise invalid("Invalid value for field 'resource.disks': a boot disk is required.", "disks", "required")
    body = {"scheduling": {}, "deletionProtection": False, "canIpForward": False, **body}
    body["scheduling"] = {
        "onHostMaintenance": "MIGRATE",
        "automaticRestart": True,
        "preemptible": False,
        **body["scheduling"],
    }
    return body | {
        "disks": disks,
        "networkInterfaces": [_interface(call, body, one, at) for at, one in enumerate(body["networkInterfaces"])],
        "status": "RUNNING",
        "cpuPlatform": "Intel Broadwell",
        "startRestricted": False,
        "lastStartTimestamp": call.cloud.clock.rfc3339(),
        "machineType": f"projects/{call.project}/zones/{zone}/machineTypes/{kind}",
    }


def removed(call: Call, body: Body) -> None:
    """The disks that go with a deleted machine go, others are free again; refused while it is protected."""
    if body.get("deletionProtection"):
        raise invalid(
            f"Invalid resource usage: 'Resource cannot be deleted if it's protected against deletion. The instance {call.id} is.'.",
            "deletionProtection",
            "invalidResourceUsage",
        )
    store = call.cloud.store
    for one in body.get("disks", []):
        disk = store.get(API, one.get("source", ""))
        if disk is None:
            continue
        if one.get("autoDelete"):
            store.delete(API, one["source"])
        else:
            store.put(API, one["source"], {key: value for key, value in disk.items() if key != "users"})


def turn(verb: str) -> Handler:
    """start, stop, suspend, resume or reset: an operation of the zone that a worker ends."""
    begins, on_the_way, _ = _TURNS[verb]

    def handle(call: Call) -> Body:
        body = older.existing(call, INSTANCE)
        if body["status"] not in (*begins, _TURNS[verb][2]):
            raise CloudError(
                400,
                "FAILED_PRECONDITION",
                f"The resource '{call.name}' is not ready: it is {body['status']}.",
                "resourceNotReady",
            )
        call.cloud.store.put(API, call.name, body | {"status": on_the_way})
        return zonal.started(call, TURN, {"name": call.name, "verb": verb}, call.name, body["id"])

    return handle


async def turned(cloud: Cloud, job: Job) -> None:
    """Brings a machine into the state that it was asked for."""

    def end() -> None:
        name, state = job.body["name"], _TURNS[job.body["verb"]][2]
        body = cloud.store.get(API, name)
        if body is None:
            raise not_found(f"The resource '{name}' was not found")
        moment = "lastStartTimestamp" if state == "RUNNING" else "lastStopTimestamp"
        cloud.store.put(API, name, body | {"status": state, moment: cloud.clock.rfc3339()})
        cloud.operations.done(job.api, job.operation, {})

    await job.write(end)


def set_machine_type(call: Call) -> Body:
    """setMachineType: while the machine does not run."""
    body = _stopped(call)
    kind = str(call.body.get("machineType", "")).rpartition("/")[2]
    if catalogue.machine(kind) is None:
        raise invalid(f"Invalid value for field 'machineType': '{kind}'.", "machineType", "invalid")
    place = call.name.rpartition("/instances/")[0]
    return older.changed(call, INSTANCE, body, body | {"machineType": f"{place}/machineTypes/{kind}"})


def set_service_account(call: Call) -> Body:
    """setServiceAccount: while the machine does not run; without an e-mail it has none."""
    body = _stopped(call)
    _check_account(call, call.body.get("email", ""))
    account = {key: call.body[key] for key in ("email", "scopes") if call.body.get(key)}
    return older.changed(call, INSTANCE, body, body | {"serviceAccounts": [account] if account.get("email") else []})


def set_deletion_protection(call: Call) -> Body:
    """setDeletionProtection: on unless the request says otherwise."""
    body = older.existing(call, INSTANCE)
    return older.changed(
        call, INSTANCE, body, body | {"deletionProtection": call.params.get("deletionProtection", True)}
    )


def add_policies(call: Call) -> Body:
    """addResourcePolicies: schedules that start and stop it (kept; nothing is started by them, simulated)."""
    return _policies(call, add=True)


def remove_policies(call: Call) -> Body:
    """removeResourcePolicies"""
    return _policies(call, add=False)


def _policies(call: Call, *, add: bool) -> Body:
    body = older.existing(call, INSTANCE)
    named = [links.relative(one, call.project) for one in call.body.get("resourcePolicies", [])]
    kept = [one for one in body.get("resourcePolicies", []) if one not in named]
    return older.changed(call, INSTANCE, body, body | {"resourcePolicies": kept + (named if add else [])})


def _stopped(call: Call) -> Body:
    body = older.existing(call, INSTANCE)
    if body["status"] != "TERMINATED":
        raise CloudError(
            400,
            "FAILED_PRECONDITION",
            f"The instance {call.id} is {body['status']}: stop it first.",
            "instanceNotStopped",
        )
    return body


def _check_account(call: Call, email: str) -> None:
    """400 for an account that the caller may not act as: whoever is on the machine acts as it."""
    project = call.project or ""
    wanted = acting.default(call.cloud, project) if email == "default" else email
    if wanted and not acting.may(call.cloud, call.principal, wanted, project):
        raise invalid(
            f"The user does not have access to service account '{wanted}'. User: '{call.principal.partition(':')[2]}'. Ask a project owner to "
            "grant you the iam.serviceAccountUser role on the service account",
            "serviceAccounts",
            "serviceAccountAccessDenied",
        )


def _disk(call: Call, instance: Body, sent: Mapping[str, object], at: int) -> Body:
    """An attached disk; one with initializeParams is made along with the machine."""
    one = {"autoDelete": False, "mode": "READ_WRITE", "type": "PERSISTENT", "boot": False, "interface": "SCSI", **sent}
    one |= {
        "kind": "compute#attachedDisk",
        "index": at,
        "deviceName": sent.get("deviceName") or f"persistent-disk-{at}",
    }
    asked = one.pop("initializeParams", None)
    place = call.path.rpartition("/instances")[0]
    if isinstance(asked, dict):
        name = asked.get("diskName") or (instance["name"] if at == 0 else f"{instance['name']}-{at}")
        fields = {"sizeGb": asked.get("diskSizeGb"), "type": asked.get("diskType"), "labels": asked.get("labels")}
        fields |= {
            "sourceImage": asked.get("sourceImage"),
            "name": name,
            "resourcePolicies": asked.get("resourcePolicies"),
        }
        disk = older.stamped(
            call, DISK, links.kept(call, {key: value for key, value in fields.items() if value}, DISK.links)
        )
        disk = DISK.complete(call, disk) if DISK.complete else disk
        source = f"{place}/disks/{name}"
        if call.cloud.store.get(API, source) is not None:
            raise CloudError(409, "ALREADY_EXISTS", f"The resource '{source}' already exists", "alreadyExists")
        call.cloud.store.insert(API, source, disk)
    else:
        source = links.relative(str(one.get("source", "")), call.project)
        if not source.startswith(f"{place}/disks/"):
            raise invalid(
                f"Invalid value for field 'resource.disks[{at}].source': '{source}'. A disk lies in the project and zone of its instance.",
                "disks.source",
                "invalid",
            )
    found = call.cloud.store.get(API, source)
    if found is None:
        raise not_found(f"The resource '{source}' was not found")
    user = f"{place}/instances/{instance['name']}"
    call.cloud.store.put(API, source, found | {"users": [*found.get("users", []), user]})
    return one | {"source": source, "diskSizeGb": found["sizeGb"]}


def _interface(call: Call, instance: Body, sent: Mapping[str, object], at: int) -> Body:
    one = {"name": f"nic{at}", "kind": "compute#networkInterface", "stackType": "IPV4_ONLY", **sent}
    one.setdefault("network", f"projects/{call.project}/global/networks/default")
    number = zlib.crc32(f"{call.path}/{instance['name']}/{at}".encode())
    one.setdefault("networkIP", f"10.128.{number >> 8 & 255}.{number % 253 + 2}")
    outside = {
        "name": "external-nat",
        "kind": "compute#accessConfig",
        "type": "ONE_TO_ONE_NAT",
        "networkTier": "PREMIUM",
    }
    address = f"203.0.113.{number % 253 + 1}"  # of the range for documentation: nobody answers there
    given = one.get("accessConfigs")
    if isinstance(given, list):
        one["accessConfigs"] = [{**outside, "natIP": address, **config} for config in given]
    return one


INSTANCE = Resource(
    kind="Instance",
    id_rule="[a-z]([-a-z0-9]{0,61}[a-z0-9])?",
    complete=completed,
    delete=removed,
    taken="The resource '{name}' already exists",
    missing="The resource '{name}' was not found",
    links=LINKS,
    iam=True,
)
