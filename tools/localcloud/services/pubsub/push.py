"""Push delivery: a worker posts messages to the subscriber's endpoint. Only endpoints on this machine are called; messages for others wait (simulated)."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping
from functools import partial

from localcloud.engine import loopback
from localcloud.engine.cloud import Cloud
from localcloud.engine.iam import acting
from localcloud.engine.interfaces import IdTokens
from localcloud.engine.jobs import Job
from localcloud.engine.service import Body, Call
from localcloud.errors import CloudError, invalid, not_found, permission_denied
from localcloud.services.pubsub import backlog, cloud_events
from localcloud.services.pubsub.backlog import API, Leased
from localcloud.spec import urls

KIND = "push"
_TAKEN = frozenset({102, 200, 201, 202, 204})
_AT_ONCE = 10
_RETRY = {"minimumBackoff": "1s", "maximumBackoff": "60s"}
_BUSY = 1.0
# Whoever may publish chooses attributes, but not whose identity a request carries, whom it is for, and where it ends.
_OWN = frozenset(
    {
        "authorization",
        "connection",
        "content-length",
        "expect",
        "host",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "x-serverless-authorization",
    }
)


def check(call: Call, config: Body) -> None:
    """400 for an invalid endpoint, 403 for an account that the caller may not act as, since messages would carry its identity."""
    endpoint = config.get("pushEndpoint", "")
    if endpoint and urls.parts(endpoint, "http", "https") is None:
        raise invalid(
            f"Invalid push endpoint given (endpoint={endpoint}). Refer to https://cloud.google.com/pubsub/subscriber#create for more "
            "information.",
            "push_config",
        )
    email, project = config.get("oidcToken", {}).get("serviceAccountEmail", ""), call.project or ""
    if email and not acting.exists(call.cloud, email, project):
        raise not_found(f"Service account {email} does not exist.")
    if email and not acting.may(call.cloud, call.principal, email, project):
        raise permission_denied(
            f'The principal (user or service account) lacks IAM permission "{acting.ACT_AS}" for the resource "{email}" (or the resource may '
            "not exist)."
        )


def begin(cloud: Cloud, subscription: Body) -> None:
    """Starts a worker for a push subscription with messages; while one is running, checks again soon."""
    name = subscription["name"]
    if loopback.address(cloud, subscription["pushConfig"]["pushEndpoint"]) is None:
        return
    now = cloud.clock.seconds()
    if not cloud.store.row("SELECT 1 FROM pubsub_backlog WHERE subscription = ? AND available <= ? LIMIT 1", name, now):
        return
    if cloud.jobs.busy(API, name):
        cloud.due.after(API, backlog.LEASE, name, _BUSY)
    else:
        cloud.jobs.start(API, KIND, {"subscription": name}, name)


async def run(cloud: Cloud, job: Job) -> None:
    """Posts all messages, a few at a time."""
    name = job.body["subscription"]
    while True:
        subscription = cloud.store.get(API, name)
        endpoint = (subscription or {}).get("pushConfig", {}).get("pushEndpoint", "")
        address = loopback.address(cloud, endpoint) if endpoint else None
        if subscription is None or address is None:
            return
        leased = await job.write(partial(backlog.lease, cloud, subscription, _AT_ONCE))
        if not leased:
            return
        answers = await asyncio.gather(*(_sent(cloud, subscription, address, one) for one in leased))
        await job.write(partial(_settle, cloud, subscription, leased, answers))


def _settle(cloud: Cloud, subscription: Body, leased: list[Leased], accepted: list[bool]) -> None:
    once = cloud_events.delivered_once(subscription)
    done = [one.ack for one, well in zip(leased, accepted, strict=True) if well or once]
    refused = [one.ack for one, well in zip(leased, accepted, strict=True) if not (well or once)]
    if done:
        backlog.acknowledge(cloud, subscription, done)
    if refused:
        backlog.extend(cloud, {"retryPolicy": _RETRY, **subscription}, refused, 0)


async def _sent(cloud: Cloud, subscription: Body, address: str, one: Leased) -> bool:
    config = subscription["pushConfig"]
    headers = {"Content-Type": "application/json", "User-Agent": "CloudPubSub-Google"}
    if "oidcToken" in config:
        headers["Authorization"] = f"Bearer {_token(cloud, config)}"
    if "noWrapper" in config:
        data, headers = _unwrapped(one, headers, metadata=config["noWrapper"].get("writeMetadata", False))
    else:
        message = {**one.message, "message_id": one.message["messageId"], "publish_time": one.message["publishTime"]}
        data = json.dumps({"message": message, "subscription": subscription["name"]}).encode()
        if events_mode := cloud_events.mode(config["pushEndpoint"]):
            data, more = cloud_events.cloud_event(events_mode, one.message, data)
            headers |= more
    answer = await loopback.ask("POST", address, headers, data, subscription["ackDeadlineSeconds"])
    return answer.status in _TAKEN


def _unwrapped(one: Leased, headers: Mapping[str, str], *, metadata: bool) -> tuple[bytes, dict[str, str]]:
    about = {
        "x-goog-pubsub-message-id": one.message["messageId"],
        "x-goog-pubsub-publish-time": one.message["publishTime"],
    }
    attributes = one.message.get("attributes", {})
    more = {name: value for name, value in attributes.items() if name.lower() not in _OWN}
    return base64.b64decode(one.message.get("data", "")), {**headers, **(about | more if metadata else {})}


def _token(cloud: Cloud, config: Body) -> str:
    tokens = cloud.offers.get(IdTokens)
    if tokens is None:
        return ""
    audience = config["oidcToken"].get("audience") or config["pushEndpoint"]
    try:
        return tokens.make(config["oidcToken"]["serviceAccountEmail"], audience)
    except CloudError:
        return ""  # the subscriber refuses it, as it would Google's request without a token
