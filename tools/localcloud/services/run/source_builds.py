"""Builds from source: `gcloud run deploy --source` uploads an archive, and Cloud Run has Cloud Build make an image of it."""

from __future__ import annotations

from localcloud.engine import asking
from localcloud.engine.service import Body, Call
from localcloud.errors import invalid, unimplemented

_DOCKER = "gcr.io/cloud-builders/docker"


def submit(call: Call) -> Body:
    """builds.submit: starts a build as the caller, who needs Cloud Build's permissions, and returns Cloud Build's operation."""
    sent = call.body
    for field in ("storageSource", "imageUri"):
        if not sent.get(field):
            raise invalid(f"{field} is required.", field)
    if "dockerBuild" not in sent:
        raise unimplemented(
            "run.projects.locations.builds.submit: the local cloud has no buildpacks; put a Dockerfile into the source."
        )
    _, project, _, region = call.path.split("/")[:4]
    request = {
        "source": {"storageSource": sent["storageSource"]},
        "steps": [{"name": _DOCKER, "args": ["build", "--network", "cloudbuild", "-t", sent["imageUri"], "."]}],
        "images": [sent["imageUri"]],
        "options": {"logging": "CLOUD_LOGGING_ONLY", **_pool(sent)},
        "tags": sent.get("tags", []),
        **({"serviceAccount": sent["serviceAccount"]} if "serviceAccount" in sent else {}),
    }
    path = f"cloudbuild/v1/projects/{project}/locations/{region}/builds"
    return {"buildOperation": asking.ask_json(call.cloud, call.principal, "POST", path, request)}


def _pool(sent: Body) -> Body:
    if "workerPool" in sent:
        return {"pool": {"name": sent["workerPool"]}}
    return {"machineType": sent["machineType"]} if "machineType" in sent else {}
