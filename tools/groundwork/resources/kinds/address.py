"""Reserved addresses."""

from __future__ import annotations

from collections.abc import Iterator

from groundwork.resources import compute
from groundwork.resources.kind import (
    NO_POLICY,
    NOT_IN_THE_FILE,
    NOT_LOOKED_INTO,
    NOT_REPORTED,
    Kind,
    Provisioning,
    Removal,
    Without,
)
from groundwork.resources.needs import HOURS_A_MONTH, Assumed, Need, Planned, fixed


def price(resource: Planned, _: Assumed) -> Iterator[Need]:
    """A reserved external address, taken to be in use; an idle one costs twice as much."""
    if resource.get("address_type", "EXTERNAL") == "EXTERNAL":
        yield fixed("address", "network.address.used", str(resource.get("region")), HOURS_A_MONTH)


KIND = Kind(
    name="address",
    why="by the hour, more while nothing uses it",
    maker="`gcloud compute addresses create`",
    terraform=(
        Provisioning(
            "google_compute_address",
            "address",
            "projects/{project}/regions/{region}/addresses/{name}",
            price,
            Without("no layer makes one"),
        ),
    ),
    listings=(compute.listing("addresses"),),
    removal=Removal(after=("instance",)),
    pausing=Without("it is billed until it is released, whether anything uses it or not"),
    policy=NO_POLICY,
    inside=NOT_LOOKED_INTO,
    reported=NOT_REPORTED,
    parts=NOT_IN_THE_FILE,
)
