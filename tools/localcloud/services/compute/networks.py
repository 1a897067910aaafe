"""Networks: a project's own, and the default one that it has from the start. Nothing travels in them (simulated).

Source: https://cloud.google.com/vpc/docs/vpc#default-network
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence

from localcloud.engine import places
from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body, Call
from localcloud.errors import CloudError, invalid, not_found
from localcloud.services.compute.disks import API

_BORN = "2026-11-10T00:00:00.000000Z"
MISSING = "The resource '{name}' was not found"


def default_of(project: str) -> str:
    """The name of a project's default network."""
    return f"projects/{project}/global/networks/default"


def complete(call: Call, body: Body) -> Body:
    """A new network in its stored form; in auto mode it has a subnetwork in each region."""
    body = {"networkFirewallPolicyEnforcementOrder": "AFTER_CLASSIC_FIREWALL", **body}
    if body.get("autoCreateSubnetworks"):
        name = body["name"]
        body["subnetworks"] = [f"projects/{call.project}/regions/{one}/subnetworks/{name}" for one in places.REGIONS]
    return changed(call, {}, body)


def changed(_call: Call, _old: Body, new: Body) -> Body:
    """A network with its defaults of routing."""
    routing = {"routingMode": "REGIONAL", **new.get("routingConfig", {})}
    if routing.pop("deleteBgpAlwaysCompareMed", False):
        routing.pop("bgpAlwaysCompareMed", None)
    return {**new, "routingConfig": routing}


def inherent(call: Call) -> Iterator[tuple[str, Body]]:
    """The network of a new project."""
    body = {"name": "default", "description": "Default network for the project", "autoCreateSubnetworks": True}
    yield from there(call.cloud, default_of(str(call.project)), complete(call, body))


def every(call: Call) -> dict[str, Body]:
    """The networks of the call's project by name."""
    return dict(inherent(call)) | dict(call.cloud.store.list(API, f"projects/{call.project}/global", "networks"))


def referenced(call: Call, name: str) -> Body:
    """The network that a subnetwork or a firewall rule names: 404 without one, 400 for another project's."""
    if not name.startswith(f"projects/{call.project}/global/networks/"):
        text = f"Invalid value for field 'resource.network': '{name}'. "
        other = name.startswith("projects/") and "/global/networks/" in name
        message = "Cross project referencing is not allowed for this resource." if other else "The URL is malformed."
        raise invalid(text + message, "network", "invalid")
    found = every(call).get(name)
    if found is None:
        raise not_found(MISSING.format(name=name))
    return found


def removed(call: Call, users: Sequence[str]) -> None:
    """Refuses to delete a network that something uses; notes that the default one is gone."""
    for user in users:
        raise CloudError(
            400,
            "FAILED_PRECONDITION",
            f"The network resource '{call.name}' is already being used by '{user}'",
            "resourceInUseByAnotherResource",
        )
    note_gone(call)


def machines(call: Call) -> list[str]:
    """The names of the machines in the network that is called."""
    found = call.cloud.store.list(API, f"projects/{call.project}/zones/-", "instances")
    return [name for name, body in found if any(one.get("network") == call.name for one in body["networkInterfaces"])]


def there(cloud: Cloud, name: str, body: Body) -> Iterator[tuple[str, Body]]:
    """What is in a project without having been made, unless it was deleted."""
    if name not in _gone(cloud, name.split("/")[1]):
        yield name, {"id": str(zlib.crc32(name.encode()) + 10**12), "creationTimestamp": _BORN, **body}


def note_gone(call: Call) -> None:
    """Notes that a default thing is gone, so that it does not come back."""
    if call.id.startswith("default"):
        names = sorted({*_gone(call.cloud, str(call.project)), call.name})
        call.cloud.store.put(API, _note(str(call.project)), {"names": names})


def _gone(cloud: Cloud, project: str) -> list[str]:
    found: list[str] = (cloud.store.get(API, _note(project)) or {}).get("names", [])
    return found


def _note(project: str) -> str:
    return f"projects/{project}/global/defaultsRemoved/all"
