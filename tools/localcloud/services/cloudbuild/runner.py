"""Runs a build phase by phase, from source to images, and keeps its log and state up to date."""

from __future__ import annotations

import asyncio
import base64
import math
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from localcloud.containers.folders import remove_folder
from localcloud.containers.workload import OnOutput
from localcloud.engine.cloud import Cloud
from localcloud.engine.jobs import Job
from localcloud.engine.service import Body
from localcloud.errors import CloudError
from localcloud.services.cloudbuild import builds, charges, drafts, names, outputs, queue, sources, steps, workspace
from localcloud.services.cloudbuild.builders.docker import Docker
from localcloud.services.cloudbuild.journal import MAIN, BuildLog, Unwritable
from localcloud.services.cloudbuild.names import API
from localcloud.services.cloudbuild.outputs import PushFailed
from localcloud.services.cloudbuild.step_runs import StepFailed, StepRuns, output
from localcloud.spec import timestamps

_RAN = {
    "podman": "Its containers ran with podman, on this machine.",
    "docker": "Its containers ran with docker, on this machine.",
    "process": "Its containers did not run (simulated): this machine has neither podman nor docker.",
    "simulated": "Its containers did not run (simulated): this machine has neither podman nor docker.",
}


class BuildEnded(Exception):
    """A build did not succeed: its status, a sentence with the reason, and the failureInfo type."""

    def __init__(self, status: str, sentence: str, kind: str = "") -> None:
        super().__init__(sentence)
        self.status, self.kind = status, kind


async def run(cloud: Cloud, job: Job) -> None:
    """The job that runs a build."""
    build = cloud.store.get(API, job.body["build"])
    if build is None or build["status"] in builds.OVER:
        await job.write(partial(queue.leave, cloud, job.body["build"]))
        return
    await _Build(cloud, job, build).carry_out()


def cut(cloud: Cloud, job: Job, problem: CloudError) -> None:
    """Ends a build whose job was cut short: it was cancelled, a bug here made it fail, or the server stopped."""
    name = job.body["build"]
    build = cloud.store.get(API, name)
    if build is not None:
        if build["status"] not in builds.OVER:
            status = "CANCELLED" if problem.status == "CANCELLED" else "INTERNAL_ERROR"
            build = builds.changed(
                cloud, name, status=status, finishTime=cloud.clock.rfc3339(), statusDetail=problem.message
            )
        if "startTime" in build:
            _meter(cloud, build)
    remove_folder(workspace.of(cloud.store, name).root)
    queue.leave(cloud, name)


def _meter(cloud: Cloud, build: Body) -> None:
    duration = timestamps.parse(build["finishTime"]) - timestamps.parse(build["startTime"])
    charges.meter(cloud, build, max(math.ceil(duration.total_seconds()), 1))


