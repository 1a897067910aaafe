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
"""The annotation that says how a revision's containers run: podman, docker, process or simulated."""
RESOURCE = Resource(kind="GoogleCloudRunV2Revision", etag=names.etag)
_COPIED = (
    "containers", "volumes", "serviceAccount", "timeout", "maxInstanceRequestConcurrency", "scaling", "executionEnvironment",
    "sessionAffinity", "vpcAccess", "encryptionKey", "nodeSelector", "labels", "annotations",
)  # fmt: skip


def short(full: str) -> str:
    """The id of a revision by its full name."""
    return full.rpartition("/")[2]


def known(cloud: Cloud, service: str) -> set[str]:
    """The ids of a service's revisions."""
    return {short(full) for full, _ in cloud.store.list(API, service, "revisions")}


def readiness(cloud: Cloud, service: str) -> dict[str, bool]:
    """Of each revision of a service whether it is ready."""
    return {short(full): ready(body) for full, body in cloud.store.list(API, service, "revisions")}


def check_name(call: Call, service: str, revision: str, template: Body) -> bool:
    """Whether a revision of this name is to be made; 400 for a name that does not fit, 409 for one that is something else."""
    prefix = f"{names.RunName.of(service).name}-"
    if not revision.startswith(prefix) or not re.fullmatch(names.JOB_ID, revision):
        raise invalid(
            f"The revision's name {revision} must begin with {prefix} and have at most 63 characters.",
            "template.revision",
        )
    there = call.cloud.store.get(API, f"{service}/revisions/{revision}")
    if there is None:
        return True
    if any(there.get(field) != template.get(field) for field in ("containers", "serviceAccount", "timeout")):
        raise already_exists(f"Revision named '{revision}' with different configuration already exists.")
    return False


def add(call: Call, service: str, revision: str, template: Body, generation: int) -> Body:
    """Makes a revision that is not ready yet."""
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
    """The generation of the service that made a revision: later ones have greater numbers."""
    return int(revision["annotations"][_NUMBER])


def succeeded(cloud: Cloud, full: str, how: str) -> None:
    """Says that a revision can take traffic, and how its containers run."""
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
            "annotations": {**body["annotations"], RAN_BY: how},
            "conditions": [
                condition(cloud, "Ready", SUCCEEDED),
                health,
                condition(cloud, "ContainerReady", SUCCEEDED),
                condition(cloud, "ResourcesAvailable", SUCCEEDED),
            ],
        },
    )


def pinned(body: Body) -> list[str]:
    """What each container of a revision runs whatever its image's tag has come to mean: the image by its digest, once that is known."""
    known = {one["name"]: one["imageDigest"] for one in body.get("containerStatuses", ())}
    return [known.get(container_name(body, one)) or one["image"] for one in body["containers"]]


def began(cloud: Cloud, full: str, how: str, images: Sequence[str]) -> None:
    """Keeps how a revision's containers run now, where that is not how they ran (a command was named for it, or podman came), and with
    its first instance what their images are: by digest, "" for what no registry knows."""
    body = cloud.store.get(API, full)
    if body is None:
        return
    new = dict(body)
    if body["annotations"].get(RAN_BY, how) != how:
        new["annotations"] = {**body["annotations"], RAN_BY: how}
    if "containerStatuses" not in body:
        new["containerStatuses"] = [
            {"name": container_name(body, container), "imageDigest": digest}
            for container, digest in zip(body["containers"], images, strict=True)
            if digest
        ]
    if new != body:
        cloud.store.put(API, full, new)


def container_name(body: Body, container: Body) -> str:
    """What a container of a revision is called: the only one may have no name of its own."""
    return container.get("name") or f"{body['service']}-1"


def failed(cloud: Cloud, full: str, message: str, reason: dict[str, str]) -> None:
    """Says why a revision will never take traffic."""
    body = cloud.store.get(API, full)
    if body is None:
        return
    said: Any = condition(cloud, "Ready", FAILED, message, **reason)
    healthy = condition(cloud, "ContainerHealthy", FAILED, message, **reason)
    cloud.store.put(
        API,
        full,
        body | {"reconciling": False, "observedGeneration": body["generation"], "conditions": [said, healthy]},
    )
