"""Vertex AI: custom jobs, tuning jobs and batch predictions that run on this machine, training pipelines, datasets, models, endpoints, TensorBoards and experiments."""

from __future__ import annotations

from localcloud.engine.cloud import Cloud
from localcloud.engine.events import Event
from localcloud.engine.iam import roles
from localcloud.engine.service import Endpoints, Handler, Permission, Service, Worker
from localcloud.services.aiplatform import (
    answers,
    batches,
    boards,
    charges,
    datasets,
    endpoints,
    jobs,
    lineage,
    machines,
    metadata_stores,
    models,
    pipeline_runs,
    pipelines,
    predictions,
    series,
    specs,
    studies,
    training,
    tuning,
)
from localcloud.services.aiplatform.names import API

_PLACE = f"{API}.projects.locations"
_MODELS: dict[str, Handler] = {
    "upload": models.upload,
    "get": models.get,
    "list": models.list_,
    "listVersions": models.list_versions,
    "patch": models.patch,
    "mergeVersionAliases": models.merge_aliases,
    "delete": models.delete,
    "deleteVersion": models.delete_version,
}
_ENDPOINTS: dict[str, Handler] = {
    "create": boards.named(endpoints.ENDPOINT),
    "update": endpoints.update,
    "deployModel": endpoints.deploy,
    "undeployModel": endpoints.undeploy,
    "predict": endpoints.predict,
    "rawPredict": endpoints.raw_predict,
    "streamRawPredict": endpoints.raw_predict,
}
_BOARD = f"{_PLACE}.tensorboards"
_RUNS = f"{_BOARD}.experiments.runs"
_PARTS = {
    "experiments": "tensorboardExperiments",
    "experiments.runs": "tensorboardRuns",
    "experiments.runs.timeSeries": "tensorboardTimeSeries",
}
_POINTS: dict[str, tuple[Handler, str]] = {
    f"{_BOARD}.experiments.batchCreate": (series.batch_create, "tensorboardTimeSeries.batchCreate"),
    f"{_BOARD}.experiments.write": (series.write_experiment, "tensorboardExperiments.write"),
    f"{_RUNS}.write": (series.write_run, "tensorboardRuns.write"),
    f"{_RUNS}.timeSeries.read": (series.read, "tensorboardTimeSeries.read"),
    f"{_RUNS}.timeSeries.exportTensorboardTimeSeries": (series.export, "tensorboardTimeSeries.read"),
    f"{_BOARD}.batchRead": (series.batch_read, "tensorboardTimeSeries.batchRead"),
    f"{_RUNS}.timeSeries.readBlobData": (series.read_blobs, "tensorboardTimeSeries.read"),
    f"{_BOARD}.readSize": (series.size, "tensorboards.get"),
    f"{_BOARD}.readUsage": (series.usage, "tensorboards.get"),
}
"""The methods that write and read points, with the permission that each needs."""

_METADATA = f"{_PLACE}.metadataStores"
_NODES = {
    "contexts": metadata_stores.CONTEXT,
    "executions": metadata_stores.EXECUTION,
    "artifacts": metadata_stores.ARTIFACT,
}
_LINEAGE: dict[str, tuple[Handler, str]] = {
    "contexts.addContextChildren": (lineage.add_children, "contexts.addContextChildren"),
    "contexts.removeContextChildren": (lineage.remove_children, "contexts.addContextChildren"),
    "contexts.addContextArtifactsAndExecutions": (lineage.add_members, "contexts.addContextArtifactsAndExecutions"),
    "contexts.queryContextLineageSubgraph": (lineage.of_context, "contexts.queryContextLineageSubgraph"),
    "executions.addExecutionEvents": (lineage.add_events, "executions.addExecutionEvents"),
    "executions.queryExecutionInputsAndOutputs": (lineage.of_execution, "executions.queryExecutionInputsAndOutputs"),
    "artifacts.queryArtifactLineageSubgraph": (metadata_stores.artifact_lineage, "artifacts.get"),
    **{f"{noun}.purge": (metadata_stores.purge, f"{noun}.delete") for noun in _NODES},
}
"""The methods that link nodes of a metadata store and query the links, with the permission that each needs."""

