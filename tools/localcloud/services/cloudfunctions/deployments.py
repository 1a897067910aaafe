"""Deployments: a function is built where its source changed, rolled out as a service of Cloud Run, and connected to its events."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import NamedTuple

from localcloud.engine import operations
from localcloud.engine.cloud import Cloud
from localcloud.engine.jobs import Job
from localcloud.engine.service import Body
from localcloud.errors import CloudError, aborted, already_exists, failed_precondition
from localcloud.services.cloudfunctions import builds, names, runtimes, settings, sources, triggers
from localcloud.services.cloudfunctions.names import API, FunctionName

_POLL_SECONDS = 1.0
_RUNS_AS = "local-cloud/runs-as"
"""The annotation in which Cloud Run says what a revision runs as on this machine."""
_BUILD_SETTINGS = ("runtime", "entryPoint", "source", "environmentVariables")
"""The settings of a build that change the image."""


class FunctionDeployment(NamedTuple):
    """A deployment under way. `before`: the function as it was, {} for a new one."""

    cloud: Cloud
    job: Job
    name: FunctionName
    before: Body

    async def ask(self, verb: str, path: str, body: Body | None = None) -> Body:
        """The answer of another API to Cloud Functions' agent."""
        return await self.job.write(partial(names.ask, self.cloud, self.name.project, verb, path, body))


async def deploy(cloud: Cloud, job: Job) -> None:
    """Brings a function into the state that was asked for, and finishes the operation."""
    full = job.body["function"]
    deployment = FunctionDeployment(cloud, job, FunctionName.of(full), job.body.get("before", {}))
    await job.write(partial(cloud.operations.running, API, job.operation))
    body = cloud.store.get(API, full)
    if body is None:
        raise aborted("The function was deleted while it was deployed.")
    service = await _existing_service(deployment)
    image = service.get("template", {}).get("containers", [{}])[0].get("image", "")
    body, image = await _build(deployment, body, image)
    running_service = await _roll_out(deployment, settings.service(body, image), exists=bool(service))
    if image == builds.PLACEHOLDER:
        body = body | {"stateMessages": [await _simulation_message(deployment, body, running_service)]}
    await job.write(partial(_settle, deployment, body, running_service))


def fail(cloud: Cloud, job: Job, problem: CloudError) -> None:
    """Ends a deployment that failed: an existing function stays as it was, a new one is stored as failed."""
    full, before = job.body["function"], job.body.get("before")
    stored = cloud.store.get(API, full)
    if stored is not None:
        function = before or stored | {"state": "FAILED"}
        message = {"severity": "ERROR", "type": "DeploymentFailed", "message": problem.message}
        cloud.store.put(API, full, function | {"stateMessages": [message]})
    cloud.operations.failed(API, job.operation, problem)


async def _existing_service(deployment: FunctionDeployment) -> Body:
    """The service of Cloud Run under the function's name, {} for none; refused if it is not the function's."""
    try:
        service = await deployment.ask("GET", f"run/v2/{deployment.name.service}")
    except CloudError as problem:
        if problem.code != 404:
            raise
        return {}
    if not deployment.before:
        raise already_exists(
            f"Could not create Cloud Run service {deployment.name.id}. A Cloud Run service with this name already exists. Please redeploy "
            "the function with a different name."
        )
    return service


async def _build(deployment: FunctionDeployment, body: Body, image: str) -> tuple[Body, str]:
    """The function and its image, built unless that has one and nothing of its build changed."""
    cloud, job, name, before = deployment
    build = dict(body["buildConfig"])
    source = await job.write(partial(sources.copy, cloud, name, build["source"]["storageSource"]))
    build |= {"source": {"storageSource": source}, "sourceProvenance": {"resolvedStorageSource": source}}
    body = body | {"buildConfig": build}
    same = all(build.get(key) == before.get("buildConfig", {}).get(key) for key in _BUILD_SETTINGS)
    if same and image not in ("", builds.PLACEHOLDER):
        return body, image
    archive = await job.write(partial(sources.open_copy, cloud, name, source))
    with archive:
        await asyncio.to_thread(sources.check, archive, build)
        if await asyncio.to_thread(builds.why_unbuilt, cloud, build):
            return body, builds.PLACEHOLDER
        events = "eventTrigger" in body
        build_source = await asyncio.to_thread(partial(sources.with_dockerfile, archive, build, name, events=events))
    image, build_name = await builds.build_image(cloud, job, name, body, build_source)
    return body | {"buildConfig": build | {"build": build_name}}, image


async def _roll_out(deployment: FunctionDeployment, spec: Body, *, exists: bool) -> Body:
    """The service of Cloud Run once it is ready."""
    place, name = deployment.name.place, deployment.name
    failing = f"Could not create or update Cloud Run service {name.id}"
    try:
        if exists:
            operation = await deployment.ask("PATCH", f"run/v2/{name.service}", spec)
        else:
            operation = await deployment.ask("POST", f"run/v2/{place}/services?serviceId={name.id}", spec)
    except CloudError as problem:
        raise CloudError(problem.code, problem.status, f"{failing}. {problem.message}") from None
    while not operation.get("done"):
        await deployment.cloud.signals.wait(operations.topic("run", operation["name"]), _POLL_SECONDS)
        operation = await deployment.ask("GET", f"run/v2/{operation['name']}")
    if "error" in operation:
        text = f"{failing}, Container Healthcheck failed. {operation['error'].get('message', '')}"
        raise failed_precondition(text)
    service: Body = operation["response"]
    return service


async def _simulation_message(deployment: FunctionDeployment, body: Body, service: Body) -> Body:
    """The state message of a function without an image."""
    why = await asyncio.to_thread(builds.why_unbuilt, deployment.cloud, body["buildConfig"])
    revision = await deployment.ask("GET", f"run/v2/{service['latestReadyRevision']}")
    if revision.get("annotations", {}).get(_RUNS_AS) == "process":
        text = f"This function was not built (simulated): {why}. The command that was set for it runs in its place."
    else:
        text = f"This function was not built and does not run (simulated): {why}."
    # A function in another language than Python will not be built at any other time either.
    kind = "NotBuilt" if runtimes.python(body["buildConfig"]["runtime"]) else "Simulated"
    return {"severity": "INFO", "type": kind, "message": text}


def _settle(deployment: FunctionDeployment, body: Body, service: Body) -> None:
    cloud, job, name, before = deployment
    old_trigger, trigger = before.get("eventTrigger", {}), body.get("eventTrigger")
    config = body["serviceConfig"] | {"uri": service["uri"]}
    if revision := service.get("latestReadyRevision", "").rpartition("/")[2]:
        config["revision"] = revision
    body = body | {"serviceConfig": config, "state": "ACTIVE", "updateTime": cloud.clock.rfc3339()}
    if trigger and triggers.same(cloud, name, old_trigger, trigger):
        body["eventTrigger"] = old_trigger
    else:
        if trigger:
            body["eventTrigger"] = triggers.create(cloud, name, trigger)
        triggers.delete(cloud, name, old_trigger)
    cloud.store.put(API, job.body["function"], body)
    cloud.operations.done(API, job.operation, body)
