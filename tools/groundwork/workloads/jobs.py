"""Training jobs of Vertex AI and job executions of Cloud Run, as one list."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal

from groundwork.cost.amounts import as_money
from groundwork.display import on_one_line
from groundwork.errors import GroundworkError, UsageProblem
from groundwork.google.cloud import CloudProblem
from groundwork.text import allowed
from groundwork.workloads import causes, job_price, logs, training
from groundwork.workloads.job_price import Rate
from groundwork.workloads.project import MEMBER, Project, at, if_on, last, moment, took

Sort = Literal["training", "run"]
DONE = ("succeeded", "failed", "cancelled", "expired", "partially_succeeded")


@dataclass(frozen=True)
class Job:
    """A running or finished job: `id` identifies it, `state` is a lower-case word, times are in Google's form."""

    sort: Sort
    name: str
    id: str
    state: str
    created: str
    started: str
    ended: str
    submitter: str
    message: str
    body: Mapping[str, Any] = field(repr=False, compare=False)

    @property
    def path(self) -> str:
        """Its full name."""
        return str(self.body["name"])

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.state not in DONE

    @property
    def took(self) -> str:
        """How long it ran."""
        return took(self.started, self.ended)

    @property
    def output(self) -> str:
        """A training job's output address, "" for one without."""
        return str(at(dict(self.body), "jobSpec", "baseOutputDirectory", "outputUriPrefix") or "").rstrip("/")

    @property
    def called(self) -> str:
        """What it is called in a sentence; its name can be any text."""
        return f"job {on_one_line(self.name)} ({self.id})"

    @property
    def text(self) -> str:
        """Its state, as part of a sentence."""
        return f"{self.called}: {self.state}" + (f" after {self.took}" if self.took else "")

    @property
    def failure(self) -> str:
        """Its state and the reason, as a sentence without a full stop."""
        return self.text + (f": {on_one_line(self.message).rstrip('.')}" if self.message else "")


def jobs(project: Project, most: int = 20) -> list[Job]:
    """The newest jobs of both kinds in the environment's region, newest first; a disabled API has none."""
    found = [*if_on(_trained(project, most)), *if_on(executions(project, most))]
    return sorted(found, key=lambda job: job.created, reverse=True)[:most]


def _trained(project: Project, most: int) -> Iterator[Job]:
    pages = project.cloud.pages(
        f"{project.region}-{training.API}", f"v1/{project.here}/customJobs", "customJobs", {"pageSize": most}
    )
    yield from map(_of_training, islice(pages, most))


def executions(project: Project, most: int, job: str = "-") -> Iterator[Job]:
    """The newest executions of a Cloud Run job, by default of all."""
    pages = project.cloud.pages("run", f"v2/{project.here}/jobs/{job}/executions", "executions", {"pageSize": most})
    yield from map(_of_execution, islice(pages, most))


def job(project: Project, name: str) -> Job:
    """A job by its id, or the newest of that name. Raises UsageProblem with the newest known ones."""
    found = jobs(project, 100)
    for one in found:
        if name in (one.id, one.name):
            return again(project, one)
    known = list(dict.fromkeys(word for one in found[:10] for word in (on_one_line(one.name), one.id)))
    if not known:
        raise UsageProblem(
            f"No job has been submitted in {project.environment.place} yet: start with `groundwork jobs submit`."
        )
    raise UsageProblem(f"There is no job {name} among the newest 100; {allowed(known, name)}")


def again(project: Project, found: Job) -> Job:
    """The job's current state."""
    if found.sort == "training":
        return _of_training(project.cloud.request("GET", f"{project.region}-{training.API}", f"v1/{found.path}"))
    return _of_execution(project.cloud.request("GET", "run", f"v2/{found.path}"))


def cancelled(project: Project, found: Job) -> Job:
    """Cancels a job."""
    api = f"{project.region}-{training.API}" if found.sort == "training" else "run"
    version = "v1" if found.sort == "training" else "v2"
    project.cloud.request("POST", api, f"{version}/{found.path}:cancel", json={})
    return again(project, found)


def trained(project: Project, body: Mapping[str, Any]) -> Job:
    """Submits a training job."""
    path = f"v1/{project.here}/customJobs"
    return _of_training(project.cloud.request("POST", f"{project.region}-{training.API}", path, json=dict(body)))


