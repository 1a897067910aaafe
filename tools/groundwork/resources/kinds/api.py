"""Enabled APIs: Service Usage lists them, and they cost nothing by themselves."""

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
    Without,
)

KIND = Kind(
    name="API",
    why="nothing itself",
    maker="`gcloud services enable`",
    terraform=(
        Provisioning(
            "google_project_service",
            "API",
            Without("enabling it again changes nothing"),
            Free("an enabled API is free, its use is not"),
            ("serviceusage.services.enable", "serviceusage.services.list"),
            again=True,
        ),
    ),
    components={"services": "APIs"},
    listings=Without("an enabled API is not a leftover: what it could have created is listed"),
    removal=Without("other things in the project may need it"),
    pausing=NEVER_WAITS,
    policy=NO_POLICY,
    inside=NOT_LOOKED_INTO,
    reported=NOT_REPORTED,
    parts=NOT_IN_THE_FILE,
)
