"""Cloud Run functions (2nd gen): functions that are built from source, run as services of Cloud Run, and get events from Eventarc."""

from __future__ import annotations

from localcloud.engine.iam import roles
from localcloud.engine.service import Endpoints, Service, Worker
from localcloud.services.cloudfunctions import deployments, functions, runtimes, uploads
from localcloud.services.cloudfunctions.names import API

_FUNCTIONS = f"{API}.projects.locations.functions"
_RUNTIMES = f"{API}.projects.locations.runtimes.list"
SERVICE = Service(
    api=API,
    versions=("v2",),
    title="Cloud Functions API",
    agent="service-{number}@gcf-admin-robot.iam.gserviceaccount.com",
    agent_role="roles/cloudfunctions.serviceAgent",
    roles=roles.beside(__file__),
    endpoints=Endpoints(terraform={"CLOUD_FUNCTIONS": "v1/", "CLOUDFUNCTIONS2": "v2/"}, gcloud=""),
    proto="google.cloud.functions.v2",
    operation_metadata="GoogleCloudFunctionsV2OperationMetadata",
    resources={"projects.locations.functions": functions.RESOURCE},
    methods={
        f"{_FUNCTIONS}.create": functions.create,
        f"{_FUNCTIONS}.patch": functions.patch,
        f"{_FUNCTIONS}.delete": functions.delete,
        f"{_FUNCTIONS}.generateUploadUrl": uploads.generate,
        _RUNTIMES: runtimes.list_,
    },
    permissions={f"{_FUNCTIONS}.generateUploadUrl": f"{API}.functions.sourceCodeSet", _RUNTIMES: None},
    audited={"projects.locations.functions": "google.cloud.functions.v2.FunctionService.*Function"},
    workers={functions.DEPLOY: Worker(deployments.deploy, deployments.fail)},
    due={uploads.EXPIRY: uploads.expire},
)