def run_job(project: Project, name: str) -> dict[str, Any]:
    """The Cloud Run job of that name. Raises UsageProblem with the known ones."""
    try:
        return project.cloud.request("GET", "run", f"v2/{project.here}/jobs/{name}")
    except CloudProblem as problem:
        if problem.code != 404 and not problem.switched_off:
            raise
    found = if_on(project.cloud.pages("run", f"v2/{project.here}/jobs", "jobs"))
    known = [*project.environment.training, *(last(one["name"]) for one in found)]
    hint = allowed(known, name) if known else "the environment file has nothing under training: and jobs:."
    raise UsageProblem(f"{name} is neither a file nor a job of {project.environment.place}; {hint}")


def executed(project: Project, body: Mapping[str, Any], request: training.TrainingRequest) -> Job:
    """Starts an execution of a Cloud Run job, with other arguments and more variables if requested."""
    override: dict[str, Any] = {}
    if request.args:
        override["args"] = list(request.args)
    if request.env:
        override["env"] = [{"name": name, "value": value} for name, value in request.env.items()]
    asked = {"overrides": {"containerOverrides": [override]}} if override else {}
    operation = project.cloud.request("POST", "run", f"v2/{body['name']}:run", json=asked)
    return _of_execution(operation.get("metadata") or operation.get("response") or {})


def follow(project: Project, found: Job, tell: Callable[[logs.LogEntry], object]) -> Job:
    """Streams a job's log; returns the job once it has ended."""
    now = [found]

    def ended() -> bool:
        now[0] = again(project, found)
        return not now[0].running

    logs.follow(project, log_filter(found), found.created, ended, tell)
    return now[0]


def log_filter(found: Job) -> str:
    """The filter for the log of a job, as Google's own tools use it."""
    if found.sort == "training":
        return f'resource.type="ml_job" AND resource.labels.job_id="{found.id}"'
    return (
        f'resource.type="cloud_run_job" AND resource.labels.job_name="{found.name}" AND '
        f'labels."run.googleapis.com/execution_name"="{found.id}"'
    )


def refuse_failed(project: Project, found: Job) -> None:
    """Raises GroundworkError with the likely cause for a job that failed."""
    if found.state == "succeeded":
        return
    try:
        lines = [entry.text for entry in logs.newest(project, log_filter(found), causes.LINES)]
    except CloudProblem:
        lines = []
    why = causes.explained(found.message, lines)
    raise GroundworkError(f"{found.failure}.", [why] if why else [])


def rate(found: Job, region: str) -> Rate:
    """What a job costs an hour."""
    if found.sort == "training":
        return job_price.of_training(found.body.get("jobSpec") or {}, region)
    return job_price.of_run_job({"template": {**found.body, "template": found.body.get("template")}}, region)[0]


def cost(found: Job, region: str) -> str:
    """The cost of a job so far, at list prices; "" before it ran or without a known price."""
    began, ended = moment(found.started), moment(found.ended)
    worth = rate(found, region)
    if not began or not ended or worth.unknown:
        return ""
    return as_money(worth.cost(int((ended - began).total_seconds())))


def _of_training(body: Mapping[str, Any]) -> Job:
    return Job(
        "training",
        str(body.get("displayName", "")),
        last(body.get("name")),
        str(body.get("state", "JOB_STATE_QUEUED")).removeprefix("JOB_STATE_").lower(),
        str(body.get("createTime", "")),
        str(body.get("startTime", "")),
        str(body.get("endTime", "")),
        str((body.get("labels") or {}).get(MEMBER, "")),
        str((body.get("error") or {}).get("message", "")),
        body,
    )


def _of_execution(body: Mapping[str, Any]) -> Job:
    conditions: list[dict[str, Any]] = list(body.get("conditions", ()))
    completed = next((one for one in conditions if one.get("type") == "Completed"), {})
    return Job(
        "run",
        last(body.get("job")),
        last(body.get("name")),
        _state(body, completed),
        str(body.get("createTime", "")),
        str(body.get("startTime", "")),
        str(body.get("completionTime", "")),
        str((body.get("labels") or {}).get(MEMBER) or body.get("creator", "")),
        str(completed.get("message", "")) if completed.get("state") == "CONDITION_FAILED" else "",
        body,
    )


def _state(body: Mapping[str, Any], completed: Mapping[str, Any]) -> str:
    """An execution's state in Vertex AI's words; Cloud Run expresses it by conditions and numbers of tasks."""
    if completed.get("state") == "CONDITION_SUCCEEDED":
        return "succeeded"
    if completed.get("state") == "CONDITION_FAILED":
        stopped = completed.get("executionReason") == "CANCELLED" or body.get("cancelledCount")
        return "cancelled" if stopped else "failed"
    return "running" if body.get("runningCount") or body.get("startTime") else "pending"
