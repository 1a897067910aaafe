"""Custom jobs: created, cancelled and deleted here, run in training.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.engine import standard
from localcloud.engine.cloud import Cloud
from localcloud.engine.events import Event
from localcloud.engine.service import Body, Call, Resource
from localcloud.services.aiplatform import charges, job_states, journal, names, pipeline_tasks, quotas, specs, trials
from localcloud.services.aiplatform.names import API

KIND = "train"
_OWN = frozenset(
    {"pipeline", "dataVariables", trials.LINK, trials.MEASUREMENTS, pipeline_tasks.LINK, pipeline_tasks.OUTPUTS}
)
"""Stored fields of a job that its schema does not have."""
ENDED = "localcloud.aiplatform.customJob.ended"
"""The event for a job that has ended."""


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
    job_states.check_over(body, "CustomJob")


def cancel(call: Call) -> Body:
    """customJobs.cancel: cancels the job; does nothing if it has ended."""
    job_states.call_off(call.cloud, standard.existing(call, JOB), ended)
    return {}


def ended(cloud: Cloud, name: str, state: str, why: str = "", status: str = "CANCELLED") -> None:
    """Stores a job's end, with `why` if it did not succeed, and meters its usage (a write)."""
    body = job_states.close(cloud, name, state, why, status)
    if body is None:
        return
    if "startTime" in body:
        seconds = cloud.clock.since(body["startTime"])
        for pool in specs.pools(body["jobSpec"]):
            charges.meter(cloud, name, body.get("labels", {}), pool.machine, pool.replicas, seconds, "training")
    error = {"error": body["error"]} if why else {}
    source = f"//{names.HOST}/{name}"
    cloud.events.emit(Event(ENDED, source, name, names.project(name), body["endTime"], {"state": state, **error}))


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
