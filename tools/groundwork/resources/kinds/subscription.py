"""Subscriptions of Pub/Sub."""

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
    name="subscription",
    why="keeps messages, and delivers them, by the GiB",
    maker="`gcloud pubsub subscriptions create`",
    makers=((r"eventarc-.*", "Eventarc, for a trigger"),),
    terraform=NOT_MADE,
    listings=(Listing("pubsub", "v1/projects/{project}/subscriptions", "subscriptions", born=""),),
    removal=Removal(after=("event trigger",)),
    belongs=functions.carries_its_events,
    pausing=NEVER_WAITS,
    policy=PolicyAccess("v1/{name}", "GET", "subscription", "pubsub subscriptions {verb} {short} --project={project}"),
    inside=NOT_LOOKED_INTO,
    reported=NOT_REPORTED,
    parts=NOT_IN_THE_FILE,
)
