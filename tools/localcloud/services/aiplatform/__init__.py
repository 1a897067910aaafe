"""Vertex AI: custom jobs that train on this machine, the pipelines around them, models, endpoints that answer, and TensorBoards."""

from __future__ import annotations

from localcloud.engine.iam import roles
from localcloud.engine.service import Endpoints, Service, Worker
from localcloud.services.aiplatform import charges, jobs, specs, training
from localcloud.services.aiplatform.names import API

_PLACE = f"{API}.projects.locations"
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
    resources={"projects.locations.customJobs": jobs.JOB},
    methods={f"{_PLACE}.customJobs.cancel": jobs.cancel},
    workers={jobs.KIND: Worker(training.run, training.cut)},
    skus=charges.SKUS,
)
