"""Routers, with the NAT gateways in them."""

from __future__ import annotations

from collections.abc import Iterator

from groundwork.resources import compute
from groundwork.resources.kind import (
    NO_POLICY,
    NOT_IN_THE_FILE,
    NOT_LOOKED_INTO,
    NOT_REPORTED,
    Free,
    Kind,
    Provisioning,
    Removal,
    Without,
)
from groundwork.resources.needs import HOURS_A_MONTH, Assumed, Need, Planned, assume, fixed, usage


def price(resource: Planned, assumptions: Assumed) -> Iterator[Need]:
    """A NAT gateway at its highest hourly price, and the data through it."""
    region = str(resource.get("region"))
    yield fixed("gateway", "network.nat.gateway", region, HOURS_A_MONTH)
    yield usage("data", "network.nat.data", region, assume(assumptions, resource, "nat_gib"))


KIND = Kind(
    name="router",
    why="nothing itself; a NAT gateway in it by the hour and by GiB",
    maker="`gcloud compute routers create`",
    terraform=(
        Provisioning(
            "google_compute_router",
            "router",
            "projects/{project}/regions/{region}/routers/{name}",
            Free("the router is free, its NAT gateway is not"),
            Without("no layer makes one"),
        ),
        Provisioning(
            "google_compute_router_nat",
            "NAT gateway",
            "projects/{project}/regions/{region}/routers/{router}/{name}",
            price,
            Without("no layer makes one"),
        ),
    ),
    listings=(compute.listing("routers"),),
    removal=Removal(after=("instance",)),
    pausing=Without("a NAT gateway is billed until it is deleted"),
    policy=NO_POLICY,
    inside=NOT_LOOKED_INTO,
    reported=NOT_REPORTED,
    parts=NOT_IN_THE_FILE,
)
