"""Hyperparameter tuning jobs: they start a custom job for each trial, a few at a time, and end with the last one."""

from __future__ import annotations

from collections.abc import Sequence

from localcloud.engine import standard
from localcloud.engine.cloud import Cloud
from localcloud.engine.events import Event
from localcloud.engine.service import Body, Call, Resource
from localcloud.errors import invalid
from localcloud.services.aiplatform import boards, job_states, jobs, journal, names, quotas, specs, studies, trials
from localcloud.services.aiplatform.names import API

_JOB = "hyperparameter_tuning_job"
_MOST = 1000
_OVER = frozenset({"SUCCEEDED", "INFEASIBLE"})
_STATES = {"JOB_STATE_RUNNING": "ACTIVE", "JOB_STATE_CANCELLING": "STOPPING"}
"""The state of a trial whose job is in a state; REQUESTED for others that have not ended."""
_WHY = "_failed"
"""The stored field for why a job fails, as soon as that is certain."""


def completed(call: Call, body: Body) -> Body:
    """A new job, validated and completed; 429 if the GPUs of its parallel trials exceed the quota."""
    names.check_place(call)
    names.check_described(body, "hyperparameter tuning job", _JOB)
    studies.check(body.get("studySpec", {}))
    for field, what in (("maxTrialCount", "max_trial_count"), ("parallelTrialCount", "parallel_trial_count")):
        if not 1 <= body.get(field, 0) <= _MOST:
            raise invalid(f"{_JOB}.{what} must be from 1 to {_MOST}.", f"{_JOB}.{what}")
    if body.get("maxFailedTrialCount", 0) < 0:
        raise invalid(f"{_JOB}.max_failed_trial_count may not be negative.", f"{_JOB}.max_failed_trial_count")
    spec = specs.completed(call, body.get("trialJobSpec", {}), f"{_JOB}.trial_job_spec")
    parallel = min(body["maxTrialCount"], body["parallelTrialCount"])
    quotas.check(call.cloud, call.path.rpartition("/")[0], spec, parallel)
    return {**body, "trialJobSpec": spec, "state": "JOB_STATE_PENDING", "trials": []}


def created(call: Call, body: Body) -> None:
    """Starts the first trials."""
    journal.system(call.cloud, body["name"], "Job is queued.")
    for sentence in studies.differences(body["studySpec"]):
        journal.system(call.cloud, body["name"], sentence, "WARNING")
    _begin(call.cloud, body)


def cancel(call: Call) -> Body:
    """hyperparameterTuningJobs.cancel: cancels the job with its trials; does nothing if it has ended."""
    body = standard.existing(call, JOB)
    if body["state"] not in job_states.OVER:
        job_states.change(call.cloud, body["name"], state="JOB_STATE_CANCELLING")
        journal.system(call.cloud, body["name"], "Job is being cancelled.")
        _call_off(call.cloud, body)
    return {}


def deleted(call: Call, body: Body) -> None:
    """Deletes a job's trials with it; 400 if the job has not ended."""
    job_states.check_over(body, "HyperparameterTuningJob")
    for trial in body["trials"]:
        standard.remove(call.cloud, API, trial["customJob"])


def trial_ended(cloud: Cloud, event: Event) -> None:
    """Notes how a trial has ended, and starts the next one or ends the job (a write)."""
    job = cloud.store.get(API, event.subject)
    body = cloud.store.get(API, trials.log_owner(job)) if job and trials.trial_id(job) else None
    if job is None or body is None:
        return
    body["trials"][int(trials.trial_id(job)) - 1] |= _outcome(job, body["studySpec"])
    cloud.store.put(API, body["name"], {**body, "updateTime": event.moment})
    most = body.get("maxFailedTrialCount") or body["maxTrialCount"]
    failed = [one for one in body["trials"] if one["state"] == "INFEASIBLE"]
    if body["state"] != "JOB_STATE_CANCELLING" and _WHY not in body and len(failed) >= most:
        why = f"{len(failed)} trials failed. Trial {failed[-1]['id']}: {failed[-1]['infeasibleReason']}"
        _call_off(cloud, job_states.change(cloud, body["name"], **{_WHY: why}) or body)
    _go_on(cloud, body["name"])


