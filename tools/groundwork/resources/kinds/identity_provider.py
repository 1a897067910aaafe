"""Providers of workload identity pools: whose tokens a pool believes."""

from __future__ import annotations

from groundwork.resources.kind import (
    NEVER_WAITS,
    NO_POLICY,
    NOT_IN_THE_FILE,
    NOT_LOOKED_INTO,
    NOT_REPORTED,
    Free,
    Kind,
    Provisioning,
    Removal,
)
from groundwork.resources.listing import Listing

KIND = Kind(
    name="identity provider",
    why="nothing; it lets outsiders log in",
    maker="`gcloud iam workload-identity-pools providers create-oidc`",
    terraform=(
        Provisioning(
            "google_iam_workload_identity_pool_provider",
            "identity provider",
            "projects/{project}/locations/global/workloadIdentityPools/{workload_identity_pool_id}/providers/"
            "{workload_identity_pool_provider_id}",
            Free("identity federation is free"),
            (
                "iam.googleapis.com/workloadIdentityPoolProviders.create",
                "iam.googleapis.com/workloadIdentityPoolProviders.update",
            ),
            uses=lambda environment: environment.github is not None,
            revived=True,
        ),
    ),
    listings=(
        Listing(
            "iam", "v1/{parent}/providers", "workloadIdentityPoolProviders", born="", of="identity pool", platform=True
        ),
    ),
    removal=Removal(),
    pausing=NEVER_WAITS,
    policy=NO_POLICY,
    inside=NOT_LOOKED_INTO,
    reported=NOT_REPORTED,
    parts=NOT_IN_THE_FILE,
)
