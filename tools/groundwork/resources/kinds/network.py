"""Networks, with their subnetworks and firewall rules."""

from __future__ import annotations

from groundwork.resources import compute
from groundwork.resources.kind import (
    NEVER_WAITS,
    NO_POLICY,
    NOT_IN_THE_FILE,
    NOT_LOOKED_INTO,
    NOT_REPORTED,
    Free,
    Kind,
    Provisioning,
    Without,
)


def _made(resource_type: str, word: str, collection: str, why: str) -> Provisioning:
    api = collection.rpartition("/")[2]
    permissions = tuple(f"compute.{api}.{verb}" for verb in ("create", "delete", "update"))
    path = f"projects/{{project}}/{collection}/{{name}}"
    return Provisioning(resource_type, word, path, Free(why), permissions, uses=compute.is_used)


KIND = Kind(
    name="network",
    why="nothing; traffic does",
    maker="`gcloud compute networks create`",
    terraform=(
        _made("google_compute_network", "network", "global/networks", "networks are free, traffic is not"),
        _made(
            "google_compute_subnetwork",
            "subnetwork",
            "regions/{region}/subnetworks",
            "networks are free, traffic is not",
        ),
        _made("google_compute_firewall", "firewall rule", "global/firewalls", "rules are free, traffic is not"),
    ),
    components={"networks": "network"},
    listings=Without("it is free, and a new project has one"),
    removal=Without("it is free, and a new project has one"),
    pausing=NEVER_WAITS,
    policy=NO_POLICY,
    inside=NOT_LOOKED_INTO,
    reported=NOT_REPORTED,
    parts=NOT_IN_THE_FILE,
)
