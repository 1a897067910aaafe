"""The lock of a remote state: who holds it, how to release it, and whether a dead run of ours left it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from groundwork.errors import StateLocked
from groundwork.google.cloud import CloudProblem, GoogleCloud
from groundwork.terraform.commands import TerraformFailed
from groundwork.terraform.runs import TerraformRun
from groundwork.terraform.state import Lock, StateLocation, read_lock

_KNOWN = "Error acquiring the state lock"
# Only this refusal means that somebody else holds the lock; a missing permission to write it does not.
_REFUSED = re.compile(r"\bError (?!412\b)[45]\d\d\b")
_MARGIN = timedelta(seconds=2)


def is_locked(failure: TerraformFailed) -> bool:
    """Whether a command failed because of somebody else's lock."""
    return any(_KNOWN in found.summary and not _REFUSED.search(found.detail) for found in failure.diagnostics)


def explained(lock: Lock | None, environment: str, layer: str) -> StateLocked:
    """The error that says who holds the lock, since when and from where, and what to do."""
    if lock is None:
        return StateLocked(
            f"The state of {environment}/{layer} was locked a moment ago and is free now: run the same command again."
        )
    return StateLocked(
        f"The state of {environment}/{layer} is locked by {text(lock)}: wait for that run to end. "
        f"If you are sure that it is dead, remove the lock with `groundwork unlock --env {environment}`."
    )


def text(lock: Lock) -> str:
    """Who holds a lock, for which operation and since when, for people."""
    since = lock.created.astimezone()
    return f"{lock.who} ({lock.doing}, since {since:%Y-%m-%d %H:%M:%S}, {_ago(lock.created)} ago, Terraform {lock.version or 'unknown'}, lock ID {lock.id})"


def _ago(moment: datetime) -> str:
    seconds = max(0, int((datetime.now(UTC) - moment).total_seconds()))
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"


def left_by(run: TerraformRun, lock: Lock, log: Path) -> bool:
    """Whether a dead run left the lock: taken by the same user on the same host, between the run's start and its last line.

    While the lock exists nobody else can have taken one, so the window needs only a small margin.
    """
    if lock.who != f"{run.user}@{run.host}" or run.in_order or run.at_work:
        return False
    last = datetime.fromtimestamp(log.stat().st_mtime, UTC) if log.exists() else datetime.fromisoformat(run.started)
    return datetime.fromisoformat(run.started) <= lock.created <= last + _MARGIN


def current_locks(cloud: GoogleCloud, places: dict[str, StateLocation]) -> dict[str, Lock]:
    """The current locks, by layer."""
    locks = {layer: read_lock(cloud, place) for layer, place in places.items()}
    return {layer: lock for layer, lock in locks.items() if lock is not None}


def release(cloud: GoogleCloud, place: StateLocation, lock: Lock) -> None:
    """Removes exactly this lock: a newer one has another generation and is never touched."""
    try:
        cloud.request("DELETE", "storage", place.path("tflock"), params={"ifGenerationMatch": lock.id})
    except CloudProblem as problem:
        if problem.code not in (404, 412):
            raise
