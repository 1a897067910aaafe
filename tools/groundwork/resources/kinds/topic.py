"""Topics of Pub/Sub."""

from __future__ import annotations

from groundwork.resources import functions
from groundwork.resources.kind import (
    NEVER_WAITS,
    NOT_IN_THE_FILE,
    NOT_LOOKED_INTO,
    NOT_MADE,
    NOT_REPORTED,
    Kind,
    PolicyAccess,
    Removal,
)
from groundwork.resources.listing import Listing

KIND = Kind(
    name="topic",
    why="by GiB of messages",
    maker="`gcloud pubsub topics create`",
    makers=((r"eventarc-.*", "Eventarc, for a trigger"), (r"container-analysis-.*", "Container Analysis")),
    terraform=NOT_MADE,
    listings=(Listing("pubsub", "v1/projects/{project}/topics", "topics", born=""),),
    removal=Removal(after=("subscription", "log sink", "scheduler job")),
    belongs=functions.carries_its_events,
    pausing=NEVER_WAITS,
    policy=PolicyAccess("v1/{name}", "GET", "topic", "pubsub topics {verb} {short} --project={project}"),
    inside=NOT_LOOKED_INTO,
    reported=NOT_REPORTED,
    parts=NOT_IN_THE_FILE,
)
