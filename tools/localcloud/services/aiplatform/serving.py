"""Serves deployed models: one container each, started on deployment, and again if a request finds that it has stopped."""

from __future__ import annotations

import asyncio
from functools import partial
from http.client import HTTPException
from typing import Any

from localcloud.engine.cloud import Cloud
from localcloud.engine.commits import Commits
from localcloud.engine.exchange import Reply
from localcloud.engine.lines import Lines, LogLine
from localcloud.engine.orders import StartedWorkload
from localcloud.engine.service import Body
from localcloud.errors import CloudError
from localcloud.services.aiplatform import charges, machines, model_servers, models, names
from localcloud.services.aiplatform.model_servers import ModelServer
from localcloud.services.aiplatform.names import API

_MACHINE = {"machineType": "n1-standard-2"}
_LOGS = "aiplatform.googleapis.com/Endpoint"
_SEVERITIES = {"stdout": "INFO", "stderr": "ERROR"}


def machine_spec(deployed: Body) -> Body:
    """A deployed model's machineSpec."""
    spec: Body = deployed.get("dedicatedResources", {}).get("machineSpec") or _MACHINE
    return spec


async def begin(cloud: Cloud, commits: Commits, endpoint: str, deployed: Body) -> StartedWorkload:
    """Starts a deployed model and waits until it is healthy. Raises CloudError with Google's message if it never is."""
    server = ModelServer(
        resource=_resource(endpoint, deployed),
        name=f"endpoint-{deployed['id']}",
        model=models.found(cloud, deployed["model"]),
        endpoint=endpoint.rpartition("/")[2],
        deployed=deployed["id"],
        machine=machine_spec(deployed),
        logs=_LOGS,
        account=deployed.get("serviceAccount", ""),
    )
    return await model_servers.begin(cloud, server, Lines(commits, partial(_log, cloud, endpoint, deployed["id"])))


def end(cloud: Cloud, endpoint: str, deployed: Body) -> None:
    """Stops a deployed model, and meters how long it ran (a write)."""
    for running in _of(cloud, _resource(endpoint, deployed)):
        asyncio.get_running_loop().run_in_executor(None, running.stop)
    seconds = cloud.clock.since(deployed["createTime"])
    body = cloud.store.get(API, endpoint) or {}
    machine = machines.of(machine_spec(deployed), "")
    replicas = deployed.get("dedicatedResources", {}).get("minReplicaCount", 1)
    charges.meter(cloud, endpoint, body.get("labels", {}), machine, replicas, seconds, "prediction")


async def ask(cloud: Cloud, endpoint: str, deployed: Body, sent: bytes, kind: str) -> Reply:
    """Sends a request to a deployed model's prediction route; returns its response."""
    running = next(iter(_of(cloud, _resource(endpoint, deployed))), None)
    if running is None:
        running = await begin(cloud, cloud.commits, endpoint, deployed)
        running, *others = [*_of(cloud, _resource(endpoint, deployed)), running]
        for one in others:  # started for concurrent requests
            if one is not running:
                await asyncio.to_thread(one.stop)
    try:
        return await asyncio.to_thread(model_servers.ask, running, sent, kind)
    except (OSError, HTTPException) as problem:
        raise CloudError(503, "UNAVAILABLE", f"The model server does not answer ({problem}).") from None


def refused(answer: Reply) -> CloudError:
    """A model's error response, as Vertex AI passes it on."""
    text = (answer.body if isinstance(answer.body, bytes) else b"").decode("utf-8", "replace").strip()
    statuses = {400: "INVALID_ARGUMENT", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE"}
    code = answer.status if answer.status in statuses else 500
    return CloudError(code, statuses.get(code, "INTERNAL"), text or f"The model server returned {answer.status}.")


def _of(cloud: Cloud, resource: str) -> list[StartedWorkload]:
    return [one for one in cloud.workloads.running() if one.order.resource == resource]


def _resource(endpoint: str, deployed: Body) -> str:
    return f"{endpoint}/deployedModels/{deployed['id']}"


def _log(cloud: Cloud, endpoint: str, deployed: str, lines: list[LogLine]) -> None:
    project = names.project(endpoint)
    labels: dict[str, Any] = {
        "endpoint_id": endpoint.rpartition("/")[2],
        "location": names.region(endpoint),
        "resource_container": project,
    }
    for line in lines:
        cloud.logs.log(
            project,
            "aiplatform.googleapis.com/prediction_container",
            {"type": _LOGS, "labels": labels},
            {"message": line.text},
            severity=_SEVERITIES[line.stream],
            labels={"deployed_model_id": deployed},
        )
