"""Runs a batch prediction: its instances go to the model's container in batches, and the predictions to Cloud Storage."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPException
from itertools import islice
from pathlib import Path
from typing import Any

from localcloud.containers.bucket import BucketRefused
from localcloud.containers.folders import remove_folder
from localcloud.containers.workload import RuntimeProblem
from localcloud.engine.cloud import Cloud
from localcloud.engine.jobs import Job
from localcloud.engine.lines import Lines
from localcloud.engine.orders import StartedWorkload
from localcloud.engine.service import Body
from localcloud.errors import CloudError, failed_precondition
from localcloud.services.aiplatform import instances, job_states, journal, machines, model_servers, names, predictions
from localcloud.services.aiplatform.addresses import Files
from localcloud.services.aiplatform.instances import PredictionInstance
from localcloud.services.aiplatform.names import API
from localcloud.spec import json_text

_BATCH = 64
"""Instances in a request, if the job does not say (API description, ManualBatchTuningParameters)."""
_TRIES = 3
_PART = "00000-of-00001"


class PredictionFailed(Exception):
    """The model did not predict a batch: a sentence with the reason."""


@dataclass
class BatchRun:
    """A running batch prediction: its folder on this machine, and what was predicted."""

    cloud: Cloud
    job: Job
    body: Body
    folder: Path
    predicted: int = 0
    errors: Counter[str] = field(default_factory=Counter)

    @property
    def name(self) -> str:
        """The job's full name."""
        return str(self.body["name"])

    @property
    def files(self) -> Files:
        """Cloud Storage as Vertex AI's service agent sees it: the job's account is the container's alone."""
        agent = self.cloud.agents.member(API, names.project(self.name))
        return Files(self.cloud, agent, self.folder)

    async def say(self, text: str, severity: str = "INFO") -> None:
        """Writes a log entry by Vertex AI itself."""
        await self.job.write(lambda: journal.system(self.cloud, self.name, text, severity))


async def run(cloud: Cloud, job: Job) -> None:
    """Runs a job to its end."""
    body = cloud.store.get(API, job.body["name"])
    if body is None:
        return
    batch = BatchRun(cloud, job, body, cloud.store.folder / "jobs" / body["name"].rpartition("/")[2])
    try:
        await _carried_out(batch)
    except (RuntimeProblem, BucketRefused) as problem:
        raise failed_precondition(str(problem)) from None
    finally:
        await asyncio.shield(asyncio.to_thread(_clear, batch))


def _clear(batch: BatchRun) -> None:
    batch.cloud.workloads.claim(batch.folder)
    remove_folder(batch.folder)


def cut(cloud: Cloud, job: Job, problem: CloudError) -> None:
    """Ends a job that did not complete."""
    job_states.cut(cloud, job.body["name"], problem, predictions.ended)


async def _carried_out(batch: BatchRun) -> None:
    server = predictions.server(batch.cloud, batch.body)
    kind = await job_states.runtime(batch.cloud, model_servers.order(batch.cloud, server))
    await job_states.room(batch.cloud, batch.job, batch.name, 1)
    await batch.say(f"Vertex AI is setting up this job ({kind}, on this machine).")
    batch.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    config = batch.body["inputConfig"]
    inputs = await asyncio.to_thread(batch.files.matching, config["gcsSource"]["uris"])
    began = {"state": "JOB_STATE_RUNNING", "startTime": batch.cloud.clock.rfc3339()}
    await batch.job.write(lambda: job_states.change(batch.cloud, batch.name, **began))
    if machines.of(server.machine, "").gpu:
        await batch.say("This machine has no GPU for the job (simulated): it predicts on the CPU.", "WARNING")
    on_output = Lines(batch.job.commits, partial(journal.program, batch.cloud, batch.name, predictions.TASK))
    running = await model_servers.begin(batch.cloud, server, on_output)
    try:
        how = instances.conversion(batch.body.get("instanceConfig", {}), config["instancesFormat"])
        await _predicted(batch, running, instances.read(config["instancesFormat"], inputs, how, batch.files.fetched))
    finally:
        await asyncio.shield(asyncio.to_thread(running.stop))
    await _saved(batch, server.model)
    await batch.job.write(partial(predictions.ended, batch.cloud, batch.name, "JOB_STATE_SUCCEEDED"))


