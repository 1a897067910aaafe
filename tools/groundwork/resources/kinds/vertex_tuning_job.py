"""Hyperparameter tuning jobs of Vertex AI."""

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
    name="Vertex tuning job",
    why="machines by the hour while it runs",
    maker="`gcloud ai hp-tuning-jobs create`",
    terraform=NOT_MADE,
    listings=(vertex.listing("hyperparameterTuningJobs"),),
    removal=Removal(before=vertex.cancel),
    pausing=ENDS_BY_ITSELF,
    policy=NO_POLICY,
    inside=NOT_LOOKED_INTO,
    reported=(reporting.training(2),),
    parts=NOT_IN_THE_FILE,
    over=vertex.over,
)
