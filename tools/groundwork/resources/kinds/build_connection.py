"""Connections of Cloud Build to GitHub."""

from __future__ import annotations

from groundwork.environment.values import Environment
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
from groundwork.resources.listing import HERE, Listing


def uses(environment: Environment) -> bool:
    """Whether there is something that it is for."""
    return bool(environment.builds) and environment.github is not None and environment.github.connected


KIND = Kind(
    name="build connection",
    why="nothing; it lets pushes on GitHub start builds",
    maker="`gcloud builds connections create github`",
    terraform=(
        Provisioning(
            "google_cloudbuildv2_connection",
            "connection",
            "projects/{project}/locations/{location}/connections/{name}",
            Free("a connection is free, its builds are not"),
            ("cloudbuild.connections.create", "cloudbuild.connections.delete", "cloudbuild.connections.update"),
            uses=uses,
        ),
    ),
    components={"github_connection": "connection to GitHub"},
    listings=(
        Listing("cloudbuild", f"v2/{HERE}/connections", "connections", places="v2/projects/{project}/locations"),
    ),
    removal=Removal(after=("build repository",)),
    pausing=NEVER_WAITS,
    policy=PolicyAccess(
        "v2/{name}",
        "GET",
        "name",
        "builds connections {verb} {short} --region={location} --project={project}",
    ),
    inside=NOT_LOOKED_INTO,
    reported=NOT_REPORTED,
    parts=NOT_IN_THE_FILE,
)
