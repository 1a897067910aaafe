"""Runs a custom job: a container per replica, as the job's service account, until the first replica ends."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from localcloud.containers.folders import Folders, remove_folder
from localcloud.containers.workload import ExitStatus, Mount, RuntimeProblem
from localcloud.engine.cloud import Cloud
from localcloud.engine.jobs import Job
from localcloud.engine.lines import Lines
from localcloud.engine.orders import StartedWorkload
from localcloud.engine.service import Body
from localcloud.errors import CloudError, failed_precondition
from localcloud.services.aiplatform import (
    folders,
    job_states,
    jobs,
    journal,
    names,
    pipeline_tasks,
    replicas,
    specs,
    trials,
)
from localcloud.services.aiplatform.addresses import Files
from localcloud.services.aiplatform.names import API
from localcloud.services.aiplatform.specs import Pool

_LOOKS = 0.2


class TimedOut(Exception):
    """The job exceeded its timeout."""


@dataclass
class TrainingRun:
    """A running job: its pools, its folder on this machine, its workloads, and where a trial reports its metrics."""

    cloud: Cloud
    job: Job
    body: Body
    pools: Sequence[Pool]
    folder: Path
    running: list[StartedWorkload] = field(default_factory=list)
    images: dict[str, str] = field(default_factory=dict)
    folders: Folders | None = None
    metrics: Mount | None = None

    @property
    def name(self) -> str:
        """The job's full name."""
        return str(self.body["name"])

    @property
    def spec(self) -> Body:
        """Its jobSpec."""
        found: Body = self.body["jobSpec"]
        return found

    async def say(self, text: str, severity: str = "INFO") -> None:
        """Writes a log entry by Vertex AI itself."""
        await self.job.write(lambda: journal.system(self.cloud, self.name, text, severity))

    async def change(self, **fields: Any) -> None:
        """Updates fields of the job."""
        await self.job.write(lambda: job_states.change(self.cloud, self.name, **fields))


async def run(cloud: Cloud, job: Job) -> None:
    """Runs a job to its end."""
    body = cloud.store.get(API, job.body["name"])
    if body is None:
        return
    folder = cloud.store.folder / "jobs" / body["name"].rpartition("/")[2]
    training = TrainingRun(cloud, job, body, specs.pools(body["jobSpec"]), folder)
    try:
        await _carried_out(training)
    except RuntimeProblem as problem:
        raise failed_precondition(str(problem)) from None
    except TimedOut:
        sentence = (
            f"The job ran for longer than its timeout of {training.spec['scheduling']['timeout']} and was cancelled."
        )
        await job.write(partial(jobs.ended, cloud, training.name, "JOB_STATE_CANCELLED", sentence))
    finally:
        await asyncio.shield(asyncio.to_thread(_clear, training))


def cut(cloud: Cloud, job: Job, problem: CloudError) -> None:
    """Ends a job that did not complete."""
    job_states.cut(cloud, job.body["name"], problem, jobs.ended)


async def _carried_out(training: TrainingRun) -> None:
    orders = [(pool, at) for pool in training.pools for at in range(pool.replicas)]
    first = replicas.order(training.cloud, training.body, training.pools, *orders[0])
    kind = await job_states.runtime(training.cloud, first)
    await job_states.room(training.cloud, training.job, training.name, len(orders))
    await training.say(f"Vertex AI is setting up this job ({kind}, on this machine).")
    if kind != "process":
        await _images(training)
    mounts, refused = await _prepared(training, contained=kind != "process")
    for sentence in refused:
        await training.say(sentence, "WARNING")
    await training.change(state="JOB_STATE_RUNNING", startTime=training.cloud.clock.rfc3339())
    if any(pool.machine.gpu for pool in training.pools):
        await training.say("This machine has no GPU for the job (simulated): it trains on the CPU.", "WARNING")
    for pool, at in orders:
        await _start(training, pool, at, mounts)
    ended = await _awaited(training)
    await asyncio.to_thread(_stop, training)
    await asyncio.to_thread(training.cloud.workloads.claim, training.folder)
    refused = await asyncio.to_thread(training.folders.copy_out) if training.folders else []
    for sentence in refused:
        await training.say(sentence, "ERROR")
    replicas.judge(training.cloud, trials.log_owner(training.body), ended, refused)
    if training.metrics is not None:
        await training.change(**{trials.MEASUREMENTS: await asyncio.to_thread(trials.reported, training.metrics)})
    if task := training.body.get(pipeline_tasks.LINK):
        files = Files(training.cloud, replicas.account(training.cloud, training.body), training.folder)
        await training.change(
            **{pipeline_tasks.OUTPUTS: await asyncio.to_thread(pipeline_tasks.written, files, task["execution"])}
        )
    await training.job.write(partial(jobs.ended, training.cloud, training.name, "JOB_STATE_SUCCEEDED"))


