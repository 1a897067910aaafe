"""Batch predictions of Vertex AI."""

from __future__ import annotations

from groundwork.resources import vertex
from groundwork.resources.kind import (
    ENDS_BY_ITSELF,
    NO_POLICY,
    NOT_IN_THE_FILE,
    NOT_LOOKED_INTO,
    NOT_MADE,
    NOT_REPORTED,
    Kind,
    Removal,
)

KIND = Kind(
    name="Vertex batch prediction",
    why="machines by the hour while it runs",
    maker="Vertex AI console or SDK",
    terraform=NOT_MADE,
    listings=(vertex.listing("batchPredictionJobs"),),
    removal=Removal(before=vertex.cancel),
    pausing=ENDS_BY_ITSELF,
    policy=NO_POLICY,
    inside=NOT_LOOKED_INTO,
    reported=NOT_REPORTED,
    parts=NOT_IN_THE_FILE,
    over=vertex.over,
)
