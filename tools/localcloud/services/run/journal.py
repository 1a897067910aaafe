"""The log entries and metered usage of services and jobs, in Cloud Run's format.

Requests are collected in memory and written in batches: a transaction for each would take longer than most responses.
Sources: https://cloud.google.com/run/docs/logging, https://cloud.google.com/logging/docs/structured-logging.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple, Protocol

from localcloud.engine.cloud import Cloud
from localcloud.engine.lines import Lines, LogLine
from localcloud.engine.service import Body
from localcloud.engine.usage import Payer, Sku
from localcloud.services.run import names
from localcloud.services.run.names import API
from localcloud.spec import json_text, log_filters

STDOUT, STDERR = "run.googleapis.com/stdout", "run.googleapis.com/stderr"
REQUESTS, SYSTEM = "run.googleapis.com/requests", "run.googleapis.com/varlog/system"
_GOOGLES = ("152E-C115-5142", "Cloud Run")
REQUEST, SERVICE_CPU, SERVICE_MEMORY = "run.requests", "run.cpu", "run.memory"
JOB_CPU, JOB_MEMORY = "run.job_cpu", "run.job_memory"
SKUS = (
    Sku(REQUEST, "Requests", "requests", "count", 1, _GOOGLES),
    Sku(SERVICE_CPU, "Services CPU (Request-based billing)", "seconds", "second", 1, _GOOGLES),
    Sku(
        SERVICE_MEMORY, "Services Memory (Request-based billing)", "byte-seconds", "gibibyte second", 1 << 30, _GOOGLES
    ),
    Sku(JOB_CPU, "Jobs CPU", "seconds", "second", 1, _GOOGLES),
    Sku(JOB_MEMORY, "Jobs Memory", "byte-seconds", "gibibyte second", 1 << 30, _GOOGLES),
)
_LIFTED = {
    "httpRequest": "httpRequest",
    "logging.googleapis.com/insertId": "insertId",
    "logging.googleapis.com/labels": "labels",
    "logging.googleapis.com/operation": "operation",
    "logging.googleapis.com/sourceLocation": "sourceLocation",
    "logging.googleapis.com/spanId": "spanId",
    "logging.googleapis.com/trace": "trace",
    "logging.googleapis.com/trace_sampled": "traceSampled",
}
_BATCH_SECONDS = 0.2
_BATCH_SIZE = 50


def resource(revision: str) -> Body:
    """The monitored resource of a revision, by its full name."""
    place = names.RunName.of(revision)
    labels = {
        "project_id": place.project,
        "service_name": place.name,
        "revision_name": revision.rpartition("/")[2],
        "configuration_name": place.name,
        "location": place.region,
    }
    return {"type": "cloud_run_revision", "labels": labels}


def job_resource(job: str) -> Body:
    """The monitored resource of a job."""
    place = names.RunName.of(job)
    labels = {"project_id": place.project, "job_name": place.name, "location": place.region}
    return {"type": "cloud_run_job", "labels": labels}


def completed(cloud: Cloud, job: str, *, succeeded: bool) -> None:
    """Counts an execution of a job that has ended."""
    monitored = job_resource(job)
    result = {"result": "succeeded" if succeeded else "failed"}
    cloud.metrics.count(
        monitored["labels"]["project_id"], "run.googleapis.com/job/completed_execution_count", monitored, result
    )


def parsed(text: str) -> tuple[str | Body, Body]:
    """A line's payload (text or JSON object), and the entry's fields that a JSON line sets."""
    if not text.startswith("{"):
        return text, {}
    try:
        entry = json_text.read(text.encode())
    except ValueError:  # also NaN, half a surrogate pair, and more levels than can be stored
        return text, {}
    if not isinstance(entry, dict):
        return text, {}
    more: Body = {}
    severity = str(entry.get("severity", "")).upper()
    if severity in log_filters.SEVERITIES:
        more["severity"] = severity
        del entry["severity"]
    for name, field in _LIFTED.items():
        if _fits(field, entry.get(name)):
            more[field] = entry.pop(name)
    if isinstance(entry.get("time"), str) and _is_moment(entry["time"]):
        more["timestamp"] = entry.pop("time")
    return entry, more


def _fits(field: str, value: Any) -> bool:
    if field in {"httpRequest", "labels", "operation", "sourceLocation"}:
        return isinstance(value, dict) and (field != "labels" or all(isinstance(one, str) for one in value.values()))
    return isinstance(value, bool if field == "traceSampled" else str)


def _is_moment(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def lines(cloud: Cloud, project: str, about: Body, labels: Mapping[str, str]) -> Lines:
    """A collector that stores a container's output lines as log entries of a monitored resource."""
    shift = cloud.clock.seconds() - datetime.now(UTC).timestamp()

    def keep(batch: Sequence[LogLine]) -> None:
        for line in batch:
            payload, more = parsed(line.text)
            moment = datetime.fromtimestamp(line.moment + shift, UTC).isoformat().replace("+00:00", "Z")
            fields = {"labels": {**labels, **more.pop("labels", {})}, "timestamp": moment, **more}
            if payload:
                cloud.logs.log(project, STDERR if line.stream == "stderr" else STDOUT, about, payload, **fields)

    return Lines(cloud.commits, keep)


