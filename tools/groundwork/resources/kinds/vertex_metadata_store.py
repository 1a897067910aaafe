"""Metadata stores of Vertex AI, in which the SDK keeps experiments."""

from __future__ import annotations

from groundwork.resources import vertex
from groundwork.resources.kind import (
    NEVER_WAITS,
    NO_POLICY,
    NOT_IN_THE_FILE,
    NOT_LOOKED_INTO,
    NOT_MADE,
    NOT_REPORTED,
    Kind,
    Removal,
)

KIND = Kind(
    name="Vertex metadata store",
    why="by GiB of experiments and month",
    maker="`aiplatform.init(experiment=…)` of the Vertex AI SDK",
    terraform=NOT_MADE,
    listings=(vertex.listing("metadataStores"),),
    removal=Removal(after=("Vertex custom job",)),
    pausing=NEVER_WAITS,
    policy=NO_POLICY,
    inside=NOT_LOOKED_INTO,
    reported=NOT_REPORTED,
    parts=NOT_IN_THE_FILE,
)
