"""Attempts: a job's target is called when it is due, as the job's service account, and again after a failure."""

from __future__ import annotations

import base64
import json
from functools import partial
from typing import NamedTuple
from urllib.parse import urlsplit

from localcloud.engine import loopback
from localcloud.engine.cloud import Cloud
from localcloud.engine.exchange import Reply
from localcloud.engine.interfaces import IdTokens, Publishing, Requests
from localcloud.engine.jobs import Job
from localcloud.engine.service import Body, Call
from localcloud.errors import CloudError
from localcloud.services.cloudscheduler import jobs
from localcloud.services.cloudscheduler.jobs import API

ATTEMPT = "attempt"
RETRY = "retry"
LOG = "cloudscheduler.googleapis.com/executions"
TABLES = "CREATE TABLE IF NOT EXISTS scheduler_retries (job TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;"
_TYPE = "type.googleapis.com/google.cloud.scheduler.logging"
_GOOGLE = ".googleapis.com"
_CODES = {400: 3, 401: 16, 403: 7, 404: 5, 409: 10, 429: 8, 499: 1, 501: 12, 503: 14, 504: 4}


class TargetResponse(NamedTuple):
    """A target's response: an HTTP status, and an explanation when it could not be reached."""

    status: int
    problem: str = ""

    @property
    def well(self) -> bool:
        """Whether the attempt succeeded."""
        return 200 <= self.status < 300


def run(call: Call) -> Body:
    """jobs.run: runs at once, whatever the schedule and even when paused."""
    body = jobs.found(call)
    _begin(call.cloud, call.name)
    return body


def due(cloud: Cloud, name: str, _moment: float) -> None:
    """Runs a job that is due."""
    body = cloud.store.get(API, name)
    if body is None:
        return
    cloud.store.sql("DELETE FROM scheduler_retries WHERE job = ?", name)
    _begin(cloud, name)
    jobs.order(cloud, body)


def again(cloud: Cloud, name: str, _moment: float) -> None:
    """Retries a failed job."""
    if cloud.store.get(API, name) is not None:
        _begin(cloud, name)


def _begin(cloud: Cloud, name: str) -> None:
    """Orders an attempt, unless one is under way."""
    if not cloud.jobs.busy(API, name):
        cloud.jobs.start(API, ATTEMPT, {"job": name}, name)


async def attempt(cloud: Cloud, job: Job) -> None:
    name = job.body["job"]
    body = cloud.store.get(API, name)
    if body is None:
        return
    await job.write(partial(_started, cloud, name))
    outcome = await _called(cloud, job, body)
    await job.write(partial(_settle, cloud, name, outcome))


def _started(cloud: Cloud, name: str) -> None:
    body = cloud.store.get(API, name)
    if body is not None:
        cloud.store.put(API, name, body | {"lastAttemptTime": cloud.clock.rfc3339()})
        _log(cloud, body, "AttemptStarted", None)


def cut(cloud: Cloud, job: Job, problem: CloudError) -> None:
    """Records an interrupted attempt."""
    _settle(cloud, job.body["job"], TargetResponse(problem.code, problem.message))


def _settle(cloud: Cloud, name: str, outcome: TargetResponse) -> None:
    body = cloud.store.get(API, name)
    if body is None:
        return
    _log(cloud, body, "AttemptFinished", outcome)
    status = {} if outcome.well else {"code": _CODES.get(outcome.status, 2)}
    cloud.store.put(API, name, body | {"status": status})
    if not outcome.well:
        _retry(cloud, body)


def _retry(cloud: Cloud, body: Body) -> None:
    config, name = jobs.RETRY_DEFAULTS | body.get("retryConfig", {}), body["name"]
    row = cloud.store.row("SELECT count FROM scheduler_retries WHERE job = ?", name)
    count = row[0] if row else 0
    if count >= config.get("retryCount", 0):
        return
    cloud.store.sql("INSERT OR REPLACE INTO scheduler_retries VALUES (?, ?)", name, count + 1)
    least, most = float(config["minBackoffDuration"][:-1]), float(config["maxBackoffDuration"][:-1])
    cloud.due.after(API, RETRY, name, min(least * 2 ** min(count, config["maxDoublings"]), most))


