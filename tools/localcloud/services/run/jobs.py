"""Jobs: the templates of executions."""

from __future__ import annotations

import copy
import re
import uuid

from localcloud.engine import gate, lro, places, standard
from localcloud.engine.labels import problem as labels_problem
from localcloud.engine.service import Body, Call, Resource
from localcloud.errors import already_exists, invalid
from localcloud.services.run import executions, images, names, services, templates
from localcloud.services.run.conditions import SUCCEEDED, condition
from localcloud.services.run.names import API

KIND = "GoogleCloudRunV2Job"
RESOURCE: Resource = Resource(kind="Job", id_param="jobId", iam=True, etag=names.etag)
_TOKENS = ("startExecutionToken", "runExecutionToken")
_SERVER_MADE = frozenset(
    {
        "conditions", "createTime", "creator", "deleteTime", "executionCount", "expireTime", "generation", "lastModifier",
        "latestCreatedExecution", "observedGeneration", "reconciling", "satisfiesPzs", "terminalCondition", "uid", "updateTime",
    }
)  # fmt: skip


def create(call: Call) -> Body:
    """jobs.create."""
    name = f"{call.path}/{call.params.get('jobId') or f'job-{uuid.uuid4().hex[:8]}'}"
    return _answer(call, name, created(call, name, dict(call.body)))


def created(call: Call, name: str, sent: Body) -> Body:
    """Creates a job with a full name; raises CloudError if the name is invalid or taken."""
    place = names.RunName.of(name)
    if not re.fullmatch(names.JOB_ID, place.name):
        raise invalid(
            f"Job name must use only lowercase alphanumeric characters and dashes, begin with a letter, not end with a dash, and have "
            f"at most 63 characters: {place.name!r} does not.",
            "job_id",
        )
    if place.region not in places.REGIONS:
        raise places.unknown(call, place.region)
    if call.cloud.store.get(API, name) is not None:
        raise already_exists(f"Resource '{place.name}' already exists.")
    return _applied(call, name, None, sent)


def patch(call: Call) -> Body:
    """jobs.patch: replaces the whole job."""
    old = call.cloud.store.get(API, call.name)
    if old is None and call.params.get("allowMissing"):
        gate.check_creation(call)
        return _answer(call, call.name, created(call, call.name, dict(call.body)))
    if old is None:
        raise services.missing(call.name)
    services.check_etag(call.body.get("etag"), old)
    return _answer(call, call.name, changed(call, call.name, old, dict(call.body)))


def changed(call: Call, name: str, old: Body, sent: Body) -> Body:
    """Stores a job's new configuration, keeping the fields that the server sets."""
    server_made = {key: value for key, value in old.items() if key in _SERVER_MADE or key == "name"}
    return _applied(call, name, old, {key: one for key, one in sent.items() if key not in _SERVER_MADE} | server_made)


def delete(call: Call) -> Body:
    """jobs.delete: cancels and deletes its executions, too."""
    body = call.cloud.store.get(API, call.name)
    if body is None:
        raise services.missing(call.name)
    services.check_etag(call.params.get("etag"), body)
    if not call.params.get("validateOnly"):
        removed(call, call.name)
    return _answer(call, call.name, body | {"deleteTime": call.cloud.clock.rfc3339()})


def removed(call: Call, name: str) -> None:
    """Deletes a job with its executions, and cancels those that are running."""
    for full, _ in call.cloud.store.list(API, name, "executions"):
        executions.call_off(call.cloud, full)
    standard.remove(call.cloud, API, name)


def run(call: Call) -> Body:
    """jobs.run: starts an execution; returns the operation that ends with it."""
    body = call.cloud.store.get(API, call.name)
    if body is None:
        raise services.missing(call.name)
    services.check_etag(call.body.get("etag"), body)
    return executions.begun(call, call.name, body, call.body.get("overrides", {}))


def run_needs(call: Call) -> list[tuple[str, str]]:
    """The permissions for jobs.run; overrides need one more."""
    needed = [("run.jobs.run", call.name)]
    return [*needed, ("run.jobs.runWithOverrides", call.name)] if call.body.get("overrides") else needed


def _applied(call: Call, name: str, old: Body | None, sent: Body) -> Body:
    cloud, caller = call.cloud, call.principal.partition(":")[2]
    new = copy.deepcopy(sent)
    if problem := labels_problem(services.own_labels(new.get("labels", {})), "job"):
        raise invalid(problem, "labels")
    new["template"] = _template(call, new.get("template") or {})
    images.check(call, name, new["template"]["template"])
    generation = str(int(old["generation"]) + 1 if old else 1)
    new |= {
        "generation": generation,
        "observedGeneration": generation,
        "lastModifier": caller,
        "creator": old["creator"] if old else caller,
        "executionCount": old["executionCount"] if old else 0,
        "reconciling": False,
        "terminalCondition": condition(cloud, "Ready", SUCCEEDED),
    }
    new.setdefault("launchStage", "GA")
    new = {key: value for key, value in new.items() if value not in ({}, "")}
    if call.params.get("validateOnly"):
        return new
    stored = standard.saved(call, RESOURCE, name, new) if old else standard.add_child(call, RESOURCE, name, new)
    for token in _TOKENS:
        if new.get(token) and new[token] != (old or {}).get(token):
            executions.begun(call, name, stored, {})
    return cloud.store.get(API, name) or stored


def _template(call: Call, sent: Body) -> Body:
    if not sent.get("template"):
        raise invalid("The request is missing the required field template.template.", "template.template")
    template = {key: value for key, value in sent.items() if value != {}}
    template["taskCount"] = template.get("taskCount") or 1
    if not 1 <= template["taskCount"] <= executions.MOST_TASKS:
        raise invalid(f"task_count must be between 1 and {executions.MOST_TASKS}.", "template.task_count")
    if template.get("parallelism", 0) < 0 or template.get("parallelism", 0) > template["taskCount"]:
        raise invalid("parallelism must be between 0 and task_count.", "template.parallelism")
    task = {key: value for key, value in sent["template"].items() if value not in ({}, "")}
    return template | {"template": templates.task(call, task)}


def _answer(call: Call, name: str, body: Body) -> Body:
    return lro.finished(call, body, kind=KIND, metadata={"@type": KIND, **body}, parent=services.location(name))
