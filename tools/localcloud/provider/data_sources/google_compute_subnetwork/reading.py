"""google_compute_subnetwork: a subnetwork by its link, or by its name in a region."""

from __future__ import annotations

from localcloud.provider.links import by_link_or_name, linked
from localcloud.provider.values import Object
from localcloud.provider.work import Work

_TEXTS = {
    "description": "description",
    "external_ipv6_prefix": "externalIpv6Prefix",
    "gateway_address": "gatewayAddress",
    "internal_ipv6_prefix": "internalIpv6Prefix",
    "ip_cidr_range": "ipCidrRange",
    "ipv6_access_type": "ipv6AccessType",
    "network": "network",
    "self_link": "selfLink",
    "stack_type": "stackType",
}


def read(work: Work) -> Object:
    """The subnetwork that is asked for; raises Problem if there is none."""
    place = by_link_or_name(work, "projects/{project}/regions/{region}/subnetworks/{name}")
    found = linked(work, place)
    secondary = [
        {"range_name": one.get("rangeName", ""), "ip_cidr_range": one.get("ipCidrRange", "")}
        for one in found.get("secondaryIpRanges", [])
    ]
    return {
        **{name: found.get(field, "") for name, field in _TEXTS.items()},
        **place.values,
        "id": place.id,
        "private_ip_google_access": found.get("privateIpGoogleAccess", False),
        "secondary_ip_range": secondary,
        "subnetwork_id": int(found["id"]),
    }