async def _images(training: TrainingRun) -> None:
    """Pulls the images as Vertex AI's service agent, whatever account the job runs as."""
    agent = training.cloud.agents.member(API, names.project(training.name))
    for image in sorted({pool.image for pool in training.pools}):
        fetched = await asyncio.to_thread(training.cloud.workloads.fetch, image, agent)
        training.images[image] = fetched.made


async def _prepared(training: TrainingRun, *, contained: bool) -> tuple[replicas.Mounts, list[str]]:
    """Downloads the job's packages and buckets as its account; returns the mounts, and a sentence for each failure."""
    cloud, project = training.cloud, names.project(training.name)
    training.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    bucket = replicas.as_account(cloud, training.body)
    named = folders.named(training.spec, training.pools)
    if trials.trial_id(training.body):
        training.metrics = trials.metrics_folder(training.folder, contained=contained)
    packages = await asyncio.to_thread(replicas.packages, training.folder, training.pools, bucket)
    if not contained:
        return packages, ["A process that stands in for a container has no /gcs; use gs:// paths."] if named else []
    buckets = sorted({*named, *folders.small(cloud, project, replicas.account(cloud, training.body))})
    training.folders = replicas.folders_of(training.folder, buckets, bucket)
    refused = await asyncio.to_thread(training.folders.copy_in)
    return (*packages, training.folders.mount), refused


async def _start(training: TrainingRun, pool: Pool, at: int, mounts: replicas.Mounts) -> None:
    log_lines = Lines(
        training.job.commits, partial(journal.program, training.cloud, training.name, replicas.task(pool, at))
    )
    first = training.running[0] if training.running else None
    if first is not None:
        await _there(training, first)
    joins = first.name if first is not None and first.kind != "process" else ""
    order = replicas.order(training.cloud, training.body, training.pools, pool, at, mounts, training.metrics, joins)
    order = order.of(training.images.get(pool.image, ""))
    training.running.append(await training.cloud.workloads.started(order, log_lines))


async def _there(training: TrainingRun, first: StartedWorkload) -> None:
    """Waits until the first container, whose network the others share, exists."""
    client = training.cloud.workloads.client
    while client is not None and await asyncio.to_thread(first.wait, 0) is None:
        if any(one.name == first.name and one.running for one in await asyncio.to_thread(lambda: list(client.found()))):
            return
        await asyncio.sleep(_LOOKS)


async def _awaited(training: TrainingRun) -> tuple[str, ExitStatus]:
    """The replica that ended the job, and how: the chief by exiting, any other by failing. Raises TimedOut."""
    waiting = {asyncio.create_task(one.ended()): one for one in training.running}
    seconds = float(training.spec.get("scheduling", {}).get("timeout", specs.WEEK)[:-1])
    try:
        async with asyncio.timeout(seconds):
            while True:
                done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    running = waiting.pop(task)
                    ended = task.result()
                    if ended.code or running is training.running[0]:
                        return running.order.workload.name, ended
    except TimeoutError:
        raise TimedOut from None
    finally:
        for task in waiting:
            task.cancel()


def _stop(training: TrainingRun) -> None:
    for one in training.running:
        one.stop()


def _clear(training: TrainingRun) -> None:
    _stop(training)
    client = training.cloud.workloads.client
    # podman does not remove a container while others share its network.
    if client is not None and len(training.running) > 1:
        client.sweep([one.name for one in training.running])
    training.cloud.workloads.claim(training.folder)
    remove_folder(training.folder)
