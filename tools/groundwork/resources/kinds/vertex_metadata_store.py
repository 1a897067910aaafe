"""Metadata stores of Vertex AI, in which the SDK keeps experiments."""

from __future__ import annotations

from groundwork.resources import vertex
from groundwork.resources.kind import NO_POLICY, NOT_IN_THE_FILE, NOT_LOOKED_INTO, NOT_MADE, Kind, Removal

KIND = Kind(
    name="Vertex metadata store",
    why="by GiB of experiments and month",
    maker="`aiplatform.init(experiment=…)` of the Vertex AI SDK",
    terraform=NOT_MADE,
    listings=(vertex.listing("metadataStores"),),
    removal=Removal(after=("Vertex custom job",)),
    policy=NO_POLICY,
    inside=NOT_LOOKED_INTO,
    parts=NOT_IN_THE_FILE,
)