_SERVICES = "google.cloud.aiplatform.v1"
_AUDITED = {
    "projects.locations.batchPredictionJobs": f"{_SERVICES}.JobService.*BatchPredictionJob",
    "projects.locations.customJobs": f"{_SERVICES}.JobService.*CustomJob",
    "projects.locations.hyperparameterTuningJobs": f"{_SERVICES}.JobService.*HyperparameterTuningJob",
    "projects.locations.pipelineJobs": f"{_SERVICES}.PipelineService.*PipelineJob",
    "projects.locations.trainingPipelines": f"{_SERVICES}.PipelineService.*TrainingPipeline",
    "projects.locations.datasets": f"{_SERVICES}.DatasetService.*Dataset",
    "projects.locations.datasets.savedQueries": f"{_SERVICES}.DatasetService.*SavedQuery",
    "projects.locations.endpoints": f"{_SERVICES}.EndpointService.*Endpoint",
    "projects.locations.models": f"{_SERVICES}.ModelService.*Model",
    "projects.locations.metadataStores": f"{_SERVICES}.MetadataService.*MetadataStore",
    "projects.locations.metadataStores.metadataSchemas": f"{_SERVICES}.MetadataService.*MetadataSchema",
    "projects.locations.tensorboards": f"{_SERVICES}.TensorboardService.*Tensorboard",
    "projects.locations.tensorboards.experiments": f"{_SERVICES}.TensorboardService.*TensorboardExperiment",
    "projects.locations.tensorboards.experiments.runs": f"{_SERVICES}.TensorboardService.*TensorboardRun",
    f"{_PLACE}.endpoints.deployModel": f"{_SERVICES}.EndpointService.DeployModel",
    f"{_PLACE}.endpoints.undeployModel": f"{_SERVICES}.EndpointService.UndeployModel",
    f"{_PLACE}.models.mergeVersionAliases": f"{_SERVICES}.ModelService.MergeVersionAliases",
    f"{_PLACE}.models.deleteVersion": f"{_SERVICES}.ModelService.DeleteModelVersion",
}


def _job_ended(cloud: Cloud, event: Event) -> None:
    """What follows the end of a custom job: that of its training pipeline, the next trial of its tuning job, or the next task of its pipeline job."""
    pipelines.job_ended(cloud, event)
    tuning.trial_ended(cloud, event)
    pipeline_runs.job_ended(cloud, event)


def _permissions() -> dict[str, Permission]:
    parts = {
        f"{_BOARD}.{part}.{verb}": f"{API}.{noun}.{verb.replace('patch', 'update')}"
        for part, noun in _PARTS.items()
        for verb in ("create", "get", "list", "patch", "delete")
    }
    return {
        **parts,
        **{method: f"{API}.{permission}" for method, (_, permission) in _POINTS.items()},
        **{f"{_METADATA}.{method}": f"{API}.{permission}" for method, (_, permission) in _LINEAGE.items()},
        f"{_BOARD}.experiments.runs.batchCreate": f"{API}.tensorboardRuns.batchCreate",
        f"{_PLACE}.datasets.searchDataItems": f"{API}.dataItems.list",
        f"{_PLACE}.datasets.savedQueries.list": f"{API}.datasets.get",
        f"{_PLACE}.datasets.savedQueries.delete": f"{API}.datasets.update",
        f"{_PLACE}.models.listVersions": f"{API}.models.list",
        f"{_PLACE}.models.mergeVersionAliases": f"{API}.models.update",
        f"{_PLACE}.models.deleteVersion": f"{API}.models.delete",
        f"{_PLACE}.endpoints.deployModel": f"{API}.endpoints.deploy",
        f"{_PLACE}.endpoints.undeployModel": f"{API}.endpoints.undeploy",
        f"{_PLACE}.endpoints.rawPredict": f"{API}.endpoints.predict",
        f"{_PLACE}.endpoints.streamRawPredict": f"{API}.endpoints.predict",
    }


