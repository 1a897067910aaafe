"""Revisions: immutable snapshots of a service."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from localcloud.engine import standard
from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body, Call, Resource
from localcloud.errors import already_exists, invalid
from localcloud.services.run import names
from localcloud.services.run.conditions import FAILED, RECONCILING, SUCCEEDED, condition, ready
from localcloud.services.run.names import API

KIND = "GoogleCloudRunV2Revision"
RAN_BY = "local-cloud/runs-as"
"""The annotation with what a revision's containers run as: podman, docker, process or simulated."""
RESOURCE = Resource(kind="GoogleCloudRunV2Revision", etag=names.etag)
_COPIED = (
    "containers", "volumes", "serviceAccount", "timeout", "maxInstanceRequestConcurrency", "scaling", "executionEnvironment",
    "sessionAffinity", "vpcAccess", "encryptionKey", "nodeSelector", "labels", "annotations",
)  # fmt: skip


def short(full: str) -> str:
    """A revision's id, from its full name."""
    return full.rpartition("/")[2]


def known(cloud: Cloud, service: str) -> set[str]:
    """The ids of a service's revisions."""
    return {short(full) for full, _ in cloud.store.list(API, service, "revisions")}


def readiness(cloud: Cloud, service: str) -> dict[str, bool]:
    """Whether each of a service's revisions is ready, by id."""
    return {short(full): ready(body) for full, body in cloud.store.list(API, service, "revisions")}


def check_name(call: Call, service: str, revision: str, template: Body) -> bool:
    """Whether a revision with this name needs to be created; 400 for an invalid name, 409 if it exists with other settings."""
    prefix = f"{names.RunName.of(service).name}-"
    if not revision.startswith(prefix) or not re.fullmatch(names.JOB_ID, revision):
        raise invalid(
            f"The revision's name {revision} must begin with {prefix} and have at most 63 characters.",
            "template.revision",
        )
    revision_body = call.cloud.store.get(API, f"{service}/revisions/{revision}")
    if revision_body is None:
        return True
    if any(revision_body.get(field) != template.get(field) for field in ("containers", "serviceAccount", "timeout")):
        raise already_exists(f"Revision named '{revision}' with different configuration already exists.")
    return False


def add(call: Call, service: str, revision: str, template: Body, generation: int) -> Body:
    """Creates a revision, which is not ready yet."""
    cloud = call.cloud
    body: Body = {field: template[field] for field in _COPIED if field in template}
    body |= {
        "service": names.RunName.of(service).name,
        "generation": "1",
        "creator": call.principal.partition(":")[2],
        "reconciling": True,
        "launchStage": "GA",
        "annotations": {**body.get("annotations", {}), _NUMBER: str(generation)},
        "conditions": [condition(cloud, "Ready", RECONCILING, "Deploying revision.")],
    }
    return standard.add_child(call, RESOURCE, f"{service}/revisions/{revision}", body)


_NUMBER = "serving.knative.dev/configurationGeneration"


def number(revision: Body) -> int:
    """The service's generation for which a revision was created; later revisions have higher numbers."""
    return int(revision["annotations"][_NUMBER])


def succeeded(cloud: Cloud, full: str, runtime: str) -> None:
    """Marks a revision as ready; `runtime` is what its containers run as."""
    body = cloud.store.get(API, full)
    if body is None:
        return
    health = condition(cloud, "ContainerHealthy", SUCCEEDED)
    cloud.store.put(
        API,
        full,
        body
        | {
            "reconciling": False,
            "observedGeneration": body["generation"],
            "updateTime": cloud.clock.rfc3339(),
            "annotations": {**body["annotations"], RAN_BY: runtime},
            "conditions": [
                condition(cloud, "Ready", SUCCEEDED),
                health,
                condition(cloud, "ContainerReady", SUCCEEDED),
                condition(cloud, "ResourcesAvailable", SUCCEEDED),
            ],
        },
    )


def pinned(body: Body) -> list[str]:
    """The image of each of a revision's containers: by digest once that is known, so that a moved tag does not matter."""
    known = {one["name"]: one["imageDigest"] for one in body.get("containerStatuses", ())}
    return [known.get(container_name(body, one)) or one["image"] for one in body["containers"]]


def began(cloud: Cloud, full: str, runtime: str, images: Sequence[str]) -> None:
    """Stores what a revision's containers run as, if that has changed, and with its first instance their image digests.

    `images` has a digest, or "" for an image that no registry knows, for each container.
    """
    body = cloud.store.get(API, full)
    if body is None:
        return
    new = dict(body)
    if body["annotations"].get(RAN_BY, runtime) != runtime:
        new["annotations"] = {**body["annotations"], RAN_BY: runtime}
    if "containerStatuses" not in body:
        new["containerStatuses"] = [
            {"name": container_name(body, container), "imageDigest": digest}
            for container, digest in zip(body["containers"], images, strict=True)
            if digest
        ]
    if new != body:
        cloud.store.put(API, full, new)


def container_name(body: Body, container: Body) -> str:
    """A container's name; a revision's only container may have none, and gets a default."""
    return container.get("name") or f"{body['service']}-1"


def failed(cloud: Cloud, full: str, message: str, reason: dict[str, str]) -> None:
    """Marks a revision as failed for good, with the reason."""
    body = cloud.store.get(API, full)
    if body is None:
        return
    ready_condition: Any = condition(cloud, "Ready", FAILED, message, **reason)
    healthy = condition(cloud, "ContainerHealthy", FAILED, message, **reason)
    cloud.store.put(
        API,
        full,
        body
        | {"reconciling": False, "observedGeneration": body["generation"], "conditions": [ready_condition, healthy]},
    )
