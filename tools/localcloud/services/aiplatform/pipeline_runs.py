"""Pipeline jobs: a custom job for each task of a compiled pipeline, started as soon as the tasks before it have ended."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from typing import Any

from localcloud.engine import standard
from localcloud.engine.cloud import Cloud
from localcloud.engine.events import Event
from localcloud.engine.iam import acting
from localcloud.engine.service import Body, Call, Resource
from localcloud.errors import CloudError, failed_precondition, invalid, rpc_code, unimplemented
from localcloud.services.aiplatform import (
    boards,
    job_states,
    jobs,
    names,
    pipeline_specs,
    pipeline_tasks,
    quotas,
    specs,
)
from localcloud.services.aiplatform.names import API
from localcloud.services.aiplatform.pipeline_specs import Task

_JOB = "pipeline_job"
_OVER = frozenset({f"PIPELINE_STATE_{one}" for one in ("SUCCEEDED", "FAILED", "CANCELLED")})
_ENDED = frozenset({"SUCCEEDED", "FAILED", "CANCELLED", "NOT_TRIGGERED"})
_STATES = {"JOB_STATE_RUNNING": "RUNNING", "JOB_STATE_CANCELLING": "CANCELLING"}
"""The state of a task whose custom job is in a state; PENDING for others that have not ended."""
_CANCELLING = "PIPELINE_STATE_CANCELLING"
_DISK = {"bootDiskType": "pd-ssd", "bootDiskSizeGb": 100}
_TASKS, _PARAMETERS = "_tasks", "_parameters"
"""Stored fields for the tasks that have begun or never will, by name, and for the pipeline's parameters."""


def completed(call: Call, body: Body) -> Body:
    """A new pipeline job, validated and completed with its parameters; 429 if a task's GPUs exceed the quota."""
    names.check_place(call)
    spec, config = body.get("pipelineSpec"), body.get("runtimeConfig", {})
    if not spec:
        if body.get("templateUri"):
            raise unimplemented(
                "The local cloud has no template registry: send the compiled pipeline as pipeline_spec."
            )
        raise invalid(f"{_JOB}.pipeline_spec is required.", f"{_JOB}.pipeline_spec")
    pipeline_specs.check(spec)
    root = config.get("gcsOutputDirectory") or str(spec.get("defaultPipelineRoot", ""))
    if not root.startswith("gs://") or not root[5:].partition("/")[0]:
        where = f"{_JOB}.runtime_config.gcs_output_directory"
        raise invalid(f"{where} is required, and must begin with gs://BUCKET.", where)
    if config.get("inputArtifacts") or config.get("parameters"):
        raise unimplemented(
            "The local cloud takes parameter_values in a runtime_config, not input_artifacts or parameters."
        )
    account = specs.checked_account(call, body.get("serviceAccount") or acting.default(call.cloud, call.project or ""))
    display = body.get("displayName") or pipeline_specs.pipeline_name(spec)
    body = {**body, "displayName": display, "serviceAccount": account, "state": "PIPELINE_STATE_PENDING"}
    names.check_described(body, "pipeline job", _JOB)
    for task in pipeline_specs.tasks(spec).values():
        pool = {"machineSpec": task.machine, "replicaCount": "1"}
        quotas.check(call.cloud, call.path.rpartition("/")[0], {"workerPoolSpecs": [pool]})
    parameters = pipeline_specs.parameters(spec, config.get("parameterValues", {}))
    config = {**config, "gcsOutputDirectory": root}
    return {**body, "runtimeConfig": config, _PARAMETERS: parameters, _TASKS: {}}


def created(call: Call, body: Body) -> None:
    """Starts the tasks that need no other."""
    _go_on(call.cloud, body["name"])


def cancel(call: Call) -> Body:
    """pipelineJobs.cancel: cancels the job with its tasks; does nothing if it has ended."""
    body = standard.existing(call, RUN)
    if body["state"] not in _OVER:
        job_states.change(call.cloud, body["name"], state=_CANCELLING)
        for job in _running(call.cloud, body):
            job_states.call_off(call.cloud, job, jobs.ended)
        _go_on(call.cloud, body["name"])
    return {}


def deleted(call: Call, body: Body) -> None:
    """Deletes the jobs of its tasks with a pipeline job; 400 if it has not ended."""
    if body["state"] not in _OVER:
        raise failed_precondition(f"The PipelineJob is in the state {body['state']}; cancel it first.")
    for one in body[_TASKS].values():
        for name in one["jobs"]:
            standard.remove(call.cloud, API, name)


def job_ended(cloud: Cloud, event: Event) -> None:
    """Ends a task with its custom job, or tries it again, and goes on with the tasks that waited for it (a write)."""
    job = cloud.store.get(API, event.subject)
    link = (job or {}).get(pipeline_tasks.LINK, {})
    body = cloud.store.get(API, link["of"]) if link else None
    if job is None or body is None:
        return
    task, state = pipeline_specs.tasks(body["pipelineSpec"])[link["name"]], body[_TASKS][link["name"]]
    if job["state"] == "JOB_STATE_FAILED" and len(state["jobs"]) < task.tries and body["state"] != _CANCELLING:
        _start(cloud, body, task, state)
    else:
        state |= _outcome(cloud, task, job)
    cloud.store.put(API, body["name"], {**body, "updateTime": event.moment})
    _go_on(cloud, body["name"])


