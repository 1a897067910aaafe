"""Repositories on GitHub that Cloud Build is connected to."""

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
from groundwork.resources.kinds import build_connection
from groundwork.resources.listing import Listing

KIND = Kind(
    name="build repository",
    why="nothing; its pushes may start builds",
    maker="`gcloud builds repositories create`",
    terraform=(
        Provisioning(
            "google_cloudbuildv2_repository",
            "connected repository",
            "projects/{project}/locations/{location}/connections/{parent_connection}/repositories/{name}",
            Free("a connected repository is free, its builds are not"),
            ("cloudbuild.repositories.create", "cloudbuild.repositories.delete"),
            uses=build_connection.uses,
        ),
    ),
    listings=(Listing("cloudbuild", "v2/{parent}/repositories", "repositories", of="build connection"),),
    removal=Removal(after=("build trigger",)),
    pausing=NEVER_WAITS,
    policy=NO_POLICY,
    inside=NOT_LOOKED_INTO,
    reported=NOT_REPORTED,
    parts=NOT_IN_THE_FILE,
)
