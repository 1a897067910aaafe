"""Batch prediction jobs: created, cancelled and deleted here, run in batches.py."""

from __future__ import annotations

from localcloud.engine import standard
from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body, Call, Resource
from localcloud.errors import failed_precondition, invalid, unimplemented
from localcloud.services.aiplatform import charges, instances, job_states, journal, machines, models, names, specs
from localcloud.services.aiplatform.model_servers import ModelServer
from localcloud.services.aiplatform.names import API

KIND = "batch"
TASK = "model-server"
"""What the log calls the model's container."""
_JOB = "batch_prediction_job"
_ELSEWHERE = {"inputConfig": ("bigquerySource", "vertexMultimodalDatasetSource")}
_ELSEWHERE |= {"outputConfig": ("bigqueryDestination", "vertexMultimodalDatasetDestination")}
_GOOGLES = frozenset({"bigquery", "tf-record", "tf-record-gzip"})
"""Formats that only Google Cloud reads."""


def completed(call: Call, body: Body) -> Body:
    """A new job, validated and completed with its model's version."""
    names.check_place(call)
    names.check_described(body, "batch prediction job", _JOB)
    for field in ("generateExplanation", "modelMonitoringConfig"):
        if body.get(field):
            raise unimplemented(f"The local cloud predicts batches without {field}.")
    _check_input(body.get("inputConfig", {}))
    _check_output(body.get("outputConfig", {}))
    instances.conversion(body.get("instanceConfig", {}), body["inputConfig"]["instancesFormat"])
    resources = body.get("dedicatedResources")
    if not resources:
        raise invalid(f"{_JOB}.dedicated_resources is required for a custom model.", f"{_JOB}.dedicated_resources")
    machines.of(resources.get("machineSpec", {}), f"{_JOB}.dedicated_resources.machine_spec")
    batch_size = body.get("manualBatchTuningParameters", {}).get("batchSize", 0)
    if min(batch_size, resources.get("startingReplicaCount", 0)) < 0:
        raise invalid(f"{_JOB}: batch_size and starting_replica_count may not be negative.", _JOB)
    account = (
        {"serviceAccount": specs.checked_account(call, body["serviceAccount"])} if body.get("serviceAccount") else {}
    )
    return {**body, **account, **_model(call, body), "state": "JOB_STATE_PENDING"}


def created(call: Call, body: Body) -> None:
    """Starts the job's worker."""
    journal.system(call.cloud, body["name"], "Job is queued.")
    call.cloud.jobs.start(API, KIND, {"name": body["name"]}, body["name"])


def cancel(call: Call) -> Body:
    """batchPredictionJobs.cancel: cancels the job; does nothing if it has ended."""
    job_states.call_off(call.cloud, standard.existing(call, JOB), ended)
    return {}


def ended(cloud: Cloud, name: str, state: str, why: str = "", status: str = "CANCELLED") -> None:
    """Stores a job's end, with `why` if it did not succeed, and meters its usage (a write)."""
    body = job_states.close(cloud, name, state, why, status)
    if body is not None and "startTime" in body:
        seconds, count = cloud.clock.since(body["startTime"]), replicas(body)
        job_states.change(cloud, name, resourcesConsumed={"replicaHours": seconds * count / 3600})
        machine = machines.of(body["dedicatedResources"]["machineSpec"], "")
        charges.meter(cloud, name, body.get("labels", {}), machine, count, seconds, "batch")


def replicas(body: Body) -> int:
    """The machines that a job is charged for. A batch prediction does not scale: those that it starts with."""
    return int(body["dedicatedResources"].get("startingReplicaCount") or 1)


def server(cloud: Cloud, body: Body) -> ModelServer:
    """The job's model server; 404 if its model is gone."""
    unmanaged = body.get("unmanagedContainerModel", {})
    identity = body["name"].rpartition("/")[2]
    return ModelServer(
        resource=body["name"],
        name=f"batch-{identity}",
        model=models.found(cloud, f"{body['model']}@{body['modelVersionId']}") if "model" in body else unmanaged,
        endpoint=identity,
        deployed=identity,
        machine=body["dedicatedResources"]["machineSpec"],
        logs="ml_job",
        account=body.get("serviceAccount", ""),
        pool="jobs",
    )


def presented(cloud: Cloud, body: Body) -> Body:
    """A job as clients see it."""
    shown = names.shown(cloud, body)
    unmanaged = body.get("unmanagedContainerModel")
    if unmanaged:  # its container is for input only
        shown["unmanagedContainerModel"] = {key: one for key, one in unmanaged.items() if key != "containerSpec"}
    return shown


def _model(call: Call, body: Body) -> Body:
    """The fields that name the job's model."""
    given, unmanaged = body.get("model", ""), body.get("unmanagedContainerModel")
    if bool(given) == bool(unmanaged):
        raise invalid(f"{_JOB}: set exactly one of model and unmanaged_container_model.", f"{_JOB}.model")
    if unmanaged:
        if not unmanaged.get("containerSpec", {}).get("imageUri"):
            where = f"{_JOB}.unmanaged_container_model.container_spec.image_uri"
            raise invalid(f"{where} is required.", where)
        return {}
    if "publishers/" in given:
        raise unimplemented(f"The local cloud has no models of publishers, such as {given}.")
    named = call.cloud.projects.named(given)
    if not names.seen(call, named, "aiplatform.models.get"):
        raise names.absent(call.cloud, "Model", named)
    model = models.found(call.cloud, named)
    if not model.get("containerSpec", {}).get("imageUri"):
        raise failed_precondition(f"The model {call.cloud.projects.numbered(named)} has no serving container.")
    return {"model": model["name"], "modelVersionId": model["versionId"]}


def _check_input(config: Body) -> None:
    where = f"{_JOB}.input_config"
    form, uris = config.get("instancesFormat", ""), config.get("gcsSource", {}).get("uris", [])
    _check_here(config, "inputConfig", form)
    if form not in instances.FORMATS:
        raise invalid(f"{where}.instances_format: {form!r} is not one of {', '.join(instances.FORMATS)}.", where)
    if not uris or not all(one.startswith("gs://") and one[5:].partition("/")[2] for one in uris):
        raise invalid(f"{where}.gcs_source.uris needs addresses like gs://BUCKET/OBJECT.", f"{where}.gcs_source")


def _check_output(config: Body) -> None:
    where = f"{_JOB}.output_config"
    form, prefix = config.get("predictionsFormat", ""), config.get("gcsDestination", {}).get("outputUriPrefix", "")
    _check_here(config, "outputConfig", form)
    if form != "jsonl":
        raise invalid(f"{where}.predictions_format: {form!r} is not jsonl.", where)
    if not prefix.startswith("gs://") or not prefix[5:].partition("/")[0]:
        raise invalid(f"{where}.gcs_destination.output_uri_prefix must begin with gs://BUCKET.", where)


def _check_here(config: Body, field: str, form: str) -> None:
    """501 for data that is not in Cloud Storage, or in a format that only Google Cloud reads."""
    away = next((one for one in _ELSEWHERE[field] if one in config), form if form in _GOOGLES else "")
    if away:
        raise unimplemented(
            f"The local cloud predicts batches of JSON Lines, CSV and files in Cloud Storage, not of {away}."
        )


JOB = Resource(
    kind="BatchPredictionJob",
    complete=completed,
    created=created,
    delete=lambda _, body: job_states.check_over(body, "BatchPredictionJob"),
    present=presented,
    missing='The BatchPredictionJob "{numbered}" does not exist.',
)
