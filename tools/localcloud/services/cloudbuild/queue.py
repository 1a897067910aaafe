"""The build queue: oldest first, as many at once as this machine is configured for."""

from __future__ import annotations

from dataclasses import dataclass

from localcloud.engine.cloud import Cloud
from localcloud.services.cloudbuild.names import API

TABLES = """
CREATE TABLE IF NOT EXISTS cloudbuild_queue (
  place INTEGER PRIMARY KEY, build TEXT NOT NULL UNIQUE, submitter TEXT NOT NULL, component TEXT NOT NULL, working INTEGER NOT NULL);
"""
RUN = "run"
"""The kind of job that runs a build; the build's name is used as its operation."""
EXPIRY = "queue ttl"


@dataclass(frozen=True, slots=True)
class QueuedBuild:
    """A queued or running build, its submitter's email, and its trigger's name."""

    build: str
    submitter: str
    component: str


def enter(cloud: Cloud, entry: QueuedBuild, ttl: float) -> None:
    """Adds a build to the queue, where it expires after `ttl` seconds."""
    cloud.store.sql(
        "INSERT INTO cloudbuild_queue (build, submitter, component, working) VALUES (?, ?, ?, 0)",
        *(entry.build, entry.submitter, entry.component),
    )
    cloud.due.after(API, EXPIRY, entry.build, ttl)
    advance(cloud)


def advance(cloud: Cloud) -> None:
    """Starts the builds whose turn it is."""
    (working,) = cloud.store.row("SELECT count(*) FROM cloudbuild_queue WHERE working = 1")
    free = max(limit(cloud) - working, 0)
    for (build,) in cloud.store.sql(
        "SELECT build FROM cloudbuild_queue WHERE working = 0 ORDER BY place LIMIT ?", free
    ):
        cloud.store.sql("UPDATE cloudbuild_queue SET working = 1 WHERE build = ?", build)
        cloud.due.forget(API, build, EXPIRY)
        cloud.jobs.start(API, RUN, {"build": build}, build)


def find(cloud: Cloud, build: str) -> QueuedBuild | None:
    """A build's entry; None if it has finished."""
    row = cloud.store.row("SELECT build, submitter, component FROM cloudbuild_queue WHERE build = ?", build)
    return QueuedBuild(*row) if row else None


def leave(cloud: Cloud, build: str) -> None:
    """Removes a finished build, and starts the next one."""
    cloud.store.sql("DELETE FROM cloudbuild_queue WHERE build = ?", build)
    cloud.due.forget(API, build, EXPIRY)
    advance(cloud)


def limit(cloud: Cloud) -> int:
    """How many builds may run at once."""
    return cloud.workloads.limits["builds"]
