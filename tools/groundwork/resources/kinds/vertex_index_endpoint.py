"""Endpoints of Vertex AI's indexes."""

from __future__ import annotations

from groundwork.google.cloud import GoogleCloud
from groundwork.resources import vertex
from groundwork.resources.item import Item
from groundwork.resources.kind import (
    NO_POLICY,
    NOT_IN_THE_FILE,
    NOT_LOOKED_INTO,
    NOT_MADE,
    NOT_REPORTED,
    Kind,
    Removal,
    Unstoppable,
)


def undeploy(cloud: GoogleCloud, item: Item) -> None:
    """Take its indexes off an endpoint."""
    vertex.undeploy(cloud, item, "deployedIndexes", "undeployIndex", "deployedIndexId")


KIND = Kind(
    name="Vertex index endpoint",
    why="machines by the hour for each deployed index",
    maker="Vertex AI Vector Search",
    terraform=NOT_MADE,
    listings=(vertex.listing("indexEndpoints"),),
    removal=Removal(before=undeploy),
    pausing=Unstoppable(
        "Vertex AI cannot stop a deployed index: undeploy it, or delete the endpoint with `groundwork sweep`",
        lambda item: bool(item.body.get("deployedIndexes")),
    ),
    policy=NO_POLICY,
    inside=NOT_LOOKED_INTO,
    reported=NOT_REPORTED,
    parts=NOT_IN_THE_FILE,
)
