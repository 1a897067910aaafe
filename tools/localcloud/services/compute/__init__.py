"""Compute Engine: instances, disks, addresses, networks and images of projects, and the catalogue they are created from."""

from __future__ import annotations

import zlib
from functools import partial

from localcloud.engine import batch, older, places, references
from localcloud.engine.dialect import OLDER
from localcloud.engine.iam import roles
from localcloud.engine.service import Alias, Body, Call, Endpoints, Permission, Resource, Service, Worker
from localcloud.services.compute import (
    catalogue,
    charges,
    copies,
    disks,
    firewalls,
    instances,
    networks,
    running,
    settings,
    subnetworks,
)
from localcloud.services.compute.disks import API, DISK
from localcloud.services.compute.instances import INSTANCE

_ID = "[a-z]([-a-z0-9]{0,61}[a-z0-9])?"
_resource = partial(
    Resource, id_rule=_ID, taken="The resource '{name}' already exists", missing="The resource '{name}' was not found"
)


def _address(call: Call, body: Body) -> Body:
    number = zlib.crc32(f"{call.path}/{body['name']}".encode())
    kind = body.get("addressType", "EXTERNAL")
    free = f"203.0.113.{number % 253 + 1}" if kind == "EXTERNAL" else f"10.128.{number >> 8 & 255}.{number % 253 + 2}"
    tier = {"networkTier": "PREMIUM"} if kind == "EXTERNAL" else {"purpose": "GCE_ENDPOINT"}
    return {"address": free, "addressType": kind, "status": "RESERVED", **tier, **body}


def _network_removed(call: Call, body: Body) -> None:
    """Refused for a network with machines, rules or own subnetworks in it."""
    rules, machines = firewalls.within(call, call.name), networks.machines(call)
    networks.removed(call, [*machines, *rules, *subnetworks.forgotten(call, body)])


NETWORK = _resource(
    kind="Network",
    complete=networks.complete,
    changed=networks.changed,
    links=("subnetworks",),
    inherent=networks.inherent,
    delete=_network_removed,
)
SUBNETWORK = _resource(
    kind="Subnetwork",
    complete=subnetworks.complete,
    created=subnetworks.joined,
    changed=subnetworks.changed,
    immutable=("network",),
    links=("network",),
    inherent=subnetworks.inherent,
    delete=subnetworks.removed,
    iam=True,
)
FIREWALL = _resource(
    kind="Firewall",
    complete=firewalls.complete,
    changed=firewalls.changed,
    links=("network",),
    inherent=firewalls.inherent,
    delete=lambda call, _: networks.note_gone(call),
)
SNAPSHOT = _resource(
    kind="Snapshot", complete=copies.snapshot, links=("sourceDisk", "sourceInstantSnapshot", "licenses"), iam=True
)
IMAGE = _resource(
    kind="Image", complete=copies.image, links=("sourceDisk", "sourceImage", "sourceSnapshot", "licenses"), iam=True
)


def _project(call: Call) -> str | None:
    """The project of a call; none for a batch, and for Google's public ones, which are not projects of this cloud."""
    kind, project, *_ = call.path.split("/")
    return None if kind != "projects" or project in catalogue.PUBLIC else project


def _get_project(call: Call) -> Body:
    number = call.cloud.projects.number(call.id)
    kind = {
        "kind": "compute#project",
        "id": str(number),
        "name": call.id,
        "selfLink": references.whole(call, call.name),
    }
    return {
        **kind,
        "defaultServiceAccount": f"{number}-compute@developer.gserviceaccount.com",
        "xpnProjectStatus": "UNSPECIFIED_XPN_PROJECT_STATUS",
    }


def _reading(permission: str) -> Permission:
    """Anybody may read the images of Google's public projects."""

    def needs(call: Call) -> list[tuple[str, str]]:
        return [] if call.path.split("/")[1] in catalogue.PUBLIC else [(permission, call.name)]

    return needs


def _refusal(call: Call, permission: str, resource: str) -> str:
    """Compute's own sentence: it names the project for a list, and for an insert what was to be made."""
    if call.method.verb == "insert" and resource == call.name:
        resource = f"{call.path}/{call.body.get('name', '')}"
    elif permission.endswith(".list"):
        resource = f"projects/{call.project}"
    return f"Required '{permission}' permission for '{resource}'"


