"""Uptime checks at work: services that run here are really requested, each period, and the outcome is a metric.

One request stands for those from all locations. Hosts elsewhere are not called: of them nothing is known (simulated).
"""

from __future__ import annotations

import base64
import time
from functools import partial
from typing import Any

from localcloud.engine import loopback
from localcloud.engine.cloud import Cloud
from localcloud.engine.interfaces import IdTokens
from localcloud.engine.jobs import Job
from localcloud.engine.loopback import LoopbackAnswer
from localcloud.engine.service import Body, Call
from localcloud.errors import CloudError
from localcloud.services.monitoring.names import API
from localcloud.spec import patterns

CHECK = "check"
LOG = "monitoring.googleapis.com/uptime_checks"
_PASSED = "monitoring.googleapis.com/uptime_check/check_passed"
_LATENCY = "monitoring.googleapis.com/uptime_check/request_latency"
_LOCATIONS = {
    "usa-oregon": ("USA", "USA_OREGON"),
    "usa-iowa": ("USA", "USA_IOWA"),
    "usa-virginia": ("USA", "USA_VIRGINIA"),
    "eur-belgium": ("EUROPE",),
    "sa-brazil-sao_paulo": ("SOUTH_AMERICA",),
    "apac-singapore": ("ASIA_PACIFIC",),
}
_RUN = ".run.app"


def schedule(call: Call, body: Body) -> None:
    """Has a new or changed check run at once, and says in the log if it never will."""
    call.cloud.due.forget(API, body["name"], CHECK)
    if body.get("disabled"):
        return
    if _url(body) is None:
        _log(call.cloud, body, "The local cloud makes only HTTP checks of hosts: this check is not made (simulated).")
    elif _target(call.cloud, body) is None:
        host = body["monitoredResource"]["labels"]["host"]
        text = f"{host} is not called: the local cloud reaches only this machine and its own services (simulated)."
        _log(call.cloud, body, text)
    call.cloud.due.after(API, CHECK, body["name"], 0)


def due(cloud: Cloud, name: str, _moment: float) -> None:
    """Begins a check, unless the last one is still under way."""
    body = cloud.store.get(API, name)
    if body is None or body.get("disabled"):
        return
    cloud.due.after(API, CHECK, name, float(body["period"].rstrip("s")))
    if _target(cloud, body) is not None and not cloud.jobs.busy(API, name):
        cloud.jobs.start(API, CHECK, {"check": name}, name)


async def run(cloud: Cloud, job: Job) -> None:
    body = cloud.store.get(API, job.body["check"])
    target = _target(cloud, body) if body is not None else None
    if body is None or target is None:
        return
    started = time.monotonic()
    if target:
        http = body["httpCheck"]
        sent = base64.b64decode(http.get("body", ""))
        patience = float(body["timeout"].rstrip("s"))
        verb = http["requestMethod"]
        answer = await loopback.ask(verb, target, _headers(cloud, body), sent, patience)
    else:
        answer = LoopbackAnswer(404, problem="There is no such service.")
    await job.write(partial(_record, cloud, body, answer, (time.monotonic() - started) * 1000))


def _record(cloud: Cloud, body: Body, answer: LoopbackAnswer, milliseconds: float) -> None:
    project, check = body["name"].split("/")[1], body["name"].rpartition("/")[2]
    resource = body["monitoredResource"]
    passed = _passes(body, answer)
    regions = body.get("selectedRegions", [])
    for location, own in _LOCATIONS.items():
        if not regions or set(own) & set(regions):
            labels = {
                "check_id": check,
                "checker_location": location,
                "checked_resource_id": resource["labels"]["host"],
            }
            cloud.metrics.gauge(project, _PASSED, resource, labels, float(passed))
            cloud.metrics.gauge(project, _LATENCY, resource, labels, milliseconds)
    if not passed and body.get("logCheckFailures"):
        _log(cloud, body, answer.problem or f"The check failed with status {answer.status}.", "ERROR")


def _passes(body: Body, answer: LoopbackAnswer) -> bool:
    accepted = body["httpCheck"].get("acceptedResponseStatusCodes") or [{"statusClass": "STATUS_CLASS_2XX"}]
    if answer.problem or not any(_accepts(one, answer.status) for one in accepted):
        return False
    return all(_contains(one, answer.body.decode(errors="replace")) for one in body.get("contentMatchers", [])[:1])


def _accepts(one: Body, status: int) -> bool:
    kind: str = one.get("statusClass", "")
    return (
        status == one.get("statusValue", 0) or kind == "STATUS_CLASS_ANY" or kind == f"STATUS_CLASS_{status // 100}XX"
    )


def _contains(one: Body, text: str) -> bool:
    kind, content = one.get("matcher", "CONTAINS_STRING"), one.get("content", "")
    found = bool(patterns.compiled(content).search(text)) if kind.endswith("MATCHES_REGEX") else content in text
    return found is not bool(kind.startswith("NOT_"))


def _url(body: Body) -> str | None:
    """What a check requests, None where it is no HTTP check of a host."""
    host = body.get("monitoredResource", {}).get("labels", {}).get("host")
    http = body.get("httpCheck")
    if not host or http is None:
        return None
    return f"{'https' if http.get('useSsl') else 'http'}://{host}:{http['port']}{http['path']}"


def _target(cloud: Cloud, body: Body) -> str | None:
    """The address on this machine, "" for a service of Cloud Run that is not there; None for what is not checked."""
    url = _url(body)
    if url is None:
        return None
    found = loopback.address(cloud, url)
    return "" if found is None and body["monitoredResource"]["labels"]["host"].endswith(_RUN) else found


def _headers(cloud: Cloud, body: Body) -> dict[str, str]:
    http = body["httpCheck"]
    headers = {"User-Agent": "GoogleStackdriverMonitoring-UptimeChecks(https://cloud.google.com/monitoring)"}
    headers |= http.get("headers", {})
    if (known := http.get("authInfo")) is not None:
        pair = f"{known.get('username', '')}:{known.get('password', '')}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    if http.get("serviceAgentAuthentication", {}).get("type") == "OIDC_TOKEN" and (token := _token(cloud, body)):
        headers["Authorization"] = f"Bearer {token}"
    return headers


def _token(cloud: Cloud, body: Body) -> str:
    tokens, url = cloud.offers.get(IdTokens), _url(body) or ""
    email = cloud.agents.email(API, body["name"].split("/")[1])
    try:
        return tokens.make(email, url) if tokens is not None else ""
    except CloudError:
        return ""  # the service refuses it, as it would Google's request without a token


def _log(cloud: Cloud, body: Body, message: str, severity: str = "INFO") -> None:
    project = body["name"].split("/")[1]
    about: dict[str, Any] = body.get("monitoredResource") or {"type": "project", "labels": {"project_id": project}}
    cloud.logs.log(project, LOG, about, {"message": message, "check": body["name"]}, severity=severity)
