"""Subnetworks: a project's own, and those that a network in auto mode has in each region.

Source: https://cloud.google.com/vpc/docs/subnets#ip-ranges, …/vpc/docs/create-modify-vpc-networks#switch-network-mode.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from functools import lru_cache

from localcloud.engine import fingerprints, older, places, references, standard
from localcloud.engine.service import Body, Call, Resource
from localcloud.errors import CloudError, invalid
from localcloud.services.compute import networks
from localcloud.services.compute.disks import API

Range = ipaddress.IPv4Network | ipaddress.IPv6Network
_RANGES = {  # the second number of a region's 10.N.0.0/20
    "us-central1": 128, "europe-west1": 132, "us-west1": 138, "asia-east1": 140, "us-east1": 142, "asia-northeast1": 146,
    "asia-southeast1": 148, "us-east4": 150, "australia-southeast1": 152, "europe-west2": 154, "europe-west3": 156,
    "southamerica-east1": 158, "asia-south1": 160, "northamerica-northeast1": 162, "europe-west4": 164, "europe-north1": 166,
    "us-west2": 168,
}  # fmt: skip
_OTHERS = 170
"""Where the ranges of the other regions begin here; they are not Google's."""
_AUTOMATIC = ipaddress.ip_network("10.128.0.0/9")
_LOGGED = {
    "aggregationInterval": "INTERVAL_5_SEC",
    "flowSampling": 0.5,
    "metadata": "EXCLUDE_ALL_METADATA",
    "filterExpr": "true",
}
_PROXIES = ("GLOBAL_MANAGED_PROXY", "INTERNAL_HTTPS_LOAD_BALANCER", "REGIONAL_MANAGED_PROXY")


def complete(call: Call, body: Body) -> Body:
    """A new subnetwork in its stored form: 400 for ranges that others in its network have."""
    network = networks.referenced(call, str(body.get("network", "")))
    body = {"purpose": "PRIVATE", "stackType": "IPV4_ONLY", "privateIpGoogleAccess": False, **body}
    if body["purpose"] in _PROXIES:
        body["state"] = "READY"
    ranges = list(_taken(call, body["network"]))
    _check_ranges(_ranges(body), ranges, automatic=bool(network.get("autoCreateSubnetworks")))
    return _derived(body)


def changed(call: Call, _old: Body, new: Body) -> Body:
    """The same after a change; a method that switches Google access off may leave out that it does."""
    name = call.name
    taken = [one for one in _taken(call, new["network"]) if one[0] != name]
    _check_ranges(_ranges(new), taken)
    return _derived({**new, "privateIpGoogleAccess": bool(new.get("privateIpGoogleAccess"))})


def joined(call: Call, body: Body) -> None:
    """Adds a new subnetwork to those that its network shows."""
    network = networks.referenced(call, body["network"])
    own = sorted([*network.get("subnetworks", []), f"{call.path}/{body['name']}"])
    call.cloud.store.put(API, body["network"], {**network, "subnetworks": own})


def removed(call: Call, body: Body) -> None:
    """Refuses to delete a network's automatic subnetwork, or one that a machine uses; takes it from its network's."""
    if call.name in dict(inherent(call)):
        text = "Invalid resource usage: 'Cannot delete auto subnetwork from an auto subnet mode network.'."
        raise invalid(text, "subnetwork", "invalidResourceUsage")
    found = call.cloud.store.list(API, f"projects/{call.project}/zones/-", "instances")
    for machine, one in found:
        if any(interface.get("subnetwork") == call.name for interface in one["networkInterfaces"]):
            text = f"The subnetwork resource '{call.name}' is already being used by '{machine}'"
            raise CloudError(400, "FAILED_PRECONDITION", text, "resourceInUseByAnotherResource")
    network = networks.every(call).get(body["network"])
    if network is not None:
        own = [one for one in network.get("subnetworks", []) if one != call.name]
        call.cloud.store.put(API, body["network"], {**network, "subnetworks": own})


def inherent(call: Call) -> Iterator[tuple[str, Body]]:
    """The subnetworks of the project's networks in auto mode, one in each region."""
    for above, network in networks.every(call).items():
        if network.get("autoCreateSubnetworks"):
            for region, automatic in _automatic().items():
                name = f"projects/{call.project}/regions/{region}/subnetworks/{above.rpartition('/')[2]}"
                yield from networks.there(call.cloud, name, {"network": above, **automatic})


def within(call: Call, network: str) -> dict[str, Body]:
    """A network's subnetworks by name."""
    stored = call.cloud.store.list(API, f"projects/{call.project}/regions/-", "subnetworks")
    found = dict(inherent(call)) | dict(stored)
    return {name: body for name, body in found.items() if body["network"] == network}


def expand(call: Call, resource: Resource) -> Body:
    """expandIpCidrRange: the new range contains the old one."""
    old = older.existing(call, resource)
    wanted, there = _range(call.body.get("ipCidrRange", ""), "ipCidrRange"), _range(old["ipCidrRange"], "ipCidrRange")
    if wanted.version != there.version or not there.subnet_of(wanted):  # type: ignore[arg-type]
        text = f"Invalid value for field 'ipCidrRange': '{wanted}'. It must contain the range that the subnetwork has, {there}."
        raise invalid(text, "ipCidrRange", "invalid")
    return older.changed(call, resource, old, {**old, "ipCidrRange": str(wanted)})


