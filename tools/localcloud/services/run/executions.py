"""Executions: a job's tasks run in parallel up to its limit, each until it succeeds or has no retries left."""

from __future__ import annotations

import asyncio
import copy
import uuid
from dataclasses import dataclass, field
from typing import Any

from localcloud.containers.workload import ExitStatus
from localcloud.engine import lro, standard
from localcloud.engine.cloud import Cloud
from localcloud.engine.jobs import Job
from localcloud.engine.service import Body, Call, Resource
from localcloud.errors import CloudError, failed_precondition, invalid
from localcloud.services.run import instances, journal, names, services, templates
from localcloud.services.run.attempts import Attempt
from localcloud.services.run.conditions import FAILED, PENDING, RECONCILING, SUCCEEDED, condition, find
from localcloud.services.run.fleet import NotReady
from localcloud.services.run.images import Images, fetched
from localcloud.services.run.names import API

KIND = "GoogleCloudRunV2Execution"
EXECUTE = "execute"
RESOURCE: Resource = Resource(kind="GoogleCloudRunV2Execution", etag=names.etag)
TASK: Resource = Resource(kind="GoogleCloudRunV2Task", etag=names.etag)
TABLES = (
    "CREATE TABLE IF NOT EXISTS run_executions (execution TEXT PRIMARY KEY, operation TEXT NOT NULL) WITHOUT ROWID;"
)
MOST_TASKS = 10_000
_COUNTS = ("runningCount", "succeededCount", "failedCount", "cancelledCount", "retriedCount")
_TYPE = "type.googleapis.com/google.cloud.run.v2.Execution"


def begun(call: Call, job: str, body: Body, overrides: Body) -> Body:
    """Creates an execution of a job; returns the operation that ends with it."""
    cloud = call.cloud
    number = body["executionCount"] + 1
    short = names.execution(names.RunName.of(job).name, number)
    full = f"{job}/executions/{short}"
    execution = _execution(call, job, body, overrides)
    if call.body.get("validateOnly"):
        return lro.finished(
            call, execution, kind=KIND, metadata={"@type": KIND, **execution}, parent=services.location(job)
        )
    stored = standard.add_child(call, RESOURCE, full, execution)
    for index in range(execution["taskCount"]):
        standard.add_child(
            call, TASK, f"{full}/tasks/{short}-task{index}", _task(call, job, short, index, execution["template"])
        )
    reference = {"name": short, "createTime": stored["createTime"], "completionStatus": "EXECUTION_RUNNING"}
    cloud.store.put(API, job, body | {"executionCount": number, "latestCreatedExecution": reference})
    identity = str(uuid.uuid4())
    parent = services.location(job)
    cloud.store.sql("INSERT OR REPLACE INTO run_executions VALUES (?, ?)", full, f"{parent}/operations/{identity}")
    return lro.started(
        call,
        EXECUTE,
        {"execution": full},
        kind=KIND,
        metadata={"@type": KIND, **stored},
        parent=parent,
        identity=identity,
    )


def _execution(call: Call, job: str, body: Body, overrides: Body) -> Body:
    template: Body = copy.deepcopy(body["template"])
    task = _overridden(template["template"], overrides)
    count = overrides.get("taskCount") or template["taskCount"]
    if not 1 <= count <= MOST_TASKS:
        raise invalid(f"task_count must be between 1 and {MOST_TASKS}.", "overrides.task_count")
    return {
        "job": names.RunName.of(job).name,
        "labels": {**body.get("labels", {}), **template.get("labels", {})},
        "annotations": {**template.get("annotations", {})},
        "creator": call.principal.partition(":")[2],
        "generation": "1",
        "launchStage": "GA",
        "parallelism": min(template.get("parallelism") or count, count),
        "taskCount": count,
        "template": task,
        "reconciling": True,
        "conditions": [
            condition(call.cloud, "Completed", RECONCILING),
            condition(call.cloud, "ResourcesAvailable", PENDING, "Provisioning resources."),
            condition(call.cloud, "Started", PENDING),
        ],
    }


def _overridden(task: Body, overrides: Body) -> Body:
    if overrides.get("timeout"):
        task["timeout"] = overrides["timeout"]
        if not task["timeout"][:-1].replace(".", "", 1).isdecimal():
            raise invalid("overrides.timeout must be a duration in seconds, such as 600s.", "overrides.timeout")
    for at, one in enumerate(overrides.get("containerOverrides", [])):
        matching = [each for each in task["containers"] if not one.get("name") or each.get("name") == one["name"]]
        if len(matching) != 1:
            raise invalid(
                f"overrides.container_overrides[{at}] names {one.get('name', '')!r}, which is not one of the containers.",
                f"overrides.container_overrides[{at}].name",
            )
        container = matching[0]
        if one.get("args") or one.get("clearArgs"):
            container["args"] = list(one.get("args", []))
        fresh = {each["name"]: each for each in one.get("env", [])}
        reserved = fresh.keys() & templates.JOB_RESERVED
        if reserved:
            raise invalid(
                f"The following reserved env names were provided: {', '.join(sorted(reserved))}.", "overrides"
            )
        unchanged = [each for each in container.get("env", []) if each["name"] not in fresh]
        if fresh:
            container["env"] = [*unchanged, *fresh.values()]
    return task


