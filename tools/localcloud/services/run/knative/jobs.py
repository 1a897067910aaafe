"""Jobs, executions and tasks in the v1 API."""

from __future__ import annotations

from typing import Any

from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body, Call
from localcloud.services.run import executions, jobs
from localcloud.services.run.conditions import find
from localcloud.services.run.knative import objects, templates
from localcloud.services.run.knative.objects import CREATOR, MODIFIER, RUNNING
from localcloud.services.run.knative.templates import without
from localcloud.services.run.names import API, RunName
from localcloud.services.run.service import SERVICE

_JOB = "run.googleapis.com/job"
_EXECUTION = "run.googleapis.com/execution"
_EXECUTION_PARENTS = ("jobs", "executions")
_TASK_PARENTS = ("jobs", "executions", "tasks")
_TOKENS = ("startExecutionToken", "runExecutionToken")


def list_(call: Call) -> Body:
    """jobs.list."""
    return objects.listed(call, ("jobs",), shown, RUNNING, "Job")


def get(call: Call) -> Body:
    """jobs.get."""
    name = objects.full(call, "jobs")
    return shown(call.cloud, name, _stored(call, name))


def create(call: Call) -> Body:
    """jobs.create."""
    identity = call.body.get("metadata", {}).get("name", "")
    name = f"projects/{objects.project(call)}/locations/{objects.region(call)}/jobs/{identity}"
    sent = _inward(call.body)
    return shown(call.cloud, name, jobs.created(objects.as_v2(call, SERVICE, "jobs.create", name, sent), name, sent))


def replace(call: Call) -> Body:
    """jobs.replaceJob."""
    name = objects.full(call, "jobs")
    old = _stored(call, name)
    objects.locked(call, old)
    sent = _inward(call.body)
    return shown(
        call.cloud, name, jobs.changed(objects.as_v2(call, SERVICE, "jobs.patch", name, sent), name, old, sent)
    )


def delete(call: Call) -> Body:
    """jobs.delete."""
    name = objects.full(call, "jobs")
    _stored(call, name)
    jobs.removed(call, name)
    return objects.gone(call, "Job")


def run(call: Call) -> Body:
    """jobs.run: returns the new execution."""
    name = objects.full(call, "jobs")
    body = _stored(call, name)
    sent = dict(call.body.get("overrides", {}))
    if sent.get("timeoutSeconds"):
        sent["timeout"] = f"{sent.pop('timeoutSeconds')}s"
    for one in sent.get("containerOverrides", []):
        one["env"] = [{"name": each.get("name", ""), "value": each.get("value", "")} for each in one.get("env", [])]
    inner = objects.as_v2(call, SERVICE, "jobs.run", name, {"overrides": sent} if sent else {})
    operation = executions.begun(inner, name, body, sent)
    full = operation["metadata"]["name"]
    return execution(call.cloud, full, call.cloud.store.get(API, full) or operation["metadata"])


def run_needs(call: Call) -> list[tuple[str, str]]:
    """The permissions for jobs.run, the same as in v2."""
    name = objects.full(call, "jobs")
    needed = [("run.jobs.run", name)]
    return [*needed, ("run.jobs.runWithOverrides", name)] if call.body.get("overrides") else needed


def list_executions(call: Call) -> Body:
    """executions.list."""
    return objects.listed(call, _EXECUTION_PARENTS, execution, RUNNING, "Execution")


def get_execution(call: Call) -> Body:
    """executions.get."""
    name = objects.among(call, *_EXECUTION_PARENTS)
    return execution(call.cloud, name, call.cloud.store.get(API, name) or {})


def cancel_execution(call: Call) -> Body:
    """executions.cancel."""
    name = objects.among(call, *_EXECUTION_PARENTS)
    executions.cancelled(call, name)
    return execution(call.cloud, name, call.cloud.store.get(API, name) or {})


def delete_execution(call: Call) -> Body:
    """executions.delete."""
    executions.removed(call, objects.among(call, *_EXECUTION_PARENTS))
    return objects.gone(call, "Execution")


def list_tasks(call: Call) -> Body:
    """tasks.list."""
    return objects.listed(call, _TASK_PARENTS, task, RUNNING, "Task")


def get_task(call: Call) -> Body:
    """tasks.get."""
    name = objects.among(call, *_TASK_PARENTS)
    return task(call.cloud, name, call.cloud.store.get(API, name) or {})


def _stored(call: Call, name: str) -> Body:
    body = call.cloud.store.get(API, name)
    if body is None:
        raise objects.absent(name.rpartition("/")[2], "jobs")
    return body


