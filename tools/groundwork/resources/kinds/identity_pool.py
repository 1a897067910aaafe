"""Workload identity pools, through which outsiders such as GitHub's workflows log in."""

from __future__ import annotations

from groundwork.resources.kind import (
    NEVER_WAITS,
    NOT_IN_THE_FILE,
    NOT_LOOKED_INTO,
    NOT_REPORTED,
    Free,
    Kind,
    PolicyAccess,
    Provisioning,
    Removal,
)
from groundwork.resources.listing import Listing

KIND = Kind(
    name="identity pool",
    why="nothing; it lets outsiders log in",
    maker="`gcloud iam workload-identity-pools create`",
    terraform=(
        Provisioning(
            "google_iam_workload_identity_pool",
            "identity pool",
            "projects/{project}/locations/global/workloadIdentityPools/{workload_identity_pool_id}",
            Free("identity federation is free"),
            ("iam.googleapis.com/workloadIdentityPools.create", "iam.googleapis.com/workloadIdentityPools.update"),
            uses=lambda environment: environment.github is not None,
            # https://cloud.google.com/iam/docs/manage-workload-identity-pools-providers#delete-pool
            revived=True,
        ),
    ),
    components={"github_identity": "GitHub login"},
    listings=(
        Listing(
            "iam",
            "v1/projects/{project}/locations/global/workloadIdentityPools",
            "workloadIdentityPools",
            born="",
            platform=True,
        ),
    ),
    removal=Removal(),
    pausing=NEVER_WAITS,
    policy=PolicyAccess("v1/{name}", "POST", "workload_identity_pool_id", "", version=""),
    inside=NOT_LOOKED_INTO,
    reported=NOT_REPORTED,
    parts=NOT_IN_THE_FILE,
)
