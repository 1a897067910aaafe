"""A VM's network interfaces: full names of subnetworks, and access configs, which an empty block requests."""

from __future__ import annotations

from localcloud.provider import paths, requests
from localcloud.provider.values import Object
from localcloud.provider.work import Problem, Work

_NETWORKS = ("network", "subnetwork", "network_attachment")


def sent(work: Work, values: Object) -> list[Object]:
    """The interfaces for the API; raises Problem if one names no network."""
    blocks: list[Object] = values["network_interface"]
    if not all(any(block.get(name) for name in _NETWORKS) for block in blocks):
        raise Problem(
            "google_compute_instance: a network_interface names no network.",
            "Give it exactly one of network, subnetwork and network_attachment.",
            "network_interface",
        )
    bodies: list[Object] = requests.fields(work).expand(values, frozenset({"network_interface"}))["networkInterfaces"]
    return [_interface(work, values, *pair) for pair in zip(blocks, bodies, strict=True)]


def access_configs(block: Object) -> list[Object]:
    """One interface's access configs for the API."""
    return [_access(one or {}) for one in block.get("access_config") or []]


def placed(block: Object) -> Object:
    """An interface as read, with the project from its subnetwork's link."""
    return block | {"subnetwork_project": paths.relative(block["subnetwork"]).partition("/")[2].partition("/")[0]}


def _interface(work: Work, values: Object, block: Object, body: Object) -> Object:
    body.pop("accessConfigs", None)
    outside = access_configs(block)
    for one in body.get("ipv6AccessConfigs", []):
        one["type"] = "DIRECT_IPV6"
        if "externalIpv6PrefixLength" in one:
            one["externalIpv6PrefixLength"] = int(one["externalIpv6PrefixLength"])
    subnetwork = block.get("subnetwork")
    if subnetwork:
        where = {
            "project": block.get("subnetwork_project") or work.project(values),
            "region": paths.last(values["zone"]).rpartition("-")[0],
            "subnetwork": subnetwork,
        }
        body["subnetwork"] = paths.full(
            "projects/{project}/regions/{region}/subnetworks/{subnetwork}", where, subnetwork
        )
    return body | ({"accessConfigs": outside} if outside else {})


def _access(block: Object) -> Object:
    names = {"nat_ip": "natIP", "network_tier": "networkTier", "public_ptr_domain_name": "publicPtrDomainName"}
    fields = {field: block[name] for name, field in names.items() if block.get(name)}
    pointed = {"setPublicPtr": True} if "publicPtrDomainName" in fields else {}
    return {"type": "ONE_TO_ONE_NAT", **fields, **pointed}
