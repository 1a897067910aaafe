"""Keys of service accounts that people made."""

from __future__ import annotations

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

KIND = Kind(
    name="service-account key",
    why="nothing; it is a password in a file, valid for years",
    maker="`gcloud iam service-accounts keys create`",
    terraform=NOT_MADE,
    listings=(
        Listing(
            "iam",
            "v1/projects/{project}/serviceAccounts/{parent}/keys",
            "keys",
            born="validAfterTime",
            params={"keyTypes": "USER_MANAGED"},
            of="service account",
            platform=True,
        ),
    ),
    removal=Removal(),
    pausing=NEVER_WAITS,
    policy=NO_POLICY,
    inside=NOT_LOOKED_INTO,
    reported=NOT_REPORTED,
    parts=NOT_IN_THE_FILE,
)