def presented(cloud: Cloud, body: Body) -> Body:
    """A pipeline job as clients see it, with the states of its tasks."""
    shown = {key: value for key, value in names.shown(cloud, body).items() if not key.startswith("_")}
    details = [_detail(cloud, body, name) for name in body[_TASKS]]
    shown["jobDetail"] = {"taskDetails": details}
    began = [one["startTime"] for one in details if "startTime" in one]
    if began:
        shown["startTime"] = min(began)
    if began and shown["state"] == "PIPELINE_STATE_PENDING":
        shown["state"] = "PIPELINE_STATE_RUNNING"
    return shown


def _go_on(cloud: Cloud, name: str) -> None:
    """Starts the tasks whose turn it is, and ends the pipeline job if there is none left (a write)."""
    body = cloud.store.get(API, name)
    if body is None or body["state"] in _OVER:
        return
    begun = body[_TASKS]
    for task, runs in _ready(body):
        now = cloud.clock.rfc3339()
        state: Body = {"id": str(uuid.uuid4().int >> 65), "createTime": now, "jobs": [], "state": "PENDING"}
        begun[task.name] = state
        if runs:
            _start(cloud, body, task, state)
        else:
            state |= {"state": "NOT_TRIGGERED", "endTime": now}
    cloud.store.put(API, name, body)
    states = {one["state"] for one in begun.values()}
    if states <= _ENDED and body["state"] == _CANCELLING:
        _close(cloud, name, "PIPELINE_STATE_CANCELLED", "CANCELLED", "CANCELED")
    elif states <= _ENDED and "FAILED" in states:
        failed = [key for key, one in begun.items() if one["state"] == "FAILED"]
        listed, first = ", ".join(failed), begun[failed[0]]["error"]["message"]
        why = f"The DAG failed because some tasks failed. The failed tasks are: [{listed}]. {first}"
        _close(cloud, name, "PIPELINE_STATE_FAILED", "FAILED_PRECONDITION", why)
    elif states <= _ENDED:
        _close(cloud, name, "PIPELINE_STATE_SUCCEEDED")


def _ready(body: Body) -> Iterator[tuple[Task, bool]]:
    """The tasks that have not begun although all before them have ended, and whether each is to run.

    One that ends as soon as it has begun makes those after it ready, which come later.
    """
    begun, cancelled = body[_TASKS], body["state"] == _CANCELLING
    fast = body["runtimeConfig"].get("failurePolicy") == "PIPELINE_FAILURE_POLICY_FAIL_FAST"
    found = pipeline_specs.tasks(body["pipelineSpec"])
    for name in TopologicalSorter({name: task.upstream for name, task in found.items()}).static_order():
        if name in begun:
            continue
        task = found[name]
        stopped = cancelled or (fast and any(one["state"] == "FAILED" for one in begun.values()))
        before = [begun.get(one, {}).get("state", "") for one in task.upstream]
        if stopped or all(state in _ENDED for state in before):
            yield task, not stopped and (task.ignores_failures or all(state == "SUCCEEDED" for state in before))


def _start(cloud: Cloud, body: Body, task: Task, state: Body) -> None:
    """Starts a task's custom job, or ends a task that needs none or that cannot begin (a write)."""
    done = {name: one for name, one in body[_TASKS].items() if one["state"] == "SUCCEEDED"}
    run = _run(cloud, body, task, state)
    try:
        with pipeline_specs.well_formed():
            inputs = pipeline_tasks.inputs(task, body[_PARAMETERS], done, run)
            state["inputs"] = inputs["artifacts"]
            if "importer" in task.executor:
                now = cloud.clock.rfc3339()
                left = pipeline_tasks.imported(task, inputs)
                state |= {"state": "SUCCEEDED", "startTime": now, "endTime": now, "outputs": left}
                return
            execution = pipeline_tasks.executor_input(task, inputs, _folder(cloud, body, task, state))
            container = pipeline_tasks.container(task, execution, run, body.get("labels", {}))
            specs.check_program(container, "containerSpec", f"task {task.name}")
    except CloudError as problem:
        state |= _failed(cloud, problem)
        return
    job = _job(cloud, body, task, execution, container)
    state["jobs"].append(job["name"])
    cloud.store.insert(API, job["name"], job)
    jobs.begin(cloud, job["name"])


def _folder(cloud: Cloud, body: Body, task: Task, state: Body) -> str:
    """The address for what a task leaves."""
    root = body["runtimeConfig"]["gcsOutputDirectory"].rstrip("/")
    number, identity = cloud.projects.number(names.project(body["name"])), body["name"].rpartition("/")[2]
    return f"{root}/{number}/{identity}/{task.name}_{state['id']}"


