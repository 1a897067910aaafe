"""Notifications: published to topics, posted to webhooks on this machine, and otherwise written to the log (simulated)."""

from __future__ import annotations

import json
from functools import partial
from urllib.parse import urlsplit

from localcloud.engine import emails, loopback
from localcloud.engine.cloud import Cloud
from localcloud.engine.interfaces import Publishing
from localcloud.engine.jobs import Job
from localcloud.engine.service import Body
from localcloud.errors import CloudError
from localcloud.services.monitoring.names import API

WEBHOOK = "webhook"
LOG = "monitoring.googleapis.com/notifications"
_PATIENCE = 10.0


def send(cloud: Cloud, policy: Body, message: Body) -> None:
    """Sends a message about an incident to each of the policy's channels that is enabled."""
    for name in policy.get("notificationChannels", []):
        channel = cloud.store.get(API, name)
        if channel is not None and channel["enabled"] and channel.get("verificationStatus") != "UNVERIFIED":
            _send(cloud, channel, message)


def _send(cloud: Cloud, channel: Body, message: Body) -> None:
    kind, labels, incident = channel["type"], channel["labels"], message["incident"]
    if kind == "pubsub":
        _publish(cloud, channel, message)
    elif kind == "webhook_tokenauth" and (where := loopback.address(cloud, labels["url"])) is not None:
        cloud.jobs.start(API, WEBHOOK, {"channel": channel["name"], "address": where, "message": message})
    else:
        text = f"Alert {incident['state']}: {incident['policy_name']}. {incident['summary']}"
        about = {"incident": incident["incident_id"], "channel": channel["name"], "channelType": kind}
        recipients = [_shown(name, value) for name, value in labels.items() if name in _ADDRESSES]
        emails.write(cloud, API, _project(channel), text, recipients, about)


_ADDRESSES = ("email_address", "url", "channel_name", "number")


def _shown(label: str, value: str) -> str:
    """A recipient as a log may show it: the path and query of a webhook's URL, or a user in it, are its secret."""
    if label != "url":
        return value
    url = urlsplit(value)
    return f"{url.scheme}://{url.hostname}"


def _publish(cloud: Cloud, channel: Body, message: Body) -> None:
    publishing, project = cloud.offers.get(Publishing), _project(channel)
    topic = cloud.projects.named(channel["labels"]["topic"])
    if publishing is None:
        return
    try:
        publishing.publish(cloud.agents.member(API, project), topic, json.dumps(message).encode(), {})
    except CloudError as problem:
        _failed(cloud, channel["name"], problem.message)


async def post(cloud: Cloud, job: Job) -> None:
    """Posts a message to a webhook."""
    body = json.dumps(job.body["message"]).encode()
    headers = {"Content-Type": "application/json", "User-Agent": "Google-Alerts"}
    answer = await loopback.ask("POST", job.body["address"], headers, body, _PATIENCE)
    if not 200 <= answer.status < 300:
        problem = answer.problem or f"The webhook answered {answer.status}."
        await job.write(partial(_failed, cloud, job.body["channel"], problem))


def _failed(cloud: Cloud, channel: str, problem: str) -> None:
    project = channel.split("/")[1]
    resource = {"type": "project", "labels": {"project_id": project}}
    payload = {"message": f"A notification could not be delivered: {problem}", "channel": channel}
    cloud.logs.log(project, LOG, resource, payload, severity="ERROR")


def _project(channel: Body) -> str:
    return str(channel["name"].split("/")[1])
