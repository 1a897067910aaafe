"""The queue of builds: as many run at once as this machine is configured for, the oldest first."""

from __future__ import annotations

from dataclasses import dataclass

from localcloud.engine.cloud import Cloud
from localcloud.services.cloudbuild.names import API

TABLES = """
CREATE TABLE IF NOT EXISTS cloudbuild_queue (
  place INTEGER PRIMARY KEY, build TEXT NOT NULL UNIQUE, submitter TEXT NOT NULL, component TEXT NOT NULL, working INTEGER NOT NULL);
"""
RUN = "run"
"""The kind of job that carries out a build; the name of the build stands for its operation."""
EXPIRY = "queue ttl"


@dataclass(frozen=True, slots=True)
class QueuedBuild:
    """A build that is not over, who asked for it, and the name of the trigger that it comes from."""

    build: str
    submitter: str
    component: str


def enter(cloud: Cloud, entry: QueuedBuild, ttl: float) -> None:
    """Puts a build at the end of the queue."""
    cloud.store.sql(
        "INSERT INTO cloudbuild_queue (build, submitter, component, working) VALUES (?, ?, ?, 0)",
        *(entry.build, entry.submitter, entry.component),
    )
    cloud.due.after(API, EXPIRY, entry.build, ttl)
    advance(cloud)


def advance(cloud: Cloud) -> None:
    """Orders work on the builds whose turn it is."""
    (working,) = cloud.store.row("SELECT count(*) FROM cloudbuild_queue WHERE working = 1")
    free = max(limit(cloud) - working, 0)
    for (build,) in cloud.store.sql(
        "SELECT build FROM cloudbuild_queue WHERE working = 0 ORDER BY place LIMIT ?", free
    ):
        cloud.store.sql("UPDATE cloudbuild_queue SET working = 1 WHERE build = ?", build)
        cloud.due.forget(API, build, EXPIRY)
        cloud.jobs.start(API, RUN, {"build": build}, build)


def find(cloud: Cloud, build: str) -> QueuedBuild | None:
    """A build's entry, None for one that is over."""
    row = cloud.store.row("SELECT build, submitter, component FROM cloudbuild_queue WHERE build = ?", build)
    return QueuedBuild(*row) if row else None


def leave(cloud: Cloud, build: str) -> None:
    """A build is over: the next one's turn."""
    cloud.store.sql("DELETE FROM cloudbuild_queue WHERE build = ?", build)
    cloud.due.forget(API, build, EXPIRY)
    advance(cloud)


def limit(cloud: Cloud) -> int:
    """How many builds are worked on at once."""
    return cloud.workloads.limits["builds"]
