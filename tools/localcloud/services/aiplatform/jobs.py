"""Custom jobs: created, cancelled and deleted here, run in training.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.engine.cloud import Cloud
from localcloud.engine.events import Event
from localcloud.engine.service import Body, Call, Resource
from localcloud.errors import failed_precondition, rpc_code
from localcloud.services.aiplatform import charges, journal, names, quotas, specs
from localcloud.services.aiplatform.names import API

KIND = "train"
_OVER = frozenset({"JOB_STATE_SUCCEEDED", "JOB_STATE_FAILED", "JOB_STATE_CANCELLED", "JOB_STATE_EXPIRED"})
_OWN = frozenset({"pipeline", "dataVariables"})
"""Stored fields of a job that its schema does not have."""
ENDED = "localcloud.aiplatform.customJob.ended"
"""The event for a job that has ended."""
_WORDS = {
    "JOB_STATE_SUCCEEDED": "Job completed successfully.",
    "JOB_STATE_CANCELLED": "Job is cancelled.",
    "JOB_STATE_FAILED": "Job failed.",
}


def completed(call: Call, body: Body) -> Body:
    """A new job, validated and completed; 429 if its GPUs exceed the quota."""
    names.check_place(call)
    names.check_described(body, "custom job", "custom_job")
    spec = specs.completed(call, body.get("jobSpec", {}))
    quotas.check(call.cloud, call.path.rpartition("/")[0], spec)
    return {**body, "jobSpec": spec, "state": "JOB_STATE_PENDING"}


def created(call: Call, body: Body) -> None:
    """Starts the job's worker."""
    begin(call.cloud, body["name"])


def begin(cloud: Cloud, name: str) -> None:
    """Starts the worker for a stored job (a write)."""
    journal.system(cloud, name, "Job is queued.")
    cloud.jobs.start(API, KIND, {"name": name}, name)


def deleted(_call: Call, body: Body) -> None:
    """400 for deleting a job that has not ended."""
    if body["state"] not in _OVER:
        raise failed_precondition(
            f"The CustomJob is in the state {body['state']}, and cannot be deleted before it has ended; cancel it first."
        )


def cancel(call: Call) -> Body:
    """customJobs.cancel: cancels the job; does nothing if it has ended."""
    body = call.cloud.store.get(API, call.name)
    if body is None:
        raise names.absent(call.cloud, "CustomJob", call.name)
    call_off(call.cloud, body)
    return {}


def call_off(cloud: Cloud, body: Body) -> None:
    """Cancels a job that has not ended (a write)."""
    name = body["name"]
    if body["state"] in _OVER:
        return
    change(cloud, name, state="JOB_STATE_CANCELLING")
    journal.system(cloud, name, "Job is being cancelled.")
    if not cloud.jobs.call_off(API, name):
        ended(cloud, name, "JOB_STATE_CANCELLED", "CANCELED")


def change(cloud: Cloud, name: str, **fields: Any) -> Body | None:
    """Updates fields of a job and returns it (a write); None if it no longer exists."""
    body = cloud.store.get(API, name)
    if body is None:
        return None
    body |= {"updateTime": cloud.clock.rfc3339(), **fields}
    cloud.store.put(API, name, body)
    return body


def ended(cloud: Cloud, name: str, state: str, why: str = "", status: str = "CANCELLED") -> None:
    """Stores a job's end, with `why` if it did not succeed, and meters its usage (a write)."""
    now = cloud.clock.rfc3339()
    error = {"error": {"code": rpc_code(status), "message": why}} if why else {}
    body = change(cloud, name, state=state, endTime=now, **error)
    if body is None:
        return
    if why:
        journal.system(cloud, name, why, "ERROR")
    journal.system(cloud, name, _WORDS[state], "ERROR" if state == "JOB_STATE_FAILED" else "INFO")
    if "startTime" in body:
        seconds = cloud.clock.since(body["startTime"])
        for pool in specs.pools(body["jobSpec"]):
            charges.meter(cloud, name, body.get("labels", {}), pool.machine, pool.replicas, seconds, "training")
    source = f"//{names.HOST}/{name}"
    cloud.events.emit(Event(ENDED, source, name, names.project(name), now, {"state": state, **error}))


def presented(cloud: Cloud, body: Body) -> Body:
    """A job as clients see it."""
    shown = {key: value for key, value in names.shown(cloud, body).items() if key not in _OWN}
    spec: Mapping[str, Any] = body["jobSpec"]
    return {**shown, "jobSpec": names.shown(cloud, dict(spec))}


JOB = Resource(
    kind="CustomJob",
    complete=completed,
    created=created,
    delete=deleted,
    present=presented,
    missing='The CustomJob "{numbered}" does not exist.',
)