class _Build:
    """A running build."""

    def __init__(self, cloud: Cloud, job: Job, build: Body) -> None:
        self._cloud, self._job, self._build = cloud, job, build
        self._space = workspace.of(cloud.store, build["name"], sources.folder(build))
        self._journal = BuildLog(cloud, job, build)
        self._steps: list[Body] = [{**one} for one in build["steps"]]
        self._timing: dict[str, Body] = {}
        self._results: Body = {}
        self._docker: Docker | None = None
        self._runs = StepRuns(cloud, job, build, self._space, None)

    async def carry_out(self) -> None:
        """Runs the build to its end, and stores the result."""
        begun: Body = {
            "status": "WORKING",
            "startTime": self._cloud.clock.rfc3339(),
            "warnings": [{"priority": "INFO", "text": _RAN[self._cloud.workloads.kind]}],
        }
        await self._job.write(lambda: builds.changed(self._cloud, self._build["name"], **begun))
        keeping = asyncio.create_task(self._journal.keep())
        try:
            end = await self._phases()
        finally:
            keeping.cancel()
            with suppress(asyncio.CancelledError):
                await keeping
            with suppress(CloudError):
                await self._journal.flush(last=True)
            await asyncio.to_thread(self._cloud.workloads.claim, self._space.root)
            await asyncio.to_thread(remove_folder, self._space.root)
        if end is not None and self._cloud.workloads.closed:
            raise asyncio.CancelledError  # the server stopped its step; the next start ends the build
        await self._job.write(partial(self._store_end, end))

    async def _phases(self) -> BuildEnded | None:
        """Runs all phases; returns how the build failed, None for success."""
        say = self._journal.say
        seconds = drafts.seconds(self._build["timeout"], "timeout", drafts.DAY)
        try:
            async with asyncio.timeout(seconds):
                await self._journal.open()
                say(f'starting build "{self._build["id"]}"')
                await self._phase("FETCHSOURCE", self._fetch)
                await self._phase("BUILD", self._run_steps)
                await self._phase("PUSH", self._push)
                say("DONE")
                return None
        except asyncio.CancelledError:
            say("CANCELLED")
            raise
        except TimeoutError:
            end = BuildEnded("TIMEOUT", f"build exceeded its timeout of {self._build['timeout']}")
        except Unwritable as problem:
            end = BuildEnded("FAILURE", str(problem), "LOGGING_FAILURE")
        except PushFailed as problem:
            end = BuildEnded("FAILURE", str(problem), problem.kind)
        except BuildEnded as problem:
            end = problem
        say("ERROR" if end.status != "TIMEOUT" else "TIMEOUT")
        say(f"ERROR: {end}")
        return end

    async def _phase(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        self._journal.say("")
        self._journal.say(name)
        begun = self._cloud.clock.rfc3339()
        try:
            await work()
        finally:
            self._timing[name] = {"startTime": begun, "endTime": self._cloud.clock.rfc3339()}

    async def _fetch(self) -> None:
        await asyncio.to_thread(self._space.make)
        client = self._cloud.workloads.client
        if client is not None:
            account = names.account(self._build)
            env = await asyncio.to_thread(self._cloud.workloads.commands, account, self._space.credentials)
            self._docker = Docker(self._cloud.workloads, client, account, env, self._space, self._runs.run_contained)
        self._runs = StepRuns(self._cloud, self._job, self._build, self._space, self._docker)
        try:
            stream = await self._job.write(partial(sources.archive, self._cloud, self._build))
            if stream is not None:
                source = self._build["sourceProvenance"]["resolvedStorageSource"]
                place = f"gs://{source['bucket']}/{source['object']}#{source['generation']}"
                self._journal.say(f"Fetching storage object: {place}")
                with stream:
                    await asyncio.to_thread(sources.unpacked, stream, self._space.source)
            elif (copied := sources.copied(self._cloud, self._build)) is not None:
                git, commit = copied
                self._journal.say(f"Fetching commit {commit} of {git.folder}")
                await asyncio.to_thread(git.copy, commit, self._space.source)
        except (sources.UnreadableSource, CloudError) as problem:
            raise BuildEnded("FAILURE", f"failed to fetch the source: {problem}", "FETCH_SOURCE_FAILED") from None

    async def _run_steps(self) -> None:
        waits = steps.waits(self._steps)
        done = [asyncio.Event() for _ in self._steps]
        failed: list[BaseException] = []
        try:
            async with asyncio.TaskGroup() as group:
                for at, before in enumerate(waits):
                    group.create_task(self._step(at, [done[one] for one in before], done[at]))
        except* StepFailed as problems:
            failed.extend(problems.exceptions)  # Python before 3.11.4 would put what is raised here into another group
        if failed:
            raise BuildEnded("FAILURE", str(failed[0]), "USER_BUILD_STEP")
        step_outputs = [base64.b64encode(output(self._space, at)).decode() for at in range(len(self._steps))]
        if any(step_outputs):
            self._results["buildStepOutputs"] = step_outputs

    async def _step(self, at: int, before: list[asyncio.Event], done: asyncio.Event) -> None:
        for one in before:
            await one.wait()
        step, label = self._steps[at], steps.label(self._steps, at)
        alone = len(self._steps) == 1
        on_output: OnOutput = lambda _stream, text: self._journal.say(text, MAIN if alone else label)  # noqa: E731
        if not alone:
            self._journal.say(f"Starting {label}")
        begun = self._cloud.clock.rfc3339()
        step["status"] = "WORKING"
        try:
            problem = await self._try_step(at, step, on_output)
        except asyncio.CancelledError:
            step["status"] = "CANCELLED"
            raise
        finally:
            step["timing"] = {"startTime": begun, "endTime": self._cloud.clock.rfc3339()}
        if not alone:
            self._journal.say(f"Finished {label}")
        if problem:
            allowed = (
                step["exitCode"] in step["allowExitCodes"]
                if step.get("allowExitCodes") and "exitCode" in step
                else (step.get("allowFailure", False) and not step.get("allowExitCodes"))
            )
            sentence = f'build step {at} "{step["name"]}" failed: {problem}'
            if not allowed:
                raise StepFailed(sentence)
            self._journal.say(f"{sentence} (allowed to fail)")
        done.set()

    async def _try_step(self, at: int, step: Body, on_output: OnOutput) -> str:
        """Runs a step; returns why it failed, "" for success."""
        limit = drafts.seconds(step["timeout"], "timeout", drafts.DAY) if step.get("timeout") else None
        try:
            async with asyncio.timeout(limit):
                code = await self._runs.run(at, on_output)
        except TimeoutError:
            step["status"] = "TIMEOUT"
            return f"step exceeded its timeout of {step['timeout']}"
        except StepFailed as problem:
            step["status"] = "FAILURE"
            return str(problem)
        step["status"], step["exitCode"] = ("FAILURE" if code else "SUCCESS"), code
        return f"step exited with non-zero status: {code}" if code else ""

    async def _push(self) -> None:
        on_output: OnOutput = lambda _stream, text: self._journal.say(text)  # noqa: E731
        pushed = await outputs.images(self._build, self._docker, on_output, self._cloud.clock)
        if pushed:
            self._results["images"] = pushed
        self._results |= await outputs.objects(self._cloud, self._job, self._build, self._space, on_output)

    def _store_end(self, end: BuildEnded | None) -> None:
        """Stores the build's result; a build that was cancelled meanwhile stays cancelled."""
        stored: Mapping[str, Any] = self._cloud.store.get(API, self._build["name"]) or {}
        for one in self._steps:
            one.setdefault("status", "QUEUED")
            if one["status"] == "WORKING":
                one["status"] = "CANCELLED"
        changes: Body = {"steps": self._steps, "timing": self._timing, "results": self._results}
        if stored.get("status") not in builds.OVER:
            changes |= {"status": end.status if end else "SUCCESS", "finishTime": self._cloud.clock.rfc3339()}
            changes |= _why(end) if end else {}
        build = builds.changed(self._cloud, self._build["name"], **changes)
        _meter(self._cloud, build)
        queue.leave(self._cloud, self._build["name"])


def _why(end: BuildEnded) -> Body:
    if end.kind == "USER_BUILD_STEP":
        return {
            "statusDetail": f"Build step failure: {end}",
            "failureInfo": {"type": end.kind, "detail": f"Build step failure: {end}"},
        }
    info = {"failureInfo": {"type": end.kind, "detail": str(end)}} if end.kind else {}
    return {"statusDetail": str(end), **info}
