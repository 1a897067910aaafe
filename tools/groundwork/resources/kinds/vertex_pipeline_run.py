"""Runs of Vertex AI Pipelines."""

from __future__ import annotations

from groundwork.resources import reporting, vertex
from groundwork.resources.kind import (
    ENDS_BY_ITSELF,
    NO_POLICY,
    NOT_IN_THE_FILE,
    NOT_LOOKED_INTO,
    NOT_MADE,
    Kind,
    Removal,
)

KIND = Kind(
    name="Vertex pipeline run",
    why="$0.03 a run, and machines by the hour",
    maker="Vertex AI Pipelines",
    terraform=NOT_MADE,
    listings=(vertex.listing("pipelineJobs"),),
    removal=Removal(before=vertex.cancel),
    pausing=ENDS_BY_ITSELF,
    policy=NO_POLICY,
    inside=NOT_LOOKED_INTO,
    reported=(reporting.training(3),),
    parts=NOT_IN_THE_FILE,
    over=vertex.over,
)
