"""google_compute_network: a network by its name or link."""

from __future__ import annotations

from localcloud.provider.links import by_link_or_name, linked
from localcloud.provider.values import Object
from localcloud.provider.work import Work

_TEXTS = {
    "description": "description",
    "gateway_ipv4": "gatewayIPv4",
    "internal_ipv6_range": "internalIpv6Range",
    "name": "name",
    "network_profile": "networkProfile",
    "numeric_id": "id",
    "self_link": "selfLink",
}


def read(work: Work) -> Object:
    """The network that is asked for; raises Problem if there is none."""
    place = by_link_or_name(work, "projects/{project}/global/networks/{name}")
    found = linked(work, place)
    return {
        **{name: str(found.get(field, "")) for name, field in _TEXTS.items()},
        "id": place.id,
        "network_id": int(found["id"]),
        "project": place.values["project"],
        "subnetworks_self_links": found.get("subnetworks", []),
    }