def _job(cloud: Cloud, body: Body, task: Task, execution: Body, container: Body) -> Body:
    parent, now = body["name"].rpartition("/pipelineJobs/")[0], cloud.clock.rfc3339()
    pool = {"machineSpec": task.machine, "replicaCount": "1", "containerSpec": container, "diskSpec": _DISK}
    return {
        "name": f"{parent}/customJobs/{boards.number()}",
        "displayName": f"{body['displayName'][:60]}-{task.name[:60]}",
        "jobSpec": {"workerPoolSpecs": [pool], "serviceAccount": body["serviceAccount"]},
        "state": "JOB_STATE_PENDING",
        "labels": body.get("labels", {}),
        "createTime": now,
        "updateTime": now,
        pipeline_tasks.LINK: {"of": body["name"], "name": task.name, "execution": execution},
    }


def _run(cloud: Cloud, body: Body, task: Task, state: Body) -> Mapping[str, str]:
    """The values of the placeholders for the run as a whole, by what follows the $ in them."""
    identity = body["name"].rpartition("/")[2]
    return {
        ".pipeline_job_name": identity,
        ".pipeline_job_resource_name": cloud.projects.numbered(body["name"]),
        ".pipeline_job_uuid": identity,
        ".pipeline_task_name": task.name,
        ".pipeline_task_uuid": state["id"],
        ".pipeline_root": body["runtimeConfig"]["gcsOutputDirectory"],
        ".pipeline_job_create_time_utc": body["createTime"],
        ".pipeline_job_schedule_time_utc": body["createTime"],
    }


def _outcome(cloud: Cloud, task: Task, job: Body) -> Body:
    """The fields of a task whose custom job has ended for good."""
    over = {"endTime": job["endTime"], **({"startTime": job["startTime"]} if "startTime" in job else {})}
    if job["state"] == "JOB_STATE_CANCELLED":
        return {**over, "state": "CANCELLED", "error": job.get("error", {})}
    if job["state"] != "JOB_STATE_SUCCEEDED":
        return {**over, "state": "FAILED", "error": job.get("error", {"message": job["state"]})}
    execution = job[pipeline_tasks.LINK]["execution"]
    try:
        with pipeline_specs.well_formed():
            left = pipeline_tasks.outputs(task, execution, job.get(pipeline_tasks.OUTPUTS, {}))
    except CloudError as problem:
        return {**over, **_failed(cloud, problem)}
    return {**over, "state": "SUCCEEDED", "outputs": left}


def _failed(cloud: Cloud, problem: CloudError) -> Body:
    error = {"code": rpc_code(problem.status), "message": problem.message}
    return {"state": "FAILED", "endTime": cloud.clock.rfc3339(), "error": error}


def _running(cloud: Cloud, body: Body) -> list[Body]:
    """The custom jobs of tasks that have not ended."""
    active = [one["jobs"][-1] for one in body[_TASKS].values() if one["state"] not in _ENDED and one["jobs"]]
    return [job for name in active if (job := cloud.store.get(API, name)) is not None]


def _detail(cloud: Cloud, body: Body, name: str) -> Body:
    """A task in the form of PipelineTaskDetail."""
    task = body[_TASKS][name]
    shown: dict[str, Any] = {"taskId": task["id"], "taskName": name}
    shown |= {key: task[key] for key in ("state", "createTime", "startTime", "endTime", "error") if key in task}
    job = cloud.store.get(API, task["jobs"][-1]) if task["jobs"] and task["state"] not in _ENDED else None
    if job is not None:
        shown["state"] = _STATES.get(job["state"], "PENDING")
        shown |= {"startTime": job["startTime"]} if "startTime" in job else {}
    if task["jobs"]:
        *failed, main = [cloud.projects.numbered(one) for one in task["jobs"]]
        detail = {"mainJob": main, **({"failedMainJobs": failed} if failed else {})}
        shown["executorDetail"] = {"containerDetail": detail}
    for field, artifacts in (
        ("inputs", task.get("inputs", {})),
        ("outputs", task.get("outputs", {}).get("artifacts", {})),
    ):
        if artifacts:
            shown[field] = {key: {"artifacts": [_artifact(one) for one in listed]} for key, listed in artifacts.items()}
    return shown


def _artifact(one: Body) -> Body:
    kind = one.get("type", {})
    fields = {"displayName": one.get("name", ""), "uri": one.get("uri", ""), "metadata": one.get("metadata", {})}
    return {**fields, "schemaTitle": kind.get("schemaTitle", ""), "schemaVersion": kind.get("schemaVersion", "")}


def _close(cloud: Cloud, name: str, state: str, status: str = "", why: str = "") -> None:
    error = {"error": {"code": rpc_code(status), "message": why}} if why else {}
    job_states.change(cloud, name, state=state, endTime=cloud.clock.rfc3339(), **error)


RUN = Resource(
    kind="PipelineJob",
    id_param="pipelineJobId",
    id_rule=r"[a-z0-9][a-z0-9-]{0,127}",
    complete=completed,
    created=created,
    delete=deleted,
    present=presented,
    missing='The PipelineJob "{numbered}" does not exist.',
)
