"""Runtimes of Colab Enterprise."""

from __future__ import annotations

from groundwork.resources import vertex
from groundwork.resources.kind import (
    NO_POLICY,
    NOT_IN_THE_FILE,
    NOT_LOOKED_INTO,
    NOT_MADE,
    NOT_REPORTED,
    Kind,
    Pausing,
    Removal,
)

KIND = Kind(
    name="Vertex notebook runtime",
    why="machines by the hour while it runs",
    maker="Colab Enterprise",
    terraform=NOT_MADE,
    listings=(vertex.listing("notebookRuntimes"),),
    removal=Removal(),
    pausing=Pausing(
        ":stop",
        ":start",
        runs=lambda item: item.body.get("runtimeState") == "RUNNING",
        rests=lambda item: item.body.get("runtimeState") == "STOPPED",
        doing=lambda item: f"runs in {item.location}",
    ),
    policy=NO_POLICY,
    inside=NOT_LOOKED_INTO,
    reported=NOT_REPORTED,
    parts=NOT_IN_THE_FILE,
)