def patch(call: Call, resource: Resource) -> Body:
    """patch: only with the fingerprint that was read last."""
    if not call.body.get(fingerprints.OWN):
        raise CloudError(412, "FAILED_PRECONDITION", "A current fingerprint must be given.", "conditionNotMet")
    return older.patch(call, resource)


def custom(call: Call, resource: Resource) -> Body:
    """switchToCustomMode: the network's automatic subnetworks become ordinary ones."""
    old = older.existing(call, resource)
    if not old.get("autoCreateSubnetworks"):
        raise invalid("The network is not in auto subnet mode.", "network", "invalid")
    for name, body in within(call, call.name).items():
        call.cloud.store.put(API, name, body)
    return older.changed(call, resource, old, {**old, "autoCreateSubnetworks": False})


def forgotten(call: Call, network: Body) -> list[str]:
    """The own subnetworks of a network that is to be deleted; its automatic ones go with it."""
    found = within(call, call.name)
    automatic = dict(inherent(call)) if network.get("autoCreateSubnetworks") else {}
    for name in found.keys() & automatic.keys():
        standard.remove(call.cloud, API, name)
    return sorted(found.keys() - automatic.keys())


def check_interface(call: Call, interface: Body, at: int) -> None:
    """Raises 400 for a network or subnetwork that does not exist, or that the caller may not use in another project."""
    for field, kind in (("network", "networks"), ("subnetwork", "subnetworks")):
        name = references.relative(str(interface.get(field) or ""), call.project)
        if name and not _usable(call, name, kind):
            message = f"'{name}'. The referenced {field} resource cannot be found."
            where = f"resource.networkInterfaces[{at}].{field}"
            raise invalid(f"Invalid value for field '{where}': {message}", f"networkInterfaces.{field}", "invalid")


def _usable(call: Call, name: str, kind: str) -> bool:
    words = name.split("/")
    if words[-2:-1] != [kind]:
        return False
    if words[1] != call.project:
        allowed = call.cloud.iam.allowed(call.principal, f"compute.{kind}.use", API, name, words[1])
        return allowed and call.cloud.store.get(API, name) is not None
    there = networks.inherent if kind == "networks" else inherent
    return call.cloud.store.get(API, name) is not None or name in dict(there(call))


@lru_cache(maxsize=1)
def _automatic() -> dict[str, Body]:
    """Region -> an automatic subnetwork there, but for its network."""
    others = [region for region in places.REGIONS if region not in _RANGES]
    seconds = {region: _RANGES.get(region) or _OTHERS + 2 * others.index(region) for region in places.REGIONS}
    usual = {"purpose": "PRIVATE", "stackType": "IPV4_ONLY", "privateIpGoogleAccess": False}
    return {region: _derived({"ipCidrRange": f"10.{second}.0.0/20", **usual}) for region, second in seconds.items()}


def _derived(body: Body) -> Body:
    """A subnetwork with what follows from the rest: its gateway, and how its flow logs are taken."""
    if body.get("ipCidrRange"):
        body = {**body, "gatewayAddress": str(_range(body["ipCidrRange"], "ipCidrRange")[1])}
    logs = body.get("logConfig") or {}
    return {**body, "logConfig": {**_LOGGED, **logs}} if logs.get("enable") else body


def _ranges(body: Body) -> dict[str, str]:
    """Field -> range of a subnetwork; 400 without a primary one where it needs it."""
    secondary = {
        f"secondaryIpRanges[{at}].ipCidrRange": str(one.get("ipCidrRange", ""))
        for at, one in enumerate(body.get("secondaryIpRanges") or [])
        if not one.get("reservedInternalRange")
    }
    without = body["stackType"] == "IPV6_ONLY" or body.get("reservedInternalRange") or body.get("ipCollection")
    if without and not body.get("ipCidrRange"):
        return secondary
    return {"ipCidrRange": str(body.get("ipCidrRange", "")), **secondary}


def _taken(call: Call, network: str) -> Iterator[tuple[str, Range]]:
    """(subnetwork, range) of all that a network has."""
    for name, body in within(call, network).items():
        for field, text in _ranges(body).items():
            yield name, _range(text, field)


def _check_ranges(wanted: dict[str, str], taken: list[tuple[str, Range]], automatic: bool = False) -> None:
    own: list[Range] = []
    for field, text in wanted.items():
        one = _range(text, field)
        problem = ""
        if automatic and one.version == 4 and one.overlaps(_AUTOMATIC):
            problem = f"Extended subnetworks in auto subnet mode networks cannot overlap with {_AUTOMATIC}"
        elif rival := next((name for name, other in taken if _overlap(one, other)), ""):
            _, _, _, region, _, short = rival.split("/")
            problem = f"Invalid IPCidrRange: {text} conflicts with existing subnetwork '{short}' in region '{region}'."
        elif any(_overlap(one, other) for other in own):
            problem = "It overlaps with another range of the subnetwork."
        if problem:
            raise invalid(f"Invalid value for field 'resource.{field}': '{text}'. {problem}", field, "invalid")
        own.append(one)


def _overlap(one: Range, other: Range) -> bool:
    return one.version == other.version and one.overlaps(other)


def _range(text: str, field: str) -> Range:
    try:
        if "/" in text:
            return ipaddress.ip_network(text)
    except ValueError:
        pass
    raise invalid(
        f"Invalid value for field 'resource.{field}': '{text}'. Must be a CIDR address range.", field, "invalid"
    )