async def _called(cloud: Cloud, job: Job, body: Body) -> TargetResponse:
    try:
        if "pubsubTarget" in body:
            await job.write(partial(_publish, cloud, body))
            return TargetResponse(200)
        if "appEngineHttpTarget" in body:
            return TargetResponse(501, "The local cloud has no App Engine: no app is called (simulated).")
        target = body["httpTarget"]
        host = urlsplit(target["uri"]).hostname or ""
        if host.endswith(_GOOGLE):
            return await job.write(partial(_asked, cloud, target, host))
        answer = await loopback.ask(*_request(cloud, target), float(body["attemptDeadline"][:-1]))
        return TargetResponse(answer.status, answer.problem)
    except CloudError as problem:
        return TargetResponse(problem.code, problem.message)


def _publish(cloud: Cloud, body: Body) -> None:
    target = body["pubsubTarget"]
    publishing = cloud.offers.get(Publishing)
    if publishing is not None:
        agent = cloud.agents.member(API, body["name"].split("/")[1])
        publishing.publish(
            agent, target["topicName"], base64.b64decode(target.get("data", "")), target.get("attributes", {})
        )


def _asked(cloud: Cloud, target: Body, host: str) -> TargetResponse:
    """A method of one of Google's APIs, which the local cloud answers itself."""
    requests = cloud.offers.get(Requests)
    if requests is None or "oauthToken" not in target:
        return TargetResponse(401, "Google's APIs take an access token: name an account in oauth_token.")
    parts = urlsplit(target["uri"])
    path = f"{host.removesuffix(_GOOGLE)}{parts.path}{f'?{parts.query}' if parts.query else ''}"
    who = f"serviceAccount:{target['oauthToken']['serviceAccountEmail']}"
    kind = next(
        (value for name, value in target.get("headers", {}).items() if name.lower() == "content-type"),
        "application/json",
    )
    reply = requests.ask(who, target["httpMethod"], path, base64.b64decode(target.get("body", "")), kind)
    return TargetResponse(reply.status, "" if reply.status < 300 else _message(reply))


def _message(reply: Reply) -> str:
    try:
        return str(json.loads(reply.body)["error"]["message"]) if isinstance(reply.body, bytes | str) else ""
    except (ValueError, LookupError, TypeError):
        return ""


def _request(cloud: Cloud, target: Body) -> tuple[str, str, dict[str, str], bytes]:
    """The verb, local address, headers and body of a call; 400 for a host that is not of this machine."""
    address = _reachable(cloud, target["uri"])
    headers = {"User-Agent": jobs.AGENT, **target.get("headers", {})}
    if "oidcToken" in target:
        tokens, token = cloud.offers.get(IdTokens), target["oidcToken"]
        if tokens is not None:
            headers["Authorization"] = f"Bearer {tokens.make(token['serviceAccountEmail'], token['audience'])}"
    return target["httpMethod"], address, headers, base64.b64decode(target.get("body", ""))


def _reachable(cloud: Cloud, uri: str) -> str:
    local = loopback.address(cloud, uri)
    if local is None:
        host = urlsplit(uri).hostname or ""
        text = f"{host} is not called: the local cloud's jobs reach only this machine and its own services (simulated)."
        raise CloudError(503, "UNAVAILABLE", text)
    return local


def _log(cloud: Cloud, body: Body, kind: str, outcome: TargetResponse | None) -> None:
    words = body["name"].split("/")
    resource = {
        "type": "cloud_scheduler_job",
        "labels": {"project_id": words[1], "location": words[3], "job_id": words[5]},
    }
    payload: Body = {"@type": f"{_TYPE}.{kind}", "jobName": body["name"]} | _target(body)
    severity = "INFO"
    if outcome is not None and not outcome.well:
        severity = "ERROR"
        payload |= {
            "status": str(outcome.status),
            "debugInfo": outcome.problem
            or f"URL_ERROR-ERROR_OTHER. Original HTTP response code number = {outcome.status}",
        }
    cloud.logs.log(words[1], LOG, resource, payload, severity=severity)


def _target(body: Body) -> Body:
    if "httpTarget" in body:
        return {"targetType": "HTTP", "url": body["httpTarget"]["uri"]}
    if "appEngineHttpTarget" in body:
        return {"targetType": "APP_ENGINE_HTTP", "relativeUrl": body["appEngineHttpTarget"]["relativeUri"]}
    return {"targetType": "PUB_SUB", "pubsubTopic": body["pubsubTarget"]["topicName"]}
