"""Datasets of Vertex AI."""

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
    name="Vertex dataset",
    why="nothing itself; its data is in a bucket",
    maker="Vertex AI console or SDK",
    terraform=NOT_MADE,
    listings=(vertex.listing("datasets"),),
    removal=Removal(),
    pausing=NEVER_WAITS,
    policy=vertex.NO_GRANTS,
    inside=NOT_LOOKED_INTO,
    reported=NOT_REPORTED,
    parts=NOT_IN_THE_FILE,
)
