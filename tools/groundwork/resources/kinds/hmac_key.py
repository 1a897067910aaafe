"""HMAC keys of service accounts, with which Cloud Storage is used as if it were S3."""

from __future__ import annotations

from groundwork.google.cloud import GoogleCloud
from groundwork.resources.item import Item
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
from groundwork.resources.listing import Listing


def deactivate(cloud: GoogleCloud, item: Item) -> None:
    """Only inactive keys can be deleted (https://cloud.google.com/storage/docs/json_api/v1/projects/hmacKeys/delete)."""
    if item.body.get("state") == "ACTIVE":
        cloud.request("PUT", "storage", f"v1/{item.name}", json={"state": "INACTIVE"})


KIND = Kind(
    name="HMAC key",
    why="nothing; it is a password, valid until somebody deletes it",
    maker="`gcloud storage hmac create`",
    terraform=NOT_MADE,
    listings=(
        Listing(
            "storage",
            "v1/projects/{project}/hmacKeys",
            "items",
            "projects/{project}/hmacKeys/{accessId}",
            born="timeCreated",
            platform=True,
        ),
    ),
    removal=Removal(before=deactivate),
    pausing=NEVER_WAITS,
    policy=NO_POLICY,
    inside=NOT_LOOKED_INTO,
    reported=NOT_REPORTED,
    parts=NOT_IN_THE_FILE,
)