_CATALOGUES = {
    "zones": "zone",
    "regions": "region",
    "machineTypes": "machineType",
    "diskTypes": "diskType",
    "acceleratorTypes": "acceleratorType",
}
_ZONAL = ("machineTypes", "diskTypes", "acceleratorTypes")
_INSTANCE_METHODS = {
    **{verb: instances.turn(verb) for verb in ("start", "stop", "suspend", "resume", "reset")},
    **settings.METHODS,
}
_IMAGES = {
    "get": catalogue.either(catalogue.getter("image"), lambda call: older.get(call, IMAGE)),
    "list": catalogue.either(catalogue.lister("image"), lambda call: older.list_(call, IMAGE)),
    "getFromFamily": catalogue.from_family,
}
SERVICE = Service(
    api=API,
    title="Compute Engine API",
    agent="service-{number}@compute-system.iam.gserviceaccount.com",
    roles=roles.beside(__file__),
    endpoints=Endpoints(terraform={"COMPUTE": "v1/"}, gcloud="v1/"),
    dialect=OLDER,
    audited={"": "v1.{id}"},
    resources={
        "instances": INSTANCE,
        "disks": DISK,
        "images": IMAGE,
        "snapshots": SNAPSHOT,
        "addresses": _resource(kind="Address", complete=_address, links=("subnetwork", "network", "users")),
        "networks": NETWORK,
        "subnetworks": SUBNETWORK,
        "firewalls": FIREWALL,
        "resourcePolicies": _resource(
            kind="ResourcePolicy", complete=lambda _, body: {"status": "READY", **body}, iam=True
        ),
    },
    methods={
        **{f"{API}.{collection}.list": catalogue.lister(kind) for collection, kind in _CATALOGUES.items()},
        **{f"{API}.{collection}.get": catalogue.getter(kind) for collection, kind in _CATALOGUES.items()},
        **{f"{API}.{kinds}.aggregatedList": catalogue.lister_of_zones(_CATALOGUES[kinds]) for kinds in _ZONAL},
        **{f"{API}.instances.{verb}": method for verb, method in _INSTANCE_METHODS.items()},
        **{f"{API}.images.{verb}": method for verb, method in _IMAGES.items()},
        f"{API}.imageFamilyViews.get": catalogue.family_view,
        f"{API}.projects.get": _get_project,
        f"{API}.batch.run": partial(batch.run, most=1000),
        f"{API}.instances.get": lambda call: instances.get(call, INSTANCE),
        f"{API}.disks.resize": disks.resize,
        f"{API}.disks.createSnapshot": lambda call: copies.of_disk(call, SNAPSHOT),
        f"{API}.networks.switchToCustomMode": lambda call: subnetworks.custom(call, NETWORK),
        f"{API}.subnetworks.expandIpCidrRange": lambda call: subnetworks.expand(call, SUBNETWORK),
        f"{API}.subnetworks.patch": lambda call: subnetworks.patch(call, SUBNETWORK),
        f"{API}.disks.addResourcePolicies": disks.add_policies,
        f"{API}.disks.removeResourcePolicies": disks.remove_policies,
    },
    permissions={
        f"{API}.batch.run": None,
        **{f"{API}.images.{verb}": _reading(f"compute.images.{verb}") for verb in _IMAGES},
        f"{API}.imageFamilyViews.get": _reading("compute.images.getFromFamily"),
    },
    undocumented=frozenset({"returnPartialSuccess"}),  # gcloud sends it with every aggregated list
    aliases=(Alias("POST", "batch/compute/v1", f"{API}.batch.run"),),  # gcloud's, for two machines or more
    skus=charges.SKUS,
    tables=charges.TABLES,
    due={charges.HOUR: charges.hour, running.LIMIT: running.limit_reached},
    workers={instances.TURN: Worker(instances.turned, again=True)},
    project=_project,
    places={"zones": lambda zone: zone == "-" or catalogue.is_zone(zone), "regions": places.REGIONS.__contains__},
    refusal=_refusal,
)
