"""Buckets that were deleted and are kept for some days (https://cloud.google.com/storage/docs/soft-delete)."""

from __future__ import annotations

from groundwork.resources.kind import NEVER_WAITS, NOT_IN_THE_FILE, NOT_MADE, NOT_REPORTED, Kind, Without
from groundwork.resources.listing import Listing

KIND = Kind(
    name="soft-deleted bucket",
    why="objects by GiB and month until it goes",
    maker="whoever deleted a bucket that keeps what is deleted",
    terraform=NOT_MADE,
    listings=(
        Listing(
            "storage",
            "v1/b",
            "items",
            "{name}#{generation}",
            born="softDeleteTime",
            params={"project": "{project}", "softDeleted": "true"},
            platform=True,
            ends="hardDeleteTime",
        ),
    ),
    removal=Without("nobody can make it go sooner"),
    pausing=NEVER_WAITS,
    policy=Without("nobody can use it until it is restored"),
    inside=Without("its objects can be listed only once it is restored"),
    reported=NOT_REPORTED,
    parts=NOT_IN_THE_FILE,
)
