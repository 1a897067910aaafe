"""Scheduled jobs: their targets and schedules."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from localcloud.engine.cloud import Cloud
from localcloud.engine.iam import acting
from localcloud.engine.interfaces import Publishing
from localcloud.engine.service import Body, Call, Resource
from localcloud.errors import failed_precondition, invalid, not_found, permission_denied, unimplemented
from localcloud.spec import urls

API = "cloudscheduler"
FIRE = "fire"
_TARGETS = ("httpTarget", "pubsubTarget", "appEngineHttpTarget")
RETRY_DEFAULTS: Body = {
    "maxRetryDuration": "0s",
    "minBackoffDuration": "5s",
    "maxBackoffDuration": "3600s",
    "maxDoublings": 5,
}
_SECONDS = re.compile(r"(\d{1,7})(?:\.\d{1,9})?s")
_SHORTEST, _LONGEST = 15, 1800
AGENT = "Google-Cloud-Scheduler"
"""What it calls itself to whom it asks."""
_MONTH, _DAY = "JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC", "SUN|MON|TUE|WED|THU|FRI|SAT"
_SIGN = "[0-9*/,-]"
# Google has no field for seconds and no L, W and #, all of which cronsim knows. Source: https://cloud.google.com/scheduler/docs/configuring/cron-job-schedules.
_FORM = re.compile(rf"({_SIGN}+ ){{3}}({_SIGN}|{_MONTH})+ ({_SIGN}|{_DAY})+", re.IGNORECASE)
_UNREADABLE = "Schedule or time zone is invalid."
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"


def completed(call: Call, body: Body) -> Body:
    """A new job, validated and completed."""
    return _ordered(
        call.cloud, _checked(call, body) | {"state": "ENABLED", "userUpdateTime": call.cloud.clock.rfc3339()}
    )


def changed(call: Call, old: Body, new: Body) -> Body:
    """A patched job, validated; a paused one stays paused."""
    kept = {"state": old["state"], "userUpdateTime": call.cloud.clock.rfc3339()}
    return _ordered(call.cloud, _checked(call, new) | kept)


def pause(call: Call) -> Body:
    """jobs.pause: nothing happens by the clock until it is resumed."""
    return _moved(call, "PAUSED")


def resume(call: Call) -> Body:
    """jobs.resume: of a job that runs by the clock already it changes nothing, as hashicorp/google counts on after each create."""
    body = found(call)
    return body if body["state"] == "ENABLED" else _moved(call, "ENABLED")


def _moved(call: Call, state: str) -> Body:
    body = found(call)
    if body["state"] == state:
        raise failed_precondition(f"The job {call.id} is {state} already.")
    new = _ordered(call.cloud, body | {"state": state})
    call.cloud.store.put(API, call.name, new)
    return new


def found(call: Call) -> Body:
    """The job that a call names; 404 for none."""
    body = call.cloud.store.get(API, call.name)
    if body is None:
        raise not_found(RESOURCE.missing)
    return body


def _ordered(cloud: Cloud, body: Body) -> Body:
    """The job with the moment at which it is due next, which is in the queue as well."""
    cloud.due.forget(API, body["name"], FIRE)
    if body["state"] != "ENABLED":
        return {key: value for key, value in body.items() if key != "scheduleTime"}
    moment = following(body, cloud.clock.now())
    if moment is None:
        return body
    cloud.due.at(API, FIRE, body["name"], moment.timestamp())
    return body | {"scheduleTime": moment.astimezone(UTC).isoformat().replace("+00:00", "Z")}


def order(cloud: Cloud, body: Body) -> None:
    """Puts the next time of a job that is stored into the queue."""
    cloud.store.put(API, body["name"], _ordered(cloud, body))


def following(body: Body, after: datetime) -> datetime | None:
    """When a job is due after a moment; None for never."""
    from cronsim import CronSim

    return next(CronSim(body["schedule"], after.astimezone(ZoneInfo(body["timeZone"]))), None)


def _checked(call: Call, body: Body) -> Body:
    targets = [target for target in _TARGETS if target in body]
    if len(targets) != 1:
        raise invalid("A job must have one target: http_target, pubsub_target or app_engine_http_target.", "job.target")
    body = {"timeZone": "Etc/UTC", "attemptDeadline": "180s", **{key: one for key, one in body.items() if one != ""}}
    _check_schedule(body)
    seconds = _seconds(body["attemptDeadline"], "job.attempt_deadline")
    if "httpTarget" in body and not _SHORTEST <= seconds <= _LONGEST:
        raise invalid(f"attempt_deadline must be between {_SHORTEST}s and {_LONGEST}s.", "job.attempt_deadline")
    if "retryConfig" in body:
        body["retryConfig"] = _retrying(body["retryConfig"])
    if "httpTarget" in body:
        return body | {"httpTarget": _http(call, body["httpTarget"])}
    if "appEngineHttpTarget" in body:
        return body | {"appEngineHttpTarget": _app_engine(body["appEngineHttpTarget"])}
    _check_topic(call, body["pubsubTarget"])
    return body


def _retrying(sent: Body) -> Body:
    """What was asked for, completed; Google says nothing of retries where nothing was asked for."""
    config = RETRY_DEFAULTS | sent
    for field in ("maxRetryDuration", "minBackoffDuration", "maxBackoffDuration"):
        _seconds(config[field], f"job.retry_config.{field}")
    if not 0 <= config.get("retryCount", 0) <= 5:
        raise invalid("retry_count must be between 0 and 5.", "job.retry_config.retry_count")
    return config


def _check_schedule(body: Body) -> None:
    from cronsim import CronSimError

    try:
        ZoneInfo(body["timeZone"])
    except (LookupError, ValueError, OSError):
        why = f"Time zone {body['timeZone']!r} is not one of the tz database."
        raise invalid(_UNREADABLE, "job.time_zone", description=why) from None
    schedule = body.get("schedule", "")
    if not schedule:
        raise invalid("The request is missing the required field job.schedule.", "job.schedule")
    if schedule.startswith("every "):
        own = f"The local cloud does not read App Engine's own form of schedules, such as {schedule!r}; write it as cron does."
        raise unimplemented(own)
    if not _FORM.fullmatch(" ".join(schedule.split())):
        why = f"Schedule {schedule!r} must have five fields, of numbers, names such as JAN and MON, and the signs * , - and /."
        raise invalid(_UNREADABLE, "job.schedule", description=why)
    try:
        following(body, datetime.now(UTC))
    except (CronSimError, ValueError) as problem:  # the latter for thousands of digits
        why = f"Schedule {schedule!r} is no cron expression ({problem})."
        raise invalid(_UNREADABLE, "job.schedule", description=why) from None


def _http(call: Call, target: Body) -> Body:
    if urls.parts(target.get("uri", ""), "http", "https") is None:
        raise invalid(
            f"URI {target.get('uri', '')!r} must begin with http:// or https:// and name a host.", "job.http_target.uri"
        )
    if "oauthToken" in target and "oidcToken" in target:
        raise invalid("A target may have an oauth_token or an oidc_token, not both.", "job.http_target")
    target = _with_method(target, "job.http_target", {"POST", "PUT", "PATCH"})
    target["headers"] = {"User-Agent": AGENT, **target.get("headers", {})}
    for field, more in (("oauthToken", {"scope": _SCOPE}), ("oidcToken", {"audience": target["uri"]})):
        if field in target:
            token = {key: value for key, value in target[field].items() if value}
            _check_account(call, token.get("serviceAccountEmail", ""))
            target[field] = more | token
    return target


def _app_engine(target: Body) -> Body:
    if not (path := target.get("relativeUri") or "/").startswith("/"):
        raise invalid(f"relative_uri {path!r} must begin with a slash.", "job.app_engine_http_target.relative_uri")
    return _with_method({**target, "relativeUri": path}, "job.app_engine_http_target", {"POST", "PUT"})


def _with_method(target: Body, field: str, with_body: set[str]) -> Body:
    """The target with its HTTP method, POST where none is named; 400 for a body that the method may not have."""
    _decoded(target.get("body", ""), f"{field}.body")
    method = target.get("httpMethod", "HTTP_METHOD_UNSPECIFIED")
    method = "POST" if method == "HTTP_METHOD_UNSPECIFIED" else method
    if target.get("body") and method not in with_body:
        raise invalid(f"A {method} request may not have a body.", f"{field}.body")
    return {**target, "httpMethod": method}


def _check_account(call: Call, email: str) -> None:
    """The account must exist, and the caller may act as it."""
    project = call.project or ""
    if not acting.exists(call.cloud, email, project):
        raise not_found(f"Service account {email} does not exist.")
    if not acting.may(call.cloud, call.principal, email, project):
        raise permission_denied(
            f'The principal (user or service account) lacks IAM permission "iam.serviceAccounts.actAs" for {email}.'
        )


def _check_topic(call: Call, target: Body) -> None:
    _decoded(target.get("data", ""), "job.pubsub_target.data")
    if not target.get("data") and not target.get("attributes"):
        raise invalid("pubsub_target must have data or attributes.", "job.pubsub_target.data")
    publishing = call.cloud.offers.get(Publishing)
    if publishing is not None:
        publishing.check(call.cloud.agents.member(API, call.project or ""), target.get("topicName", ""))


def _decoded(text: str, field: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise invalid(f"{field} is not base64.", field) from None


def _seconds(duration: str, field: str) -> int:
    match = _SECONDS.fullmatch(duration)
    if match is None:
        raise invalid(f"{field} [{duration}] is no duration in seconds, such as 180s.", field)
    return int(match[1])


RESOURCE = Resource(
    kind="Job",
    id_field="name",
    id_rule=r"[a-zA-Z0-9_-]{1,500}",
    complete=completed,
    changed=changed,
    taken="Job already exists.",
    missing="Job not found.",
)
