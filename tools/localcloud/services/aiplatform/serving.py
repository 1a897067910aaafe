"""Serves deployed models: one container each, started on deployment, and again if a request finds that it has stopped."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from functools import partial
from http.client import HTTPConnection, HTTPException
from typing import Any

from localcloud.containers.workload import RuntimeProblem, Workload
from localcloud.engine.cloud import Cloud
from localcloud.engine.commits import Commits
from localcloud.engine.exchange import Reply
from localcloud.engine.lines import Lines, LogLine
from localcloud.engine.orders import Order, StartedWorkload
from localcloud.engine.service import Body
from localcloud.errors import CloudError, failed_precondition
from localcloud.services.aiplatform import charges, machines, models, names, specs
from localcloud.services.aiplatform.names import API

_PORT = 8080
_PATIENCE, _LOOKS = 300.0, 0.1
_ANSWERS = 600.0
_MACHINE = {"machineType": "n1-standard-2"}
_PASSED = ("content-type",)
"""Headers of a model's response that are passed to the caller."""
_SEVERITIES = {"stdout": "INFO", "stderr": "ERROR"}


def machine_spec(deployed: Body) -> Body:
    """A deployed model's machineSpec."""
    spec: Body = deployed.get("dedicatedResources", {}).get("machineSpec") or _MACHINE
    return spec


async def begin(cloud: Cloud, commits: Commits, endpoint: str, deployed: Body) -> StartedWorkload:
    """Starts a deployed model and waits until it is healthy. Raises CloudError with Google's message if it never is."""
    model = models.found(cloud, deployed["model"])
    order = _order(cloud, endpoint, deployed, model)
    agent = cloud.agents.member(API, names.project(endpoint))
    try:
        if await asyncio.to_thread(cloud.workloads.how, order) != "process":
            image = await asyncio.to_thread(cloud.workloads.fetch, order.workload.image, agent)
            order = order.of(image.made)
        log_lines = Lines(commits, partial(_log, cloud, endpoint, deployed["id"]))
        running = await cloud.workloads.started(order, log_lines)
        patience = float(model.get("containerSpec", {}).get("deploymentTimeout", f"{_PATIENCE}s")[:-1])
        async with ended_on_failure(running):
            await asyncio.to_thread(_healthy, running, order.workload.env["AIP_HEALTH_ROUTE"], patience)
    except RuntimeProblem as problem:
        raise failed_precondition(str(problem)) from None
    return running


@asynccontextmanager
async def ended_on_failure(running: StartedWorkload) -> AsyncIterator[None]:
    """Stops a deployed model if the block fails, so that no unused container keeps running."""
    try:
        yield
    except BaseException:
        await asyncio.shield(asyncio.to_thread(running.stop))
        raise


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
        return await asyncio.to_thread(_posted, running, sent, kind)
    except (OSError, HTTPException) as problem:
        raise CloudError(503, "UNAVAILABLE", f"The model server does not answer ({problem}).") from None


def refused(answer: Reply) -> CloudError:
    """A model's error response, as Vertex AI passes it on."""
    text = (answer.body if isinstance(answer.body, bytes) else b"").decode("utf-8", "replace").strip()
    statuses = {400: "INVALID_ARGUMENT", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE"}
    code = answer.status if answer.status in statuses else 500
    return CloudError(code, statuses.get(code, "INTERNAL"), text or f"The model server returned {answer.status}.")


def _order(cloud: Cloud, endpoint: str, deployed: Body, model: Body) -> Order:
    spec = model.get("containerSpec", {})
    if not spec.get("imageUri"):
        raise failed_precondition(f"The model {model['name']} has no serving container.")
    number = cloud.projects.number(names.project(endpoint))
    machine = machines.of(machine_spec(deployed), "")
    account = deployed.get("serviceAccount") or specs.CUSTOM_CODE.format(number=number)
    workload = Workload(
        name=f"endpoint-{deployed['id']}",
        image=spec["imageUri"],
        entrypoint=tuple(spec.get("command", [])) or None,
        args=tuple(spec["args"]) if spec.get("args") else None,
        env=_variables(cloud, endpoint, deployed, model),
        memory=machine.memory,
        cpus=min(machine.cpus, os.cpu_count() or 1),
        port=next((one["containerPort"] for one in spec.get("ports", [])), _PORT),
        told=("PORT", "AIP_HTTP_PORT"),
    )
    resource = _resource(endpoint, deployed)
    return Order(f"serviceAccount:{account}", names.project(endpoint), names.region(endpoint), resource, workload)


def _variables(cloud: Cloud, endpoint: str, deployed: Body, model: Body) -> Mapping[str, str]:
    """The environment of a serving container. Source: https://cloud.google.com/vertex-ai/docs/predictions/custom-container-requirements."""
    spec = model["containerSpec"]
    identity = endpoint.rpartition("/")[2]
    base = f"/v1/endpoints/{identity}/deployedModels/{deployed['id']}"
    return {
        "AIP_ACCELERATOR_TYPE": machine_spec(deployed).get("acceleratorType", ""),
        "AIP_DEPLOYED_MODEL_ID": deployed["id"],
        "AIP_ENDPOINT_ID": identity,
        "AIP_FRAMEWORK": "CUSTOM_CONTAINER",
        "AIP_HEALTH_ROUTE": spec.get("healthRoute") or base,
        "AIP_MACHINE_TYPE": machine_spec(deployed)["machineType"],
        "AIP_MODE": "PREDICTION",
        "AIP_PREDICT_ROUTE": spec.get("predictRoute") or f"{base}:predict",
        "AIP_PROJECT_NUMBER": str(cloud.projects.number(names.project(endpoint))),
        "AIP_STORAGE_URI": model.get("artifactUri", ""),
        "AIP_VERSION_NAME": deployed["id"],
        **{one["name"]: one.get("value", "") for one in spec.get("env", [])},
    }


def _healthy(running: StartedWorkload, route: str, patience: float) -> None:
    """Waits until the health route returns 200, since an open port alone proves nothing. Raises CloudError."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        ended = running.wait(_LOOKS)
        if ended is not None:
            break
        try:
            with closing(HTTPConnection(running.address, timeout=10)) as connection:
                connection.request("GET", route)
                if connection.getresponse().status == 200:
                    return
        except (OSError, HTTPException):
            continue
    raise failed_precondition(
        "Model server never became ready. Please validate that your model file or container configuration are valid. Its logs are in "
        "Cloud Logging, under the resource aiplatform.googleapis.com/Endpoint."
    )


def _posted(running: StartedWorkload, sent: bytes, kind: str) -> Reply:
    with closing(HTTPConnection(running.address, timeout=_ANSWERS)) as connection:
        connection.request("POST", running.order.workload.env["AIP_PREDICT_ROUTE"], sent, {"Content-Type": kind})
        answer = connection.getresponse()
        headers = {name: value for name in _PASSED if (value := answer.getheader(name))}
        return Reply(answer.status, answer.read(), headers)


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
            {"type": "aiplatform.googleapis.com/Endpoint", "labels": labels},
            {"message": line.text},
            severity=_SEVERITIES[line.stream],
            labels={"deployed_model_id": deployed},
        )
