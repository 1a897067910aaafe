"""The states of a job, whatever it does: how it is changed, cancelled and ended, and how it waits for this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from localcloud.engine.cloud import Cloud
from localcloud.engine.jobs import Job
from localcloud.engine.orders import Kind, Order
from localcloud.engine.service import Body
from localcloud.errors import CloudError, failed_precondition, invalid, rpc_code
from localcloud.services.aiplatform import journal
from localcloud.services.aiplatform.names import API

OVER = frozenset({"JOB_STATE_SUCCEEDED", "JOB_STATE_FAILED", "JOB_STATE_CANCELLED", "JOB_STATE_EXPIRED"})
_WORDS = {
    "JOB_STATE_SUCCEEDED": "Job completed successfully.",
    "JOB_STATE_CANCELLED": "Job is cancelled.",
    "JOB_STATE_FAILED": "Job failed.",
}
_LOOKS = 0.2
_SIMULATED = "Nothing ran (simulated): neither podman nor docker answers on this machine, and no command stands in for the image."

Ended = Callable[[Cloud, str, str, str, str], None]
"""(cloud, name, state, why, status): ends a job of one kind (a write)."""


def change(cloud: Cloud, name: str, **fields: Any) -> Body | None:
    """Updates fields of a job and returns it (a write); None if it no longer exists."""
    body = cloud.store.get(API, name)
    if body is None:
        return None
    body |= {"updateTime": cloud.clock.rfc3339(), **fields}
    cloud.store.put(API, name, body)
    return body


def close(cloud: Cloud, name: str, state: str, why: str = "", status: str = "CANCELLED") -> Body | None:
    """Stores and logs a job's end, with `why` if it did not succeed (a write); None if the job no longer exists."""
    error = {"error": {"code": rpc_code(status), "message": why}} if why else {}
    body = change(cloud, name, state=state, endTime=cloud.clock.rfc3339(), **error)
    if body is None:
        return None
    if why:
        journal.system(cloud, name, why, "ERROR")
    journal.system(cloud, name, _WORDS[state], "ERROR" if state == "JOB_STATE_FAILED" else "INFO")
    return body


def call_off(cloud: Cloud, body: Body, ended: Ended) -> None:
    """Cancels a job that has not ended (a write)."""
    name = body["name"]
    if body["state"] in OVER:
        return
    change(cloud, name, state="JOB_STATE_CANCELLING")
    journal.system(cloud, name, "Job is being cancelled.")
    if not cloud.jobs.call_off(API, name):
        ended(cloud, name, "JOB_STATE_CANCELLED", "CANCELED", "CANCELLED")


def cut(cloud: Cloud, name: str, problem: CloudError, ended: Ended) -> None:
    """Ends a job that did not complete: it was cancelled or refused, or the local cloud stopped (a write)."""
    called_off = problem.status == "CANCELLED"
    state = "JOB_STATE_CANCELLED" if called_off else "JOB_STATE_FAILED"
    ended(cloud, name, state, "CANCELED" if called_off else problem.message, problem.status)


def check_over(body: Body, kind: str) -> None:
    """400 for deleting a job that has not ended."""
    if body["state"] not in OVER:
        raise failed_precondition(
            f"The {kind} is in the state {body['state']}, and cannot be deleted before it has ended; cancel it first."
        )


async def runtime(cloud: Cloud, order: Order) -> Kind:
    """How a job's containers run; CloudError if nothing can run them."""
    kind = await asyncio.to_thread(cloud.workloads.how, order)
    if kind == "simulated":
        raise failed_precondition(_SIMULATED)
    return kind


async def room(cloud: Cloud, job: Job, name: str, replicas: int) -> None:
    """Waits until all replicas of a job can start; raises CloudError if they never can."""
    workloads = cloud.workloads
    if replicas > workloads.limits["jobs"]:
        raise invalid(
            f"The job has {replicas} replicas, but this machine is configured to run {workloads.limits['jobs']} at once: use fewer replicas."
        )
    if workloads.room("jobs") >= replicas:
        return
    await job.write(lambda: change(cloud, name, state="JOB_STATE_QUEUED"))
    sentence = "The job waits until others have ended: this machine has reached its limit."
    await job.write(lambda: journal.system(cloud, name, sentence))
    while workloads.room("jobs") < replicas:
        await asyncio.sleep(_LOOKS)
    await job.write(lambda: change(cloud, name, state="JOB_STATE_PENDING"))
