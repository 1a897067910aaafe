"""Endpoints of Vertex AI."""

from __future__ import annotations

from groundwork.google.cloud import GoogleCloud
from groundwork.resources import vertex
from groundwork.resources.item import Item
from groundwork.resources.kind import NO_POLICY, NOT_IN_THE_FILE, NOT_LOOKED_INTO, NOT_MADE, Kind, Removal, Unstoppable
from groundwork.resources.reporting import ReportEntry


def undeploy(cloud: GoogleCloud, item: Item) -> None:
    """Take its models off an endpoint."""
    vertex.undeploy(cloud, item, "deployedModels", "undeployModel", "deployedModelId")


KIND = Kind(
    name="Vertex endpoint",
    why="machines by the hour for each deployed model, day and night",
    maker="`gcloud ai endpoints create`",
    terraform=NOT_MADE,
    listings=(vertex.listing("endpoints"),),
    removal=Removal(before=undeploy),
    pausing=Unstoppable(
        "Vertex AI cannot stop a deployed model: undeploy it, or delete the endpoint with `groundwork sweep`",
        lambda item: bool(item.body.get("deployedModels")),
    ),
    policy=NO_POLICY,
    inside=NOT_LOOKED_INTO,
    reported=(
        ReportEntry("deployed", 2, lambda item: [f"gcloud ai endpoints predict {item.short} --json-request=FILE"]),
    ),
    parts=NOT_IN_THE_FILE,
)
