"""Triggers of Eventarc."""

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
from groundwork.resources.listing import HERE, Listing

KIND = Kind(
    name="event trigger",
    why="keeps a subscription and calls its target",
    maker="`gcloud eventarc triggers create` or a function with an event",
    terraform=NOT_MADE,
    listings=(Listing("eventarc", f"v1/{HERE}/triggers", "triggers"),),
    removal=Removal(),
    belongs=functions.is_its_trigger,
    pausing=NEVER_WAITS,
    policy=PolicyAccess("v1/{name}", "GET", "name", ""),
    inside=NOT_LOOKED_INTO,
    reported=NOT_REPORTED,
    parts=NOT_IN_THE_FILE,
)