def system(cloud: Cloud, project: str, about: Body, text: str, severity: str = "INFO", **more: Any) -> None:
    """Writes a log entry of Cloud Run itself."""
    cloud.logs.log(project, SYSTEM, about, text, severity=severity, **more)


class FinishedRequest(Protocol):
    verb: bytes
    target: bytes
    status: int
    answer_size: int
    secure: bool
    peer: str
    trace: str
    protocol: str

    def field(self, name: bytes) -> bytes:
        """The value of a header by its lower-case name; empty if it is missing."""
        ...


class Answered(NamedTuple):
    """A finished request to a revision, its duration in seconds, and the Unix time of its end."""

    request: FinishedRequest
    revision: str
    seconds: float
    ended: float


class RequestJournal:
    """Collects requests and usage in memory, and writes them in batches."""

    def __init__(self, cloud: Cloud, take_usage: Callable[[], Iterable[tuple[str, str, float]]]) -> None:
        """`take_usage` returns (full name, SKU, amount) of what was used since its last call."""
        self._cloud, self._take_usage = cloud, take_usage
        self._answered: list[Answered] = []
        self._writing: asyncio.Task[None] | None = None

    def answered(self, request: Answered) -> None:
        """Records a finished request."""
        self._answered.append(request)
        self.soon()

    def soon(self) -> None:
        """Schedules a write of what has been collected."""
        if self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._soon())

    async def _soon(self) -> None:
        await asyncio.sleep(_BATCH_SECONDS)
        self._writing = None
        answered, self._answered = self._answered, []
        for start in range(0, max(len(answered), 1), _BATCH_SIZE):  # other requests are served in between
            await self._cloud.commits.write(partial(self._write_batch, answered[start : start + _BATCH_SIZE]))

    def _write_batch(self, answered: Sequence[Answered]) -> None:
        for one in answered:
            _write(self._cloud, one)
        requests_by_service = Counter(names.service(one.revision) for one in answered)
        used = [(service, REQUEST, float(count)) for service, count in requests_by_service.items()]
        for thing, sku, amount in (*used, *self._take_usage()):
            if (paying := payer(self._cloud, thing)) is not None:
                self._cloud.usage.meter(paying, sku, amount)


def _write(cloud: Cloud, one: Answered) -> None:
    project, finished = names.RunName.of(one.revision).project, one.request
    scheme, host = "https" if finished.secure else "http", finished.field(b"host").decode("latin-1")
    request = {
        "requestMethod": finished.verb.decode("latin-1"),
        "requestUrl": f"{scheme}://{host}{finished.target.decode('latin-1')}",
        "status": finished.status,
        "responseSize": str(finished.answer_size),
        "userAgent": finished.field(b"user-agent").decode("latin-1"),
        "remoteIp": finished.peer,
        "latency": f"{one.seconds:.6f}s",
        "protocol": finished.protocol,
    }
    codes = {"response_code": str(finished.status), "response_code_class": f"{finished.status // 100}xx"}
    monitored = resource(one.revision)
    cloud.metrics.count(project, "run.googleapis.com/request_count", monitored, codes)
    cloud.metrics.sample(project, "run.googleapis.com/request_latencies", monitored, codes, one.seconds * 1000)
    severity = "ERROR" if finished.status >= 500 else "WARNING" if finished.status >= 400 else "INFO"
    moment = datetime.fromtimestamp(one.ended - one.seconds, UTC).isoformat().replace("+00:00", "Z")
    trace = {"trace": f"projects/{project}/traces/{finished.trace}"} if finished.trace else {}
    cloud.logs.log(project, REQUESTS, monitored, "", httpRequest=request, severity=severity, timestamp=moment, **trace)


def payer(cloud: Cloud, thing: str) -> Payer | None:
    """The project, region and labels that usage of a service or job is billed to; None for other names."""
    if not thing.startswith("projects/"):
        return None
    place = names.RunName.of(thing)
    body = cloud.store.get(API, thing) or {}
    return Payer(place.project, place.region, tuple(sorted(body.get("labels", {}).items())))
