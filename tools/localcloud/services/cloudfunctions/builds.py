"""Builds: Cloud Functions asks Cloud Build for an image of a function, as its build account, and waits for it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial

from localcloud.containers.workload import RuntimeProblem
from localcloud.engine import asking
from localcloud.engine.cloud import Cloud
from localcloud.engine.jobs import Job
from localcloud.engine.service import Body
from localcloud.errors import CloudError, failed_precondition
from localcloud.services.cloudfunctions import names, runtimes, sources
from localcloud.services.cloudfunctions.names import API, FunctionName

_POLL_SECONDS = 0.5
_UNDER_WAY = ("QUEUED", "WORKING", "PENDING")
_NOT_PERMITTED = (
    "Could not build the function due to a missing permission on the build service account. If you didn't revoke that permission "
    "explicitly, this could be caused by a change in the organization policies. "
)
PLACEHOLDER = "us-docker.pkg.dev/cloudrun/container/hello"
"""Google's placeholder, which Cloud Run never runs here: the image of a function that is not built."""


def why_unbuilt(cloud: Cloud, build: Body) -> str:
    """Why a function is not built on this machine; "" if it is. Blocks: what it is built from is pulled unless it is here."""
    client, version = cloud.workloads.client, runtimes.python(build["runtime"])
    if client is None or cloud.workloads.kind not in {"podman", "docker"}:
        return "neither podman nor docker answers on this machine"
    if not version:
        return "the local cloud builds functions in Python only"
    base = sources.BASE.format(version=version)
    try:
        client.image(base)
    except RuntimeProblem:
        try:
            client.call("pull", base)
        except RuntimeProblem as problem:
            return f"{base}, from which it is built, cannot be pulled: {problem}"
    return ""


def image(name: FunctionName, build: Body) -> str:
    """The image of a function, without its digest."""
    _, project, _, region, _, repository = build["dockerRepository"].split("/")
    return f"{region}-docker.pkg.dev/{project}/{repository}/{name.package}:version_1"


def arguments(build: Body) -> list[str]:
    """The variables of a function's build as options of docker; a dollar in a value is no substitution of Cloud Build's."""
    return [
        f"--build-arg={key}={value.replace('$', '$$')}" for key, value in build.get("environmentVariables", {}).items()
    ]


async def build_image(cloud: Cloud, job: Job, name: FunctionName, body: Body, archive: bytes) -> tuple[str, str]:
    """The image with its digest, and the name of the build. Raises CloudError when the build fails."""
    started = await job.write(partial(_start, cloud, name, body["buildConfig"], archive))
    path = f"cloudbuild/v1/{name.place}/builds/{started['id']}"
    found = started
    while found["status"] in _UNDER_WAY:
        await asyncio.sleep(_POLL_SECONDS)
        found = await job.write(partial(names.ask, cloud, name.project, "GET", path))
    await job.write(partial(_forget, cloud, name, started))
    if found["status"] != "SUCCESS":
        number = cloud.projects.number(name.project)
        raise failed_precondition(
            f"Build failed with status: {found['status']} and message: {found.get('failureInfo', {}).get('detail') or found.get('statusDetail', '')}. "
            f"For more details see the logs at https://console.cloud.google.com/cloud-build/builds;region={name.region}/{found['id']}"
            f"?project={number}."
        )
    digest = found["results"]["images"][0]["digest"]
    return f"{image(name, body['buildConfig']).rpartition(':')[0]}@{digest}", found["name"]


def _start(cloud: Cloud, name: FunctionName, build: Body, archive: bytes) -> Body:
    _, project, _, region, _, repository = build["dockerRepository"].split("/")
    parent = f"artifactregistry/v1/projects/{project}/locations/{region}/repositories"
    if repository == names.REPOSITORY:
        settings = {
            "format": "DOCKER",
            "description": "This repository is created and used by Cloud Functions for storing function docker images.",
        }
        names.ensure(cloud, name.project, f"{parent}/{repository}", f"{parent}?repositoryId={repository}", settings)
    bucket, tag = names.bucket(cloud, name.project, name.region, "sources"), image(name, build)
    stored = f"upload/storage/v1/b/{bucket}/o?uploadType=media&name={name.id}%2Fbuild-source.zip"
    answer = asking.reply(cloud, cloud.agents.member(API, name.project), "POST", stored, archive, "application/zip")
    if answer.status != 200:
        raise failed_precondition(f"The source of {name.id} could not be stored in gs://{bucket}.")
    docker = ["build", "-f", sources.DOCKERFILE, *arguments(build), "-t", tag, "."]
    request = {
        "source": {"storageSource": {"bucket": bucket, "object": f"{name.id}/build-source.zip"}},
        "steps": [{"name": "gcr.io/cloud-builders/docker", "args": docker}],
        "images": [tag],
        "options": {"logging": "CLOUD_LOGGING_ONLY"},
        "serviceAccount": build["serviceAccount"],
        "tags": [f"gcf-{name.id}"],
    }
    try:
        operation = names.ask(cloud, name.project, "POST", f"cloudbuild/v1/{name.place}/builds", request)
    except CloudError as problem:
        text = _NOT_PERMITTED if "Error 403" in problem.message else ""
        raise failed_precondition(f"Build failed: {text}{problem.message}") from None
    started: Body = operation["metadata"]["build"]
    return started


def _forget(cloud: Cloud, name: FunctionName, build: Body) -> None:
    """Deletes the source with the Dockerfile, which nobody needs after the build."""
    stored = build["source"]["storageSource"]
    with suppress(CloudError):
        names.ask(cloud, name.project, "DELETE", f"storage/v1/b/{stored['bucket']}/o/{name.id}%2Fbuild-source.zip")