def _task(call: Call, job: str, execution: str, index: int, template: Body) -> Body:
    copied = ("containers", "volumes", "maxRetries", "timeout", "serviceAccount", "executionEnvironment")
    body: Body = {key: template[key] for key in copied if key in template}
    return (
        body
        | {
            "job": names.RunName.of(job).name,
            "execution": execution,
            "generation": "1",
            "reconciling": True,
            "conditions": [condition(call.cloud, "Completed", PENDING)],
        }
        | ({"index": index} if index else {})
    )


@dataclass
class Tally:
    """The progress of an execution's tasks."""

    cloud: Cloud
    full: str
    body: Body
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_COUNTS, 0))
    failure: str = ""
    images: Images = ()

    def save(self, **more: Any) -> Body:
        """Stores the current counts and other fields; returns the execution, {} if it was deleted."""
        stored = self.cloud.store.get(API, self.full)
        if stored is None:
            return {}
        body = stored | {key: value for key, value in self.counts.items() if value or key in stored}
        body |= {"updateTime": self.cloud.clock.rfc3339(), **more}
        self.cloud.store.put(API, self.full, body)
        return body


async def execute(cloud: Cloud, job: Job) -> None:
    """Runs an execution to completion, and finishes its operation."""
    full = job.body["execution"]
    body = cloud.store.get(API, full)
    if body is None:
        return
    tally = Tally(cloud, full, body)
    try:
        instances.secrets(cloud, full, body["template"])
        tally.images = await fetched(cloud, full, [one["image"] for one in body["template"]["containers"]])
    except NotReady as problem:
        raise failed_precondition(str(problem)) from None
    await job.write(lambda: tally.save(startTime=cloud.clock.rfc3339(), conditions=_started(cloud)))
    free = asyncio.Semaphore(body["parallelism"])
    tasks = [asyncio.create_task(_run(tally, job, index, free)) for index in range(body["taskCount"])]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)  # each stops its own container
    await job.write(lambda: _settle(tally, job))


async def _run(tally: Tally, job: Job, index: int, free: asyncio.Semaphore) -> None:
    """Runs one task, attempt by attempt."""
    template = tally.body["template"]
    name = f"{tally.full}/tasks/{tally.full.rpartition('/')[2]}-task{index}"
    async with free:
        tally.counts["runningCount"] += 1
        await job.write(lambda: _moved(tally, name, startTime=tally.cloud.clock.rfc3339()))
        ended, problem, number = None, "", 0
        for number in range(template["maxRetries"] + 1):
            ended, problem = await Attempt(tally.cloud, tally.full, tally.body, index, number, tally.images).run()
            if not problem:
                break
            if number < template["maxRetries"]:
                tally.counts["retriedCount"] += 1
                retried = number + 1
                await job.write(lambda: _moved(tally, name, retried=retried))  # noqa: B023 - awaited at once
        tally.counts["runningCount"] -= 1
        tally.counts["failedCount" if problem else "succeededCount"] += 1
        if problem:
            tally.failure = tally.failure or f"Task {name.rpartition('/')[2]} failed with message: {problem}"
        await job.write(lambda: _task_over(tally, name, ended, problem))


def _moved(tally: Tally, task: str, **more: Any) -> None:
    body = tally.cloud.store.get(API, task)
    if body is not None:
        tally.cloud.store.put(API, task, body | more)
        tally.save()


def _task_over(tally: Tally, task: str, ended: ExitStatus | None, problem: str) -> None:
    cloud = tally.cloud
    reason = {"executionReason": "NON_ZERO_EXIT_CODE"} if problem else {}
    completed = condition(cloud, "Completed", FAILED if problem else SUCCEEDED, problem, **reason)
    result: Body = {"exitCode": ended.code} if ended is not None and ended.code else {}
    if problem:
        result["status"] = {"code": 10, "message": problem}
    _moved(tally, task, **_end(cloud), conditions=[completed], lastAttemptResult=result)


def _end(cloud: Cloud) -> Body:
    return {"completionTime": cloud.clock.rfc3339(), "reconciling": False, "observedGeneration": "1"}


