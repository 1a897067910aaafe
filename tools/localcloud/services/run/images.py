"""Images: who may read them, and how they get to this machine."""

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
# Google's own, which anybody may pull, and with which a service begins that has no image yet.
_PLACEHOLDER = re.compile(r"us-docker\.pkg\.dev/cloudrun/container/[a-z-]+(:[\w.-]+|@sha256:[0-9a-f]{64})?")
# Projects of Google's whose images anybody may pull.
_PUBLIC = frozenset({"cloud-ops-agents-artifacts", "cloudrun", "vertex-ai"})
_IMAGE = re.compile(r"[a-zA-Z0-9][\w./:@-]{0,511}")


Images = Sequence[Image]
"""Those of the containers of a revision or task, in their order."""


def agent(cloud: Cloud, project: str) -> str:
    """The account by which Cloud Run pulls images in a project, as policies name it."""
    return cloud.agents.member(API, project)


def placeholder(image: str) -> bool:
    """Whether an image is one of Google's that stand for one to come; it is not on this machine, and says nothing of the service."""
    return _PLACEHOLDER.fullmatch(image) is not None


def check(call: Call, name: str, template: Body) -> None:
    """Refuses images that the deployer or Cloud Run's agent may not read."""
    project = names.RunName.of(name).project
    for container in template["containers"]:
        image = container["image"]
        if not _IMAGE.fullmatch(image):
            raise invalid(f"Image {image!r} is no name of an image.", "template.containers.image")
        found = _OURS.fullmatch(image)
        if found is None or found["project"] in _PUBLIC:
            continue
        repository = f"projects/{found['project']}/locations/{found['place']}/repositories/{found['repository']}"
        iam = call.cloud.iam
        if not iam.allowed(call.principal, _PULL, "artifactregistry", repository, found["project"]):
            raise permission_denied(f"Permission '{_PULL}' denied on resource '{repository}' (or it may not exist).")
        if not iam.allowed(agent(call.cloud, project), _PULL, "artifactregistry", repository, found["project"]):
            raise _unreadable(call.cloud, image, found["project"], project)


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


async def fetched(cloud: Cloud, full: str, wanted: Sequence[str], *, sure: bool = True) -> Images:
    """The images of a revision or task, made ready to run as Cloud Run's agent; see Workloads.fetch. Raises NotReady."""
    account, found = agent(cloud, names.RunName.of(full).project), []
    for image in wanted:
        if placeholder(image) and cloud.workloads.client is not None:
            text = (
                "is Google's placeholder, which does not run here (simulated): let a build deploy an image of your own"
            )
            raise NotReady(f"Image '{image}' {text}.", {"reason": "CONTAINER_MISSING"})
        try:
            found.append(await asyncio.to_thread(partial(cloud.workloads.fetch, image, account, sure=sure)))
        except RuntimeProblem as problem:
            raise NotReady(f"Image '{image}' cannot be pulled: {problem}", {"reason": "CONTAINER_MISSING"}) from None
    return found
