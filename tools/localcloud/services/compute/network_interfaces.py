"""The network interfaces of a virtual machine, and its addresses outside. Nothing is connected to them (simulated)."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

from localcloud.engine import fingerprints
from localcloud.engine.service import Body, Call
from localcloud.errors import invalid
from localcloud.services.compute import networks, subnetworks

_OUTSIDE = {"name": "external-nat", "kind": "compute#accessConfig", "type": "ONE_TO_ONE_NAT", "networkTier": "PREMIUM"}


def completed(call: Call, instance: str, sent: Mapping[str, Any], at: int) -> Body:
    """A network interface in its stored form; by default in the default network; a network in auto mode has a subnetwork in each region."""
    one: Body = {"name": f"nic{at}", "kind": "compute#networkInterface", "stackType": "IPV4_ONLY", **sent}
    default = networks.default_of(str(call.project))
    subnetwork = call.cloud.store.get("compute", str(one.get("subnetwork", "")))
    one.setdefault("network", (subnetwork or {}).get("network") or default)
    if networks.every(call).get(one["network"], {}).get("autoCreateSubnetworks"):
        region, short = call.path.split("/")[3].rpartition("-")[0], one["network"].rpartition("/")[2]
        one.setdefault("subnetwork", f"projects/{call.project}/regions/{region}/subnetworks/{short}")
    one.setdefault(
        "networkIP", f"10.128.{_number(call, instance, at) >> 8 & 255}.{_number(call, instance, at) % 253 + 2}"
    )
    subnetworks.check_interface(call, one, at)
    access_configs = one.get("accessConfigs")
    if isinstance(access_configs, list):
        one["accessConfigs"] = [outside(call, instance, config, at) for config in access_configs]
    return one | {fingerprints.OWN: fingerprints.of(one)}


def outside(call: Call, instance: str, sent: Mapping[str, Any], at: int) -> Body:
    """An external access config. Its address is from the documentation range: nothing answers there."""
    return {**_OUTSIDE, "natIP": f"203.0.113.{_number(call, instance, at) % 253 + 1}", **sent}


def named(instance: Body, name: str) -> int:
    """The index of the interface of this name; 400 without one."""
    names = [one["name"] for one in instance["networkInterfaces"]]
    if name not in names:
        raise invalid(f"Invalid value for field 'networkInterface': '{name}'.", "networkInterface", "invalid")
    return names.index(name)


def _number(call: Call, instance: str, at: int) -> int:
    place = call.path.partition("/instances")[0]
    return zlib.crc32(f"{place}/instances/{instance}/{at}".encode())
