"""TensorBoards of Vertex AI."""

from __future__ import annotations

from groundwork.resources import vertex
from groundwork.resources.kind import NO_POLICY, NOT_IN_THE_FILE, NOT_LOOKED_INTO, NOT_MADE, Kind, Removal

KIND = Kind(
    name="Vertex tensorboard",
    why="by GiB of logs and month",
    maker="`gcloud ai tensorboards create`",
    terraform=NOT_MADE,
    listings=(vertex.listing("tensorboards"),),
    removal=Removal(after=("Vertex custom job",)),
    policy=NO_POLICY,
    inside=NOT_LOOKED_INTO,
    parts=NOT_IN_THE_FILE,
)
