"""Networks, subnetworks and firewall rules: a project's own, and the default ones that it has from the start. Nothing travels in them (simulated).

Source: https://cloud.google.com/vpc/docs/vpc#default-network, …/subnets#ip-ranges, …/firewall/docs/firewalls#more_rules_default_vpc.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from localcloud.engine import places, references
from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body, Call
from localcloud.errors import CloudError, invalid
from localcloud.services.compute.disks import API

_RANGES = {  # the second number of a region's 10.N.0.0/20
    "us-central1": 128, "europe-west1": 132, "us-west1": 138, "asia-east1": 140, "us-east1": 142, "asia-northeast1": 146,
    "asia-southeast1": 148, "us-east4": 150, "australia-southeast1": 152, "europe-west2": 154, "europe-west3": 156,
    "southamerica-east1": 158, "asia-south1": 160, "northamerica-northeast1": 162, "europe-west4": 164, "europe-north1": 166,
    "us-west2": 168,
}  # fmt: skip
_OTHERS = 170
"""Where the ranges of the other regions begin here; they are not Google's."""
_EVERYWHERE, _WITHIN = "0.0.0.0/0", "10.128.0.0/9"
_RULES = {  # name -> what it says, from where, protocols with their ports
    "default-allow-icmp": ("Allow ICMP from anywhere", _EVERYWHERE, {"icmp": ""}),
    "default-allow-internal": (
        "Allow internal traffic on the default network", _WITHIN, {"tcp": "0-65535", "udp": "0-65535", "icmp": ""}
    ),
    "default-allow-rdp": ("Allow RDP from anywhere", _EVERYWHERE, {"tcp": "3389"}),
    "default-allow-ssh": ("Allow SSH from anywhere", _EVERYWHERE, {"tcp": "22"}),
}  # fmt: skip
_BORN = "2026-11-10T00:00:00.000000Z"


def default_of(project: str) -> str:
    """The name of a project's default network."""
    return f"projects/{project}/global/networks/default"


def network(_call: Call, body: Body) -> Body:
    """A new network in its stored form."""
    routing = {"routingMode": "REGIONAL", **body.get("routingConfig", {})}
    if routing.pop("deleteBgpAlwaysCompareMed", False):
        routing.pop("bgpAlwaysCompareMed", None)
    return {
        "networkFirewallPolicyEnforcementOrder": "AFTER_CLASSIC_FIREWALL",
        **body,
        "routingConfig": routing,
    }


def subnetwork(_call: Call, body: Body) -> Body:
    """A new subnetwork in its stored form."""
    gateway = str(body.get("ipCidrRange", "")).rpartition(".")[0] + ".1"
    return {
        "gatewayAddress": gateway,
        "purpose": "PRIVATE",
        "stackType": "IPV4_ONLY",
        "privateIpGoogleAccess": False,
        **body,
    }


def firewall(call: Call, body: Body) -> Body:
    """A new firewall rule in its stored form."""
    usual = {"direction": "INGRESS", "priority": 1000, "disabled": False, "network": default_of(str(call.project))}
    return {**usual, **body}


def default_networks(call: Call) -> Iterator[tuple[str, Body]]:
    """The network of a new project."""
    name = default_of(str(call.project))
    body = {
        "description": "Default network for the project",
        "autoCreateSubnetworks": True,
        "subnetworks": [one for one, _ in default_subnetworks(call)],
    }
    yield from _there(call.cloud, name, network(call, body))


def default_subnetworks(call: Call) -> Iterator[tuple[str, Body]]:
    """The subnetworks of the default network, one in each region, as long as it is there."""
    above = default_of(str(call.project))
    if above in _gone(call.cloud, str(call.project)):
        return
    others = [region for region in places.REGIONS if region not in _RANGES]
    for region in places.REGIONS:
        second = _RANGES.get(region) or _OTHERS + 2 * others.index(region)
        body = {"network": above, "ipCidrRange": f"10.{second}.0.0/20"}
        name = f"projects/{call.project}/regions/{region}/subnetworks/default"
        yield from _there(call.cloud, name, subnetwork(call, body))


def default_firewalls(call: Call) -> Iterator[tuple[str, Body]]:
    """The rules of the default network."""
    for name, (description, source, allowed) in _RULES.items():
        body = {
            "description": description,
            "priority": 65534,
            "sourceRanges": [source],
            "allowed": [
                {"IPProtocol": kind, **({"ports": [ports]} if ports else {})} for kind, ports in allowed.items()
            ],
            "logConfig": {"enable": False},
        }
        yield from _there(call.cloud, f"projects/{call.project}/global/firewalls/{name}", firewall(call, body))


def removed(call: Call, _body: Body) -> None:
    """Notes that a default thing is gone; refused for a network that is in use."""
    if call.method.collection == "networks":
        for user in _users(call):
            raise CloudError(
                400,
                "FAILED_PRECONDITION",
                f"The network resource '{call.name}' is already being used by '{user}'",
                "resourceInUseByAnotherResource",
            )
    if call.id.startswith("default"):
        names = sorted({*_gone(call.cloud, str(call.project)), call.name})
        call.cloud.store.put(API, _note(str(call.project)), {"names": names})


def check(call: Call, interface: Body, at: int) -> None:
    """Raises 400 for a network or subnetwork that does not exist, or that the caller may not use in another project."""
    for field, kind in (("network", "networks"), ("subnetwork", "subnetworks")):
        name = references.relative(str(interface.get(field) or ""), call.project)
        if name and not _usable(call, name, kind):
            said = f"'{name}'. The referenced {field} resource cannot be found."
            where = f"resource.networkInterfaces[{at}].{field}"
            raise invalid(f"Invalid value for field '{where}': {said}", f"networkInterfaces.{field}", "invalid")


def _usable(call: Call, name: str, kind: str) -> bool:
    words = name.split("/")
    if words[-2:-1] != [kind]:
        return False
    if words[1] != call.project:
        allowed = call.cloud.iam.allowed(call.principal, f"compute.{kind}.use", API, name, words[1])
        return allowed and call.cloud.store.get(API, name) is not None
    usual = default_networks if kind == "networks" else default_subnetworks
    return call.cloud.store.get(API, name) is not None or name in dict(usual(call))


def _users(call: Call) -> Iterator[str]:
    """What is in a network: machines and firewall rules."""
    machines = call.cloud.store.list(API, f"projects/{call.project}/zones/-", "instances")
    yield from (
        name for name, body in machines if any(one.get("network") == call.name for one in body["networkInterfaces"])
    )
    rules = dict(default_firewalls(call)) | dict(
        call.cloud.store.list(API, f"projects/{call.project}/global", "firewalls")
    )
    yield from (name for name, body in rules.items() if body["network"] == call.name)


def _there(cloud: Cloud, name: str, body: Body) -> Iterator[tuple[str, Body]]:
    if name not in _gone(cloud, name.split("/")[1]):
        yield name, {"id": str(zlib.crc32(name.encode()) + 10**12), "creationTimestamp": _BORN, **body}


def _gone(cloud: Cloud, project: str) -> list[str]:
    found: list[str] = (cloud.store.get(API, _note(project)) or {}).get("names", [])
    return found


def _note(project: str) -> str:
    return f"projects/{project}/global/defaultsRemoved/all"
