"""Roles of the project's own."""

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
    name="custom role",
    why="nothing",
    maker="`gcloud iam roles create`",
    components={"budget_roles": "role of the budget's", "persona_roles": "role of"},
    terraform=(
        Provisioning(
            "google_project_iam_custom_role",
            "role",
            "projects/{project}/roles/{role_id}",
            Free("access rules are free"),
            ("iam.roles.create", "iam.roles.delete", "iam.roles.undelete", "iam.roles.update"),
        ),
    ),
    listings=(Listing("iam", "v1/projects/{project}/roles", "roles", born="", platform=True),),
    removal=Removal(),
    pausing=NEVER_WAITS,
    policy=NO_POLICY,
    inside=NOT_LOOKED_INTO,
    reported=NOT_REPORTED,
    parts=NOT_IN_THE_FILE,
)
