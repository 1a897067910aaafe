"""Instances: created with their disks and addresses, started and stopped by operations that take a moment. Nothing runs in them (simulated)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from localcloud.engine import older, zonal
from localcloud.engine.cloud import Cloud
from localcloud.engine.iam import acting
from localcloud.engine.jobs import Job
from localcloud.engine.service import Body, Call, Handler, Resource
from localcloud.errors import CloudError, failed_precondition, invalid, not_found
from localcloud.services.compute import attached, catalogue, network_interfaces, running
from localcloud.services.compute.disks import API

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
_CONNECTS = re.compile(r" command/gcloud\.(?:alpha\.|beta\.)?compute\.(ssh|scp|start-iap-tunnel)\s")
_APART = ("disks", "networkInterfaces", "status", "machineType", "deletionProtection", "resourceStatus")
_SHIELDED = {"enableSecureBoot": False, "enableVtpm": True, "enableIntegrityMonitoring": True}


def get(call: Call, resource: Resource) -> Body:
    """instances.get: refused to gcloud where it is about to connect to the machine, for which it would wait in vain."""
    found = older.get(call, resource)
    if connection := _CONNECTS.search(call.headers.get("user-agent", "")):
        raise failed_precondition(
            f"gcloud compute {connection[1]} reaches no machine here: nothing runs in the local cloud's machines (simulated)."
        )
    return found


def completed(call: Call, body: Body) -> Body:
    """A new instance in its stored form: 400 without a valid machine type, boot disk and network interface."""
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
    accounts = [accounted(call, one) for one in body.get("serviceAccounts", [])]
    disks = [attached.attached(call, body["name"], one, at) for at, one in enumerate(body.get("disks", []))]
    if not any(one["boot"] for one in disks):
        raise invalid("Invalid value for field 'resource.disks': a boot disk is required.", "disks", "required")
    scheduling = scheduled(body.get("scheduling") or {})
    _check_gpus(body.get("guestAccelerators", []))
    if body.get("guestAccelerators") and scheduling["onHostMaintenance"] != "TERMINATE":
        text = "Instances with guest accelerators do not support live migration: onHostMaintenance must be TERMINATE."
        raise invalid(text, "scheduling.onHostMaintenance", "invalid")
    defaults = {
        "deletionProtection": False,
        "canIpForward": False,
        "shieldedInstanceConfig": _SHIELDED,
        "metadata": {},
        "tags": {},
    }
    machine = {**defaults, **body} | {
        "disks": disks,
        "networkInterfaces": [
            network_interfaces.completed(call, body["name"], one, at)
            for at, one in enumerate(body["networkInterfaces"])
        ],
        "scheduling": scheduling,
        "serviceAccounts": accounts,
        "cpuPlatform": "Intel Broadwell",
        "startRestricted": False,
        "machineType": f"projects/{call.project}/zones/{zone}/machineTypes/{kind}",
    }
    return running.begun(call.cloud, f"{call.path}/{body['name']}", machine)


def _check_gpus(asked: Sequence[Mapping[str, Any]]) -> None:
    for at, one in enumerate(asked):
        kind = str(one.get("acceleratorType", ""))
        if kind.rpartition("/")[2] not in catalogue.GPUS:
            message = f"'{kind}'. The referenced acceleratorType resource cannot be found."
            where = f"resource.guestAccelerators[{at}].acceleratorType"
            raise invalid(f"Invalid value for field '{where}': {message}", "guestAccelerators", "invalid")


def scheduled(sent: Mapping[str, Any]) -> Body:
    """An instance's scheduling; a preemptible one is neither migrated nor restarted."""
    settings = {key: value for key, value in sent.items() if value not in (None, "", [None])}
    spot = settings.get("preemptible") or settings.get("provisioningModel") == "SPOT"
    usual = {
        "onHostMaintenance": "TERMINATE" if spot else "MIGRATE",
        "automaticRestart": not spot,
        "preemptible": bool(spot),
        "provisioningModel": "SPOT" if spot else "STANDARD",
    }
    running.check_limit(settings)
    return {**usual, **settings}


def changed(call: Call, old: Body, new: Body) -> Body:
    """An instance that is sent as a whole keeps the fields that have methods of their own."""
    return new | {name: old[name] for name in _APART if name in old} if call.method.verb == "update" else new


def removed(call: Call, body: Body) -> None:
    """Deletes a deleted instance's auto-delete disks and frees the others; refused under deletion protection."""
    if body.get("deletionProtection"):
        raise invalid(
            f"Invalid resource usage: 'Resource cannot be deleted if it's protected against deletion. The instance {call.id} is.'.",
            "deletionProtection",
            "invalidResourceUsage",
        )
    running.ended(call.cloud, call.name, body, call.cloud.clock.now())
    attached.removed(call.cloud, call.name, body)


def turn(verb: str) -> Handler:
    """start, stop, suspend, resume or reset: a zonal operation that a worker ends."""
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
    """Moves an instance into the requested state."""

    def end() -> None:
        name, state = job.body["name"], _TURNS[job.body["verb"]][2]
        body = cloud.store.get(API, name)
        if body is None:
            raise not_found(f"The resource '{name}' was not found")
        if state == "RUNNING":
            body = running.begun(cloud, name, body)
        else:
            body = running.ended(cloud, name, body, cloud.clock.now(), state)
        cloud.store.put(API, name, body)
        cloud.operations.done(job.api, job.operation, {})

    await job.write(end)


def accounted(call: Call, sent: Mapping[str, Any]) -> Body:
    """An instance's service account by its address; "default" is Compute Engine's own in the project.

    400 for one that the caller may not act as, since programs on the VM act as it.
    """
    project = str(call.project)
    email = acting.default(call.cloud, project) if sent.get("email") == "default" else str(sent.get("email") or "")
    if email and not acting.may(call.cloud, call.principal, email, project):
        raise invalid(
            f"The user does not have access to service account '{email}'. User: '{call.principal.partition(':')[2]}'. Ask a project owner to "
            "grant you the iam.serviceAccountUser role on the service account",
            "serviceAccounts",
            "serviceAccountAccessDenied",
        )
    return {**sent, "email": email}


INSTANCE = Resource(
    kind="Instance",
    id_rule="[a-z]([-a-z0-9]{0,61}[a-z0-9])?",
    complete=completed,
    changed=changed,
    delete=removed,
    taken="The resource '{name}' already exists",
    missing="The resource '{name}' was not found",
    links=LINKS,
    iam=True,
)
