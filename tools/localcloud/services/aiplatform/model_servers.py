"""Containers that serve a model: started for a deployed model or a batch prediction, and healthy before they are asked."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException

from localcloud.containers.workload import OnOutput, RuntimeProblem, Workload
from localcloud.engine.cloud import Cloud
from localcloud.engine.exchange import Reply
from localcloud.engine.orders import Order, StartedWorkload
from localcloud.engine.service import Body
from localcloud.engine.workload_settings import Pool
from localcloud.errors import failed_precondition
from localcloud.services.aiplatform import machines, names, specs
from localcloud.services.aiplatform.names import API

_PORT = 8080
_PATIENCE, _LOOKS = 300.0, 0.1
_ANSWERS = 600.0
_MOST_BYTES = 64 << 20
_PASSED = ("content-type",)
"""Headers of a model's response that are passed to the caller."""


@dataclass(frozen=True)
class ModelServer:
    """What a model's container is started with.

    resource   the full name of what it runs for
    name       the beginning of the container's name
    model      a version from the registry, or what stands for one: name, artifactUri and containerSpec
    endpoint   the id that it is told as its endpoint's, `deployed` as its deployed model's
    machine    a machineSpec
    account    the email of the account that it runs as; "" for Vertex AI's agent for custom code
    logs       the monitored resource of its log
    """

    resource: str
    name: str
    model: Body
    endpoint: str
    deployed: str
    machine: Body
    logs: str
    account: str = ""
    pool: Pool = "instances"


def order(cloud: Cloud, server: ModelServer) -> Order:
    """The order for its container; CloudError if the model has none."""
    spec, project = server.model.get("containerSpec", {}), names.project(server.resource)
    if not spec.get("imageUri"):
        raise failed_precondition(f"The model {server.model['name']} has no serving container.")
    machine = machines.of(server.machine, "")
    account = server.account or specs.CUSTOM_CODE.format(number=cloud.projects.number(project))
    workload = Workload(
        name=server.name,
        image=spec["imageUri"],
        entrypoint=tuple(spec.get("command", [])) or None,
        args=tuple(spec["args"]) if spec.get("args") else None,
        env=_variables(cloud, server),
        memory=machine.memory,
        cpus=min(machine.cpus, os.cpu_count() or 1),
        port=next((one["containerPort"] for one in spec.get("ports", [])), _PORT),
        told=("PORT", "AIP_HTTP_PORT"),
    )
    where = names.region(server.resource)
    return Order(f"serviceAccount:{account}", project, where, server.resource, workload, server.pool)


async def begin(cloud: Cloud, server: ModelServer, on_output: OnOutput) -> StartedWorkload:
    """Starts the container and waits until it is healthy. Raises CloudError with Google's message if it never is."""
    ordered = order(cloud, server)
    agent = cloud.agents.member(API, names.project(server.resource))
    try:
        if await asyncio.to_thread(cloud.workloads.how, ordered) != "process":
            image = await asyncio.to_thread(cloud.workloads.fetch, ordered.workload.image, agent)
            ordered = ordered.of(image.made)
        running = await cloud.workloads.started(ordered, on_output)
        patience = float(server.model.get("containerSpec", {}).get("deploymentTimeout", f"{_PATIENCE}s")[:-1])
        async with ended_on_failure(running):
            await asyncio.to_thread(_healthy, running, server, patience)
    except RuntimeProblem as problem:
        raise failed_precondition(str(problem)) from None
    return running


@asynccontextmanager
async def ended_on_failure(running: StartedWorkload) -> AsyncIterator[None]:
    """Stops a container if the block fails, so that none that is unused keeps running."""
    try:
        yield
    except BaseException:
        await asyncio.shield(asyncio.to_thread(running.stop))
        raise


def ask(running: StartedWorkload, sent: bytes, kind: str) -> Reply:
    """The response to a request to the prediction route. Blocks. Raises OSError or HTTPException if there is none."""
    with closing(HTTPConnection(running.address, timeout=_ANSWERS)) as connection:
        connection.request("POST", running.order.workload.env["AIP_PREDICT_ROUTE"], sent, {"Content-Type": kind})
        answer = connection.getresponse()
        headers = {name: value for name in _PASSED if (value := answer.getheader(name))}
        body = answer.read(_MOST_BYTES + 1) if (answer.length or 0) <= _MOST_BYTES else None
        if body is None or len(body) > _MOST_BYTES:  # it would have to fit into the memory of the local cloud
            raise HTTPException(f"its response has more than {_MOST_BYTES >> 20} MiB")
        return Reply(answer.status, body, headers)


def _variables(cloud: Cloud, server: ModelServer) -> Mapping[str, str]:
    """The environment of a serving container. Source: https://cloud.google.com/vertex-ai/docs/predictions/custom-container-requirements."""
    spec = server.model["containerSpec"]
    base = f"/v1/endpoints/{server.endpoint}/deployedModels/{server.deployed}"
    return {
        "AIP_ACCELERATOR_TYPE": server.machine.get("acceleratorType", ""),
        "AIP_DEPLOYED_MODEL_ID": server.deployed,
        "AIP_ENDPOINT_ID": server.endpoint,
        "AIP_FRAMEWORK": "CUSTOM_CONTAINER",
        "AIP_HEALTH_ROUTE": spec.get("healthRoute") or base,
        "AIP_MACHINE_TYPE": server.machine["machineType"],
        "AIP_MODE": "PREDICTION",
        "AIP_PREDICT_ROUTE": spec.get("predictRoute") or f"{base}:predict",
        "AIP_PROJECT_NUMBER": str(cloud.projects.number(names.project(server.resource))),
        "AIP_STORAGE_URI": server.model.get("artifactUri", ""),
        "AIP_VERSION_NAME": server.deployed,
        **{one["name"]: one.get("value", "") for one in spec.get("env", [])},
    }


def _healthy(running: StartedWorkload, server: ModelServer, patience: float) -> None:
    """Waits until the health route returns 200, since an open port alone proves nothing. Raises CloudError."""
    route, until = running.order.workload.env["AIP_HEALTH_ROUTE"], time.monotonic() + patience
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
        f"Cloud Logging, under the resource {server.logs}."
    )
