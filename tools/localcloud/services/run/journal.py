"""The log entries and metered usage of services and jobs, in Cloud Run's forms.

Requests are noted in memory and kept together a moment later: a transaction for each would take longer than most answers.
Sources: https://cloud.google.com/run/docs/logging, https://cloud.google.com/logging/docs/structured-logging.
"""

from __future__ import annotations

import asyncio
import json
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
from localcloud.spec import log_filters

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
_WITHIN = 0.2
_AT_ONCE = 50


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


def parsed(text: str) -> tuple[str | Body, Body]:
    """A line as payload and the fields of the entry that a JSON line sets itself."""
    if not text.startswith("{"):
        return text, {}
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return text, {}
    if not isinstance(said, dict):
        return text, {}
    more: Body = {}
    severity = str(said.get("severity", "")).upper()
    if severity in log_filters.SEVERITIES:
        more["severity"] = severity
        del said["severity"]
    for name, field in _LIFTED.items():
        if _fits(field, said.get(name)):
            more[field] = said.pop(name)
    if isinstance(said.get("time"), str) and _is_moment(said["time"]):
        more["timestamp"] = said.pop("time")
    return said, more


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
    """What hears a container's lines and keeps them as entries of a resource."""
    shift = cloud.clock.seconds() - datetime.now(UTC).timestamp()

    def keep(batch: Sequence[LogLine]) -> None:
        for line in batch:
            payload, more = parsed(line.text)
            moment = datetime.fromtimestamp(line.moment + shift, UTC).isoformat().replace("+00:00", "Z")
            said = {"labels": {**labels, **more.pop("labels", {})}, "timestamp": moment, **more}
            if payload:
                cloud.logs.log(project, STDERR if line.stream == "stderr" else STDOUT, about, payload, **said)

    return Lines(cloud.commits, keep)


def system(cloud: Cloud, project: str, about: Body, text: str, severity: str = "INFO", **more: Any) -> None:
    """An entry by Cloud Run itself."""
    cloud.logs.log(project, SYSTEM, about, text, severity=severity, **more)


class FinishedRequest(Protocol):
    """A request that is over, as whoever answered it knows it."""

    verb: bytes
    target: bytes
    status: int
    answer_size: int
    secure: bool
    peer: str
    trace: str
    protocol: str

    def field(self, name: bytes) -> bytes:
        """The value of a header, by its name in lower case; empty without it."""
        ...


class Answered(NamedTuple):
    """A request to a revision, how many seconds it took, and the Unix time of its end."""

    request: FinishedRequest
    revision: str
    seconds: float
    ended: float


class RequestJournal:
    """Requests and use, noted in memory and kept a moment later, together."""

    def __init__(self, cloud: Cloud, spent: Callable[[], Iterable[tuple[str, str, float]]]) -> None:
        """`spent` gives (full name, SKU, amount) of what was used since it was asked last."""
        self._cloud, self._spent = cloud, spent
        self._answered: list[Answered] = []
        self._keeping: asyncio.Task[None] | None = None

    def answered(self, request: Answered) -> None:
        """Notes a request."""
        self._answered.append(request)
        self.soon()

    def soon(self) -> None:
        """Something is to be kept."""
        if self._keeping is None:
            self._keeping = asyncio.get_running_loop().create_task(self._soon())

    async def _soon(self) -> None:
        await asyncio.sleep(_WITHIN)
        self._keeping = None
        answered, self._answered = self._answered, []
        for start in range(0, max(len(answered), 1), _AT_ONCE):  # requests go on in between
            await self._cloud.commits.write(partial(self._keep, answered[start : start + _AT_ONCE]))

    def _keep(self, answered: Sequence[Answered]) -> None:
        for one in answered:
            _write(self._cloud, one)
        counted = Counter(names.service(one.revision) for one in answered)
        used = [(service, REQUEST, float(count)) for service, count in counted.items()]
        for thing, sku, amount in (*used, *self._spent()):
            if (paying := payer(self._cloud, thing)) is not None:
                self._cloud.usage.meter(paying, sku, amount)


def _write(cloud: Cloud, one: Answered) -> None:
    project, asked = names.RunName.of(one.revision).project, one.request
    scheme, host = "https" if asked.secure else "http", asked.field(b"host").decode("latin-1")
    request = {
        "requestMethod": asked.verb.decode("latin-1"),
        "requestUrl": f"{scheme}://{host}{asked.target.decode('latin-1')}",
        "status": asked.status,
        "responseSize": str(asked.answer_size),
        "userAgent": asked.field(b"user-agent").decode("latin-1"),
        "remoteIp": asked.peer,
        "latency": f"{one.seconds:.6f}s",
        "protocol": asked.protocol,
    }
    severity = "ERROR" if asked.status >= 500 else "WARNING" if asked.status >= 400 else "INFO"
    moment = datetime.fromtimestamp(one.ended - one.seconds, UTC).isoformat().replace("+00:00", "Z")
    trace = {"trace": f"projects/{project}/traces/{asked.trace}"} if asked.trace else {}
    cloud.logs.log(
        project, REQUESTS, resource(one.revision), "", httpRequest=request, severity=severity, timestamp=moment, **trace
    )


def payer(cloud: Cloud, thing: str) -> Payer | None:
    """Who pays for a service or job by its full name, and with which labels."""
    if not thing.startswith("projects/"):
        return None
    place = names.RunName.of(thing)
    body = cloud.store.get(API, thing) or {}
    return Payer(place.project, place.region, tuple(sorted(body.get("labels", {}).items())))
