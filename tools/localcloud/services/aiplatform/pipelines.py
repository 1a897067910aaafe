"""Training pipelines: a custom job from the client's inputs, whose model is then uploaded to the registry.

Clients mix spellings of the inputs' field names, which all mean the same.
"""

from __future__ import annotations

import re
from typing import Any

from localcloud.engine import standard
from localcloud.engine.cloud import Cloud
from localcloud.engine.events import Event
from localcloud.engine.service import Body, Call, Resource
from localcloud.errors import CloudError, failed_precondition, invalid, rpc_code
from localcloud.services.aiplatform import job_states, jobs, models, names, quotas, specs
from localcloud.services.aiplatform.names import API
from localcloud.spec import conformance

_CUSTOM = re.compile(r".*/trainingjob/definition/custom_task_1\.0\.0\.yaml")
_OVER = frozenset({"PIPELINE_STATE_SUCCEEDED", "PIPELINE_STATE_FAILED", "PIPELINE_STATE_CANCELLED"})
_LINK = "pipeline"


def completed(call: Call, body: Body) -> Body:
    """A new pipeline, validated and completed, with its job's spec."""
    names.check_place(call)
    names.check_described(body, "training pipeline", "training_pipeline")
    if not _CUSTOM.fullmatch(body.get("trainingTaskDefinition", "")):
        raise CloudError(
            501,
            "UNIMPLEMENTED",
            f"The local cloud supports only custom jobs, not {body.get('trainingTaskDefinition') or 'a pipeline without definition'}.",
        )
    body["_spec"] = specs.completed(call, _inputs(call, body), "training_pipeline.training_task_inputs")
    quotas.check(call.cloud, call.path.rpartition("/")[0], body["_spec"])
    return {**body, "state": "PIPELINE_STATE_PENDING"}


def created(call: Call, body: Body) -> None:
    """Creates a pipeline's job, and starts its worker."""
    spec = body.pop("_spec")
    parent = call.path.rpartition("/")[0]
    name = f"{parent}/customJobs/{body['name'].rpartition('/')[2]}"
    now = call.cloud.clock.rfc3339()
    job = {
        "name": name,
        "displayName": f"{body['displayName']}-custom-job",
        "jobSpec": spec,
        "state": "JOB_STATE_PENDING",
        "labels": body.get("labels", {}),
        "createTime": now,
        "updateTime": now,
        _LINK: body["name"],
        "dataVariables": _data(body),
    }
    call.cloud.store.insert(API, name, job)
    call.cloud.store.put(API, body["name"], {**body, "_job": name})
    jobs.begin(call.cloud, name)


def job_ended(cloud: Cloud, event: Event) -> None:
    """Ends a pipeline with its job; uploads the model to the registry if the job succeeded (a write)."""
    job = cloud.store.get(API, event.subject)
    body = cloud.store.get(API, job[_LINK]) if job and _LINK in job else None
    if body is None:
        return
    state, error = event.data["state"].replace("JOB_STATE", "PIPELINE_STATE"), event.data.get("error")
    wanted = body.get("modelToUpload")
    if state == "PIPELINE_STATE_SUCCEEDED" and wanted:
        try:
            body["_model"] = _uploaded(cloud, body, job or {}, wanted)
        except CloudError as problem:
            state, error = "PIPELINE_STATE_FAILED", {"code": rpc_code(problem.status), "message": problem.message}
    over = {"state": state, "endTime": event.moment, "updateTime": event.moment}
    cloud.store.put(API, body["name"], {**body, **over, **({"error": error} if error else {})})


def cancel(call: Call) -> Body:
    """trainingPipelines.cancel: cancels its job."""
    body = standard.existing(call, PIPELINE)
    job = call.cloud.store.get(API, body["_job"])
    if job is not None and body["state"] not in _OVER:
        job_states.call_off(call.cloud, job, jobs.ended)
    return {}


def deleted(call: Call, body: Body) -> None:
    """Deletes a pipeline's job with it; 400 if the pipeline has not ended."""
    if body["state"] not in _OVER:
        raise failed_precondition(f"The TrainingPipeline is in the state {body['state']}; cancel it first.")
    standard.remove(call.cloud, API, body["_job"])


def presented(cloud: Cloud, body: Body) -> Body:
    """A pipeline as clients see it, with its job's state."""
    shown = {key: value for key, value in names.shown(cloud, body).items() if not key.startswith("_")}
    job = cloud.store.get(API, body.get("_job", "")) or {}
    if shown["state"] not in _OVER and "state" in job:
        shown["state"] = job["state"].replace("JOB_STATE", "PIPELINE_STATE")
    if "startTime" in job:
        shown["startTime"] = job["startTime"]
    if "_job" in body:
        shown["trainingTaskMetadata"] = {"backingCustomJob": cloud.projects.numbered(body["_job"])}
    if "_model" in body:
        shown["modelToUpload"] = {**body["modelToUpload"], "name": cloud.projects.numbered(body["_model"])}
    return shown


def _uploaded(cloud: Cloud, body: Body, job: Body, wanted: Body) -> str:
    prefix = job["jobSpec"].get("baseOutputDirectory", {}).get("outputUriPrefix", "").rstrip("/")
    model = {**wanted, "artifactUri": wanted.get("artifactUri") or f"{prefix}/model", "trainingPipeline": body["name"]}
    parent = body["name"].rpartition("/trainingPipelines/")[0]
    known = body.get("parentModel", "").rpartition("/")[2]
    return models.put(cloud, parent, model, known or body.get("modelId", ""), new=not known)[0]


def _inputs(call: Call, body: Body) -> Body:
    """The inputs as a jobSpec, with the field names of the discovery document."""
    inputs = body.get("trainingTaskInputs")
    if not isinstance(inputs, dict):
        raise invalid("training_pipeline.training_task_inputs is required.", "training_pipeline.training_task_inputs")
    kind = next(name for name in call.document.schemas if name.endswith("CustomJobSpec"))
    scheduling = {
        key: inputs[key] for key in ("timeout", "restartJobOnWorkerRestart", "disableRetries") if key in inputs
    }
    spec = {key: value for key, value in inputs.items() if key not in scheduling}
    checked = conformance.check(call.document, kind, spec)
    if scheduling:
        checked["scheduling"] = {**scheduling, **checked.get("scheduling", {})}
    return checked


def _data(body: Body) -> dict[str, str]:
    """The AIP_* variables for a pipeline's data set, with the places where its parts would be."""
    config: dict[str, Any] = body.get("inputDataConfig", {})
    prefix = config.get("gcsDestination", {}).get("outputUriPrefix", "").rstrip("/")
    if not prefix:
        return {}
    parts = {"AIP_TRAINING_DATA_URI": "training", "AIP_VALIDATION_DATA_URI": "validation", "AIP_TEST_DATA_URI": "test"}
    return {"AIP_DATA_FORMAT": "jsonl", **{name: f"{prefix}/{part}-*" for name, part in parts.items()}}


PIPELINE = Resource(
    kind="TrainingPipeline",
    complete=completed,
    created=created,
    delete=deleted,
    present=presented,
    missing='The TrainingPipeline "{numbered}" does not exist.',
)
