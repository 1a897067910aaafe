"""Indexes of Vertex AI."""

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
    name="Vertex index",
    why="storage",
    maker="Vertex AI Vector Search",
    terraform=NOT_MADE,
    listings=(vertex.listing("indexes"),),
    removal=Removal(after=("Vertex index endpoint",)),
    pausing=NEVER_WAITS,
    policy=NO_POLICY,
    inside=NOT_LOOKED_INTO,
    reported=NOT_REPORTED,
    parts=NOT_IN_THE_FILE,
)
