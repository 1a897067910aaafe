"""Networks, with their subnetworks and firewall rules."""

from __future__ import annotations

from groundwork.resources.kind import NO_POLICY, NOT_IN_THE_FILE, NOT_LOOKED_INTO, Free, Kind, Provisioning, Without


def _made(resource_type: str, word: str, why: str) -> Provisioning:
    return Provisioning(resource_type, word, Without("no layer makes one"), Free(why), Without("no layer makes one"))


KIND = Kind(
    name="network",
    why="nothing; traffic does",
    maker="`gcloud compute networks create`",
    terraform=(
        _made("google_compute_network", "network", "networks are free, traffic is not"),
        _made("google_compute_subnetwork", "subnetwork", "networks are free, traffic is not"),
        _made("google_compute_firewall", "firewall rule", "rules are free, traffic is not"),
    ),
    listings=Without("it is free, and a new project has one"),
    removal=Without("it is free, and a new project has one"),
    policy=NO_POLICY,
    inside=NOT_LOOKED_INTO,
    parts=NOT_IN_THE_FILE,
)