def _started(cloud: Cloud) -> list[Body]:
    return [
        condition(cloud, "Completed", RECONCILING),
        condition(cloud, "ResourcesAvailable", SUCCEEDED),
        condition(cloud, "Started", SUCCEEDED),
        condition(cloud, "ContainerReady", SUCCEEDED),
    ]


def _settle(tally: Tally, job: Job) -> None:
    failure = tally.failure
    state = FAILED if failure else SUCCEEDED
    message = failure or "Execution completed successfully."
    body = _ended(tally.cloud, tally.full, state, message, "NON_ZERO_EXIT_CODE" if failure else "")
    if failure:
        tally.cloud.operations.failed(API, job.operation, CloudError(409, "ABORTED", failure))
    elif body:
        tally.cloud.operations.done(API, job.operation, body, {"@type": _TYPE, **body})


def _ended(cloud: Cloud, full: str, state: str, message: str, reason: str) -> Body:
    body = cloud.store.get(API, full)
    if body is None:
        return {}
    end = _end(cloud)
    completed = condition(cloud, "Completed", state, message, executionReason=reason)
    others = [one for one in body["conditions"] if one["type"] != "Completed"]
    body |= {**end, "conditions": [completed, *others]}
    body.pop("runningCount", None)
    cloud.store.put(API, full, body)
    job_name = full.partition("/executions/")[0]
    journal.completed(cloud, job_name, succeeded=state == SUCCEEDED)
    job_body = cloud.store.get(API, job_name)
    reference = (job_body or {}).get("latestCreatedExecution", {})
    if job_body is not None and reference.get("name") == full.rpartition("/")[2]:
        status = (
            "EXECUTION_SUCCEEDED"
            if state == SUCCEEDED
            else "EXECUTION_CANCELLED"
            if "CANCEL" in reason
            else "EXECUTION_FAILED"
        )
        cloud.store.put(
            API,
            job_name,
            job_body
            | {
                "latestCreatedExecution": reference
                | {"completionTime": end["completionTime"], "completionStatus": status}
            },
        )
    cloud.store.sql("DELETE FROM run_executions WHERE execution = ?", full)
    return body


def cut(cloud: Cloud, job: Job, problem: CloudError) -> None:
    """Ends an execution that did not complete: it was cancelled, or the cloud stopped."""
    full = job.body["execution"]
    called_off = problem.status == "CANCELLED"
    message = "The execution was cancelled." if called_off else problem.message
    body = cloud.store.get(API, full) or {}
    unfinished = body.get("taskCount", 0) - body.get("succeededCount", 0) - body.get("failedCount", 0)
    count, reason = ("cancelledCount", "CANCELLED") if called_off else ("failedCount", "")
    if body and unfinished:
        cloud.store.put(API, full, body | {count: body.get(count, 0) + unfinished})
    for name, task in cloud.store.list(API, full, "tasks"):
        if task["reconciling"]:
            completed = condition(cloud, "Completed", FAILED, message, executionReason=reason)
            cloud.store.put(API, name, task | _end(cloud) | {"conditions": [completed]})
    _ended(cloud, full, FAILED, message, reason)
    cloud.operations.failed(API, job.operation, problem)


def call_off(cloud: Cloud, full: str) -> bool:
    """Cancels an execution; False if it has already ended."""
    row = cloud.store.row("SELECT operation FROM run_executions WHERE execution = ?", full)
    return row is not None and cloud.jobs.call_off(API, row[0])


def cancel(call: Call) -> Body:
    """executions.cancel."""
    body = call.cloud.store.get(API, call.name)
    if body is None:
        raise services.missing(call.name)
    cancelled(call, call.name)
    metadata = {"@type": KIND, **body}
    return lro.finished(call, body, kind=KIND, metadata=metadata, parent=services.location(call.name))


def cancelled(call: Call, full: str) -> None:
    """Cancels a running execution; 400 if it has already ended."""
    if not call_off(call.cloud, full):
        raise failed_precondition(f"The execution {full.rpartition('/')[2]} has ended and can no longer be cancelled.")


def delete(call: Call) -> Body:
    """executions.delete: cancels it first if it is running."""
    body = call.cloud.store.get(API, call.name)
    if body is None:
        raise services.missing(call.name)
    removed(call, call.name)
    deleted = body | {"deleteTime": call.cloud.clock.rfc3339()}
    return lro.finished(
        call, deleted, kind=KIND, metadata={"@type": KIND, **deleted}, parent=services.location(call.name)
    )


def removed(call: Call, full: str) -> None:
    """Deletes an execution, cancelling it first if it is running."""
    call_off(call.cloud, full)
    standard.remove(call.cloud, API, full)


def over(body: Body) -> bool:
    """Whether an execution has ended."""
    return find(body, "Completed").get("state") in {SUCCEEDED, FAILED}