SERVICE = Service(
    api=API,
    versions=("v1", "v1beta1"),
    title="Vertex AI API",
    agent="service-{number}@gcp-sa-aiplatform.iam.gserviceaccount.com",
    agent_role="roles/aiplatform.serviceAgent",
    other_agents={specs.CUSTOM_CODE: "roles/aiplatform.customCodeServiceAgent"},
    roles=roles.beside(__file__),
    endpoints=Endpoints(terraform={"VERTEX_AI": "v1/"}, gcloud=""),
    numbered=True,
    proto="google.cloud.aiplatform.v1",
    operation_metadata=answers.usual,
    resources={
        "projects.locations.batchPredictionJobs": predictions.JOB,
        "projects.locations.customJobs": jobs.JOB,
        "projects.locations.hyperparameterTuningJobs": tuning.JOB,
        "projects.locations.pipelineJobs": pipeline_runs.RUN,
        "projects.locations.trainingPipelines": pipelines.PIPELINE,
        "projects.locations.datasets": datasets.DATASET,
        "projects.locations.datasets.annotationSpecs": datasets.SPEC,
        "projects.locations.datasets.dataItems": datasets.ITEM,
        "projects.locations.datasets.savedQueries": datasets.QUERY,
        "projects.locations.endpoints": endpoints.ENDPOINT,
        "projects.locations.metadataStores": metadata_stores.STORE,
        "projects.locations.metadataStores.metadataSchemas": metadata_stores.SCHEMA,
        **{f"projects.locations.metadataStores.{noun}": node for noun, node in _NODES.items()},
        "projects.locations.tensorboards": boards.TENSORBOARD,
        "projects.locations.tensorboards.experiments": boards.EXPERIMENT,
        "projects.locations.tensorboards.experiments.runs": boards.RUN,
        "projects.locations.tensorboards.experiments.runs.timeSeries": series.SERIES,
    },
    methods={
        f"{_PLACE}.batchPredictionJobs.cancel": predictions.cancel,
        f"{_PLACE}.customJobs.cancel": jobs.cancel,
        f"{_PLACE}.hyperparameterTuningJobs.cancel": tuning.cancel,
        f"{_PLACE}.pipelineJobs.create": boards.named(pipeline_runs.RUN),
        f"{_PLACE}.pipelineJobs.cancel": pipeline_runs.cancel,
        f"{_PLACE}.trainingPipelines.cancel": pipelines.cancel,
        f"{_PLACE}.datasets.searchDataItems": datasets.search,
        f"{_PLACE}.metadataStores.create": boards.named(metadata_stores.STORE),
        **{f"{_METADATA}.{noun}.create": metadata_stores.create for noun in ("metadataSchemas", *_NODES)},
        **{f"{_METADATA}.{method}": handler for method, (handler, _) in _LINEAGE.items()},
        f"{_RUNS}.batchCreate": boards.batch_create_runs,
        f"{_RUNS}.timeSeries.create": boards.named(series.SERIES),
        **{method: handler for method, (handler, _) in _POINTS.items()},
        **{f"{_PLACE}.models.{verb}": method for verb, method in _MODELS.items()},
        **{f"{_PLACE}.endpoints.{verb}": method for verb, method in _ENDPOINTS.items()},
    },
    permissions=_permissions(),
    tables=lineage.TABLES,
    workers={
        jobs.KIND: Worker(training.run, training.cut),
        predictions.KIND: Worker(batches.run, batches.cut),
        endpoints.DEPLOY: Worker(endpoints.carried_out),
    },
    subscriptions={jobs.ENDED: _job_ended},
    skus=charges.SKUS,
    audited=_AUDITED,
    enum_numbers={
        f"GoogleCloudAiplatform{version}{field}": numbers
        for version in ("V1", "V1beta1")
        for field, numbers in (
            ("MachineSpec.acceleratorType", machines.NUMBERS),
            ("Scheduling.strategy", specs.STRATEGIES),
            ("StudySpec.algorithm", studies.ALGORITHMS),
        )
    },
    data_access=(
        *(f"{_METADATA}.{noun}." for noun in _NODES),
        f"{_PLACE}.endpoints.predict",
        f"{_PLACE}.endpoints.rawPredict",
        f"{_PLACE}.endpoints.streamRawPredict",
    ),
)
