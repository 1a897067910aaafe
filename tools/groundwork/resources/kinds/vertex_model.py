"""Models in Vertex AI's registry."""

from __future__ import annotations

from groundwork.resources import vertex
from groundwork.resources.kind import (
    NEVER_WAITS,
    NOT_IN_THE_FILE,
    NOT_LOOKED_INTO,
    NOT_MADE,
    NOT_REPORTED,
    Kind,
    Removal,
)

KIND = Kind(
    name="Vertex model",
    why="nothing itself; its artifacts are in a bucket",
    maker="`gcloud ai models upload`",
    terraform=NOT_MADE,
    listings=(vertex.listing("models"),),
    removal=Removal(after=("Vertex endpoint",)),
    pausing=NEVER_WAITS,
    policy=vertex.NO_GRANTS,
    inside=NOT_LOOKED_INTO,
    reported=NOT_REPORTED,
    parts=NOT_IN_THE_FILE,
)