def _inward(sent: Body) -> Body:
    metadata, spec = sent.get("metadata", {}), sent.get("spec", {})
    template = spec.get("template", {})
    execution_spec = template.get("spec", {})
    annotations_given = template.get("metadata", {}).get("annotations", {})
    inner = execution_spec.get("template", {}).get("spec", {})
    unlabelled = {key: value for key, value in metadata.get("labels", {}).items() if key != objects.LOCATION}
    tasks = templates.inward(
        {
            "metadata": {"annotations": annotations_given},
            "spec": {**inner, "timeoutSeconds": inner.get("timeoutSeconds")},
        }
    )
    copied = ("containers", "volumes", "serviceAccount", "timeout", "executionEnvironment")
    task_body = {key: value for key, value in tasks.items() if key in copied}
    if "maxRetries" in inner:
        task_body["maxRetries"] = inner["maxRetries"]
    outer = {
        "labels": template.get("metadata", {}).get("labels", {}),
        "annotations": tasks.get("annotations", {}),
        "taskCount": execution_spec.get("taskCount"),
        "parallelism": execution_spec.get("parallelism"),
        "template": task_body,
    }
    annotations = {
        key: value for key, value in metadata.get("annotations", {}).items() if key not in {CREATOR, MODIFIER}
    }
    body = {"labels": unlabelled, "annotations": annotations, "template": without(outer)}
    return without(body | {token: spec[token] for token in _TOKENS if spec.get(token)})


def _task_spec(body: Body) -> Body:
    spec = {
        "timeoutSeconds": body["timeout"][:-1],
        "serviceAccountName": body.get("serviceAccount"),
        **templates.containers_out(body),
    }
    return without(spec) | {"maxRetries": body["maxRetries"]}


def shown(cloud: Cloud, name: str, body: Body) -> Body:
    """A v2 job as a v1 Job."""
    annotations = {CREATOR: body.get("creator", ""), MODIFIER: body.get("lastModifier", "")}
    template = body["template"]
    inner = {
        "taskCount": template["taskCount"],
        "parallelism": template.get("parallelism"),
        "template": {"spec": _task_spec(template["template"])},
    }
    about = without(
        {
            "labels": template.get("labels", {}),
            "annotations": {**template.get("annotations", {}), **templates.annotations_out(template["template"])},
        }
    )
    spec = {"template": without({"metadata": about, "spec": without(inner)})}
    spec |= {token: body[token] for token in _TOKENS if body.get(token)}
    reference = body.get("latestCreatedExecution", {})
    latest = {
        "name": reference.get("name"),
        "creationTimestamp": reference.get("createTime"),
        "completionTimestamp": reference.get("completionTime"),
        "completionStatus": reference.get("completionStatus"),
    }
    status = {
        "observedGeneration": int(body["observedGeneration"]),
        "conditions": [objects.condition("Ready", body["terminalCondition"])],
        "executionCount": body.get("executionCount") or None,
        "latestCreatedExecution": without(latest),
    }
    return _object(cloud, "Job", name, body, {}, annotations, spec, status)


def execution(cloud: Cloud, name: str, body: Body) -> Body:
    """A v2 execution as a v1 Execution."""
    kinds = ("Completed", "ResourcesAvailable", "Started", "ContainerReady")
    counts = ("succeededCount", "failedCount", "cancelledCount", "retriedCount", "runningCount")
    status: dict[str, Any] = {
        "observedGeneration": 1,
        "conditions": [objects.condition(kind, find(body, kind)) for kind in kinds if find(body, kind)],
        "startTime": body.get("startTime"),
        "completionTime": body.get("completionTime"),
        **{key: body.get(key) for key in counts},
    }
    spec = {
        "taskCount": body["taskCount"],
        "parallelism": body["parallelism"],
        "template": {"spec": _task_spec(body["template"])},
    }
    labels = {_JOB: RunName.of(name).name}
    return _object(cloud, "Execution", name, body, labels, {CREATOR: body.get("creator", "")}, spec, status)


def task(cloud: Cloud, name: str, body: Body) -> Body:
    """A v2 task as a v1 Task."""
    labels = {_JOB: RunName.of(name).name, _EXECUTION: name.split("/")[-3]}
    status = {
        "observedGeneration": 1,
        "conditions": [objects.condition("Completed", find(body, "Completed"))],
        "startTime": body.get("startTime"),
        "completionTime": body.get("completionTime"),
        "index": body.get("index"),
        "retried": body.get("retried"),
        "lastAttemptResult": body.get("lastAttemptResult", {}),
    }
    return _object(cloud, "Task", name, body, labels, {}, _task_spec(body), status)


def _object(
    cloud: Cloud,
    kind: str,
    name: str,
    body: Body,
    labels: dict[str, str],
    annotations: dict[str, str],
    spec: Body,
    status: Body,
) -> Body:
    about = objects.metadata(cloud, name, body, RUNNING, labels, without(annotations))
    return {"apiVersion": RUNNING, "kind": kind, "metadata": about, "spec": spec, "status": without(status)}
