"""Images: who may pull them, and pulling them to this machine."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from functools import partial

from localcloud.containers.workload import RuntimeProblem
from localcloud.engine.cloud import Cloud
from localcloud.engine.orders import Image
from localcloud.engine.service import Body, Call
from localcloud.errors import CloudError, invalid, permission_denied
from localcloud.services.run import names
from localcloud.services.run.fleet import NotReady
from localcloud.services.run.names import API

_PULL = "artifactregistry.repositories.downloadArtifacts"
_OURS = re.compile(
    r"(?P<place>[a-z0-9-]+)-docker\.pkg\.dev/(?P<project>[^/]+)/(?P<repository>[^/]+)/(?P<image>[^@]+?)(?P<end>:[\w.-]+|@sha256:[0-9a-f]{64})?"
)
# Google's own, which anyone may pull, for services that have no image of their own yet.
_PLACEHOLDER = re.compile(r"us-docker\.pkg\.dev/cloudrun/container/(?P<kind>[a-z-]+)(:[\w.-]+|@sha256:[0-9a-f]{64})?")
# Google's projects whose images anyone may pull.
_PUBLIC = frozenset({"cloud-ops-agents-artifacts", "cloudrun", "vertex-ai"})
_IMAGE = re.compile(r"[a-zA-Z0-9][\w./:@-]{0,511}")


Images = Sequence[Image]
"""The images of a revision's or task's containers, in order."""


def agent(cloud: Cloud, project: str) -> str:
    """The service agent with which Cloud Run pulls images in a project, as an IAM member."""
    return cloud.agents.member(API, project)


def placeholder(image: str) -> bool:
    """Whether an image is one of Google's placeholders for services that have no image yet; those are never run here."""
    return _PLACEHOLDER.fullmatch(image) is not None


def answers(image: str) -> bool:
    """Whether an image is the placeholder for services, which answers requests in HTTP/1.1; the others are for jobs and workers.

    Source: https://github.com/GoogleCloudPlatform/cloud-run-hello.
    """
    found = _PLACEHOLDER.fullmatch(image)
    return found is not None and found["kind"] == "hello"


def check(call: Call, name: str, template: Body) -> None:
    """Raises CloudError for images that the caller or Cloud Run's service agent may not pull."""
    project = names.RunName.of(name).project
    for container in template["containers"]:
        image = container["image"]
        if not _IMAGE.fullmatch(image):
            raise invalid(f"Image {image!r} is not a valid image name.", "template.containers.image")
        match = _OURS.fullmatch(image)
        if match is None or match["project"] in _PUBLIC:
            continue
        repository = f"projects/{match['project']}/locations/{match['place']}/repositories/{match['repository']}"
        iam = call.cloud.iam
        if not iam.allowed(call.principal, _PULL, "artifactregistry", repository, match["project"]):
            raise permission_denied(f"Permission '{_PULL}' denied on resource '{repository}' (or it may not exist).")
        if not iam.allowed(agent(call.cloud, project), _PULL, "artifactregistry", repository, match["project"]):
            raise _unreadable(call.cloud, image, match["project"], project)


def _unreadable(cloud: Cloud, image: str, there: str, here: str) -> CloudError:
    email = agent(cloud, here).partition(":")[2]
    text = (
        f"Google Cloud Run Service Agent {email} must have permission to read the image, {image}. Ensure that the provided container "
        "image URL is correct and that the above account has permission to access the image."
    )
    if there != here:
        text += (
            f" Note that the image is from project [{there}], which is not the same as this project [{here}]. Permission must be "
            f"granted to the Google Cloud Run Service Agent {email} from this project."
        )
    return permission_denied(text)


async def fetched(cloud: Cloud, full: str, references: Sequence[str], *, sure: bool = True) -> Images:
    """Pulls the images of a revision or task as Cloud Run's service agent; see Workloads.fetch. Raises NotReady."""
    account, fetched_images = agent(cloud, names.RunName.of(full).project), []
    for image in references:
        if placeholder(image) and cloud.workloads.client is not None:
            text = "is Google's placeholder, which does not run here (simulated): deploy an image of your own"
            raise NotReady(f"Image '{image}' {text}.", {"reason": "CONTAINER_MISSING"})
        try:
            fetched_images.append(await asyncio.to_thread(partial(cloud.workloads.fetch, image, account, sure=sure)))
        except RuntimeProblem as problem:
            raise NotReady(f"Image '{image}' cannot be pulled: {problem}", {"reason": "CONTAINER_MISSING"}) from None
    return fetched_images
