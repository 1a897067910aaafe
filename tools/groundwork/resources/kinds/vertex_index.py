"""Indexes of Vertex AI."""

from __future__ import annotations

from groundwork.resources import vertex
from groundwork.resources.kind import NO_POLICY, NOT_IN_THE_FILE, NOT_LOOKED_INTO, NOT_MADE, Kind, Removal

KIND = Kind(
    name="Vertex index",
    why="storage",
    maker="Vertex AI Vector Search",
    terraform=NOT_MADE,
    listings=(vertex.listing("indexes"),),
    removal=Removal(after=("Vertex index endpoint",)),
    policy=NO_POLICY,
    inside=NOT_LOOKED_INTO,
    parts=NOT_IN_THE_FILE,
)
