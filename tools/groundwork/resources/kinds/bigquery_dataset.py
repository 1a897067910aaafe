"""Datasets of BigQuery."""

from __future__ import annotations

from groundwork.resources.kind import (
    NEVER_WAITS,
    NOT_IN_THE_FILE,
    NOT_LOOKED_INTO,
    NOT_MADE,
    NOT_REPORTED,
    Kind,
    Removal,
    Without,
)
from groundwork.resources.listing import Listing

KIND = Kind(
    name="BigQuery dataset",
    why="tables by GiB and month",
    maker="`bq mk` or the billing export",
    terraform=NOT_MADE,
    listings=(
        Listing(
            "bigquery",
            "v2/projects/{project}/datasets",
            "datasets",
            "projects/{project}/datasets/{datasetReference.datasetId}",
            born="",
            from_start=True,
            needs="bigquery.datasets.get",
        ),
    ),
    removal=Removal(after=("log sink",), params={"deleteContents": "true"}),
    pausing=NEVER_WAITS,
    policy=Without("its list of entries is part of the dataset itself, and is not read"),
    inside=NOT_LOOKED_INTO,
    reported=NOT_REPORTED,
    parts=NOT_IN_THE_FILE,
)