def presented(cloud: Cloud, body: Body) -> Body:
    """A job as clients see it, with the states of trials that have not ended."""
    shown = {key: value for key, value in names.shown(cloud, body).items() if not key.startswith("_")}
    shown["trialJobSpec"] = names.shown(cloud, dict(body["trialJobSpec"]))
    shown["trials"] = [_shown(cloud, one) for one in body["trials"]]
    began = [one["startTime"] for one in shown["trials"] if "startTime" in one]
    if began:
        shown["startTime"] = min(began)
    if began and shown["state"] == "JOB_STATE_PENDING":
        shown["state"] = "JOB_STATE_RUNNING"
    return shown


def _begin(cloud: Cloud, body: Body) -> None:
    """Starts as many trials as may run at once and are left (a write)."""
    parent, now = body["name"].rpartition("/hyperparameterTuningJobs/")[0], cloud.clock.rfc3339()
    begun: list[Body] = []
    while len(_active(body)) < body["parallelTrialCount"] and len(body["trials"]) < body["maxTrialCount"]:
        number = len(body["trials"]) + 1
        parameters = studies.chosen(body["studySpec"], body["name"], number)
        if parameters is None:
            break
        name = f"{parent}/customJobs/{boards.number()}"
        begun.append({"id": str(number), "state": "REQUESTED", "parameters": parameters, "customJob": name})
        body["trials"].append(begun[-1])
    cloud.store.put(API, body["name"], body)
    for trial in begun:
        cloud.store.insert(API, trial["customJob"], trials.job(body, trial, now))
        jobs.begin(cloud, trial["customJob"])


def _go_on(cloud: Cloud, name: str) -> None:
    """Starts the next trials, unless the job is to end; ends it once no trial is left (a write)."""
    body = cloud.store.get(API, name)
    if body is None or body["state"] in job_states.OVER:
        return
    cancelled, why = body["state"] == "JOB_STATE_CANCELLING", body.get(_WHY, "")
    if not cancelled and not why:
        _begin(cloud, body)
    if _active(body):
        return
    if cancelled:
        job_states.close(cloud, name, "JOB_STATE_CANCELLED", "CANCELED")
    elif why:
        job_states.close(cloud, name, "JOB_STATE_FAILED", why, "FAILED_PRECONDITION")
    else:
        job_states.close(cloud, name, "JOB_STATE_SUCCEEDED")


def _call_off(cloud: Cloud, body: Body) -> None:
    """Cancels the trials that have not ended. Each end comes back as an event, at once if its job had not begun (a write)."""
    for trial in _active(body):
        job = cloud.store.get(API, trial["customJob"])
        if job is not None:
            job_states.call_off(cloud, job, jobs.ended)


def _active(body: Body) -> Sequence[Body]:
    return [one for one in body["trials"] if one["state"] not in _OVER]


def _outcome(job: Body, study: Body) -> Body:
    """The fields of a trial whose job has ended."""
    over = {"endTime": job["endTime"], **({"startTime": job["startTime"]} if "startTime" in job else {})}
    if job["state"] != "JOB_STATE_SUCCEEDED":
        return {**over, "state": "INFEASIBLE", "infeasibleReason": job.get("error", {}).get("message", job["state"])}
    measured = trials.final(job.get(trials.MEASUREMENTS, []), study)
    if measured is None:
        wanted = ", ".join(one["metricId"] for one in study["metrics"])
        reason = f"The trial did not report a number for each metric ({wanted})."
        return {**over, "state": "INFEASIBLE", "infeasibleReason": reason}
    return {**over, "state": "SUCCEEDED", "finalMeasurement": measured}


def _shown(cloud: Cloud, trial: Body) -> Body:
    shown = {**trial, "customJob": cloud.projects.numbered(trial["customJob"])}
    job = cloud.store.get(API, trial["customJob"]) if trial["state"] not in _OVER else None
    if job is None:
        return shown
    began = {"startTime": job["startTime"]} if "startTime" in job else {}
    return {**shown, **began, "state": _STATES.get(job["state"], "REQUESTED")}


JOB = Resource(
    kind="HyperparameterTuningJob",
    complete=completed,
    created=created,
    delete=deleted,
    present=presented,
    missing='The HyperparameterTuningJob "{numbered}" does not exist.',
)