async def _predicted(batch: BatchRun, running: StartedWorkload, read: Iterator[PredictionInstance]) -> None:
    """Asks the model for one batch after the other; the predictions go into a file."""
    size = batch.body.get("manualBatchTuningParameters", {}).get("batchSize") or _BATCH
    with (batch.folder / "results").open("w", encoding="utf-8") as results:
        while some := await asyncio.to_thread(lambda: list(islice(read, size))):
            sent = {"instances": [one.sent for one in some]}
            if "modelParameters" in batch.body:
                sent["parameters"] = batch.body["modelParameters"]
            try:
                found = await asyncio.to_thread(_asked, running, json.dumps(sent).encode(), len(some))
            except PredictionFailed as problem:
                batch.errors[str(problem)] += len(some)
                continue
            results.writelines(
                json.dumps({**instance.shown, "prediction": prediction}) + "\n"
                for instance, prediction in zip(some, found, strict=True)
            )
            batch.predicted += len(some)


def _asked(running: StartedWorkload, sent: bytes, count: int) -> list[Any]:
    """The predictions for a request with `count` instances. Raises PredictionFailed. Blocks."""
    began, problem = time.monotonic(), ""
    for _ in range(_TRIES):
        try:
            answer = model_servers.ask(running, sent, "application/json")
        except (OSError, HTTPException) as lost:
            problem = f"no response ({lost})"
            continue
        text = answer.body if isinstance(answer.body, bytes) else b""
        if answer.status == 200:
            return _predictions(text, count)
        problem = f"Non-OK result {answer.status} ({text.decode('utf-8', 'replace').strip()[:1000]}) from server"
    elapsed = time.monotonic() - began
    raise PredictionFailed(
        f"Post request fails. Cannot get predictions. Error: Exceeded retries: {problem}, retry={_TRIES}, elapsed={elapsed:.2f}s."
    )


def _predictions(text: bytes, count: int) -> list[Any]:
    try:
        found = json_text.read(text)["predictions"]
    except (ValueError, KeyError, TypeError):
        found = None
    if not isinstance(found, list):
        raise PredictionFailed('The model server did not return a JSON object with a list of "predictions".')
    if len(found) != count:
        raise PredictionFailed(f"The model server returned {len(found)} predictions for {count} instances.")
    return found


async def _saved(batch: BatchRun, model: Body) -> None:
    """Writes the output to a new folder in the bucket, and what it holds into the job."""
    errors = "".join(f"{pair}\n" for pair in batch.errors.items())
    (batch.folder / "errors").write_text(errors, "utf-8")
    moment = batch.body["createTime"][:23].translate(str.maketrans("-:.", "___"))
    prefix = batch.body["outputConfig"]["gcsDestination"]["outputUriPrefix"].rstrip("/")
    folder = f"{prefix}/prediction-{model.get('displayName', 'unmanaged')}-{moment}Z"
    for what, name in (("results", "prediction.results"), ("errors", "prediction.errors_stats")):
        await asyncio.to_thread(batch.files.put, f"{folder}/{name}-{_PART}", batch.folder / what)
    counts = {"successfulCount": batch.predicted, "failedCount": batch.errors.total()}
    if batch.errors:
        sentence = f"{batch.errors.total()} instances failed; see {folder}/prediction.errors_stats-{_PART}."
        await batch.say(sentence, "WARNING")
    metadata = {
        "outputInfo": {"gcsOutputDirectory": folder},
        "completionStats": {name: str(count) for name, count in counts.items() if count},
    }
    await batch.job.write(lambda: job_states.change(batch.cloud, batch.name, **metadata))
