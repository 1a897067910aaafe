"""External events for triggers: Pub/Sub messages, and webhooks that authenticate with a secret.

Source: https://cloud.google.com/build/docs/automating-builds/create-webhook-triggers, …/create-pubsub-triggers.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from typing import Any

from localcloud.engine import asking, gate
from localcloud.engine.cloud import Cloud
from localcloud.engine.events import Event
from localcloud.engine.interfaces import Secrets
from localcloud.engine.service import Body, Call
from localcloud.errors import CloudError, failed_precondition, invalid, permission_denied, unauthenticated
from localcloud.services.cloudbuild import events, payloads
from localcloud.services.cloudbuild.names import API

PUBLISHED = "google.cloud.pubsub.topic.v1.messagePublished"
_MOST_BYTES = 10 << 20
_TOPIC = re.compile(r"projects/[^/]+/topics/[^/]+")
_VERSION = re.compile(r"projects/[^/]+/secrets/[^/]+/versions/[^/]+")


def checked(call: Call, trigger: Body) -> Body:
    """Validates a trigger's filter, topic and webhook secret; 400 if one is invalid or the topic does not exist."""
    payloads.check_filter(trigger.get("filter", ""), trigger.get("substitutions", {}))
    if "pubsubConfig" in trigger:
        topic = trigger["pubsubConfig"].get("topic", "")
        if not _TOPIC.fullmatch(topic):
            raise invalid("pubsub_config.topic must be projects/PROJECT/topics/TOPIC", "trigger.pubsub_config.topic")
        try:
            asking.ask_json(call.cloud, call.principal, "GET", f"pubsub/v1/{topic}")
        except CloudError as problem:
            raise failed_precondition(f"Topic {topic} cannot be subscribed to: {problem.message}") from None
        owner = topic.split("/")[1]
        if not call.cloud.iam.allowed(call.principal, "pubsub.topics.attachSubscription", "pubsub", topic, owner):
            raise permission_denied(f"User not authorized to attach a subscription to {topic}.")
        subscription = f"projects/{topic.split('/')[1]}/subscriptions/gcb-{trigger['name']}"
        return {**trigger, "pubsubConfig": {**trigger["pubsubConfig"], "subscription": subscription}}
    if not _VERSION.fullmatch(trigger.get("webhookConfig", {}).get("secret", "projects/p/secrets/s/versions/1")):
        raise invalid("webhook_config.secret must be projects/P/secrets/S/versions/V", "trigger.webhook_config.secret")
    return trigger


def published(cloud: Cloud, event: Event) -> None:
    """Runs the triggers of a message's topic. The publisher is not told about failures; they are logged, and in the build history."""
    topic, body = event.source.removeprefix("//pubsub.googleapis.com/"), payloads.of_message(event.data["message"])
    if _announces_triggered_build(cloud, body["message"]):
        return
    for trigger in events.triggers(cloud):
        if cloud.projects.named(trigger.get("pubsubConfig", {}).get("topic", "")) != topic:
            continue
        try:
            events.triggered(cloud, trigger, body)
        except CloudError as problem:
            events.unstarted(cloud, trigger, problem.message, {})
            project = trigger["resourceName"].split("/")[1]
            labels = {"build_trigger_id": trigger["id"], "project_id": project}
            text = f"Trigger {trigger['name']} started no build for message {body['message']['messageId']}: {problem.message}"
            cloud.logs.log(project, "cloudbuild", {"type": "build", "labels": labels}, text, severity="ERROR")


def authorize(call: Call, trigger: Mapping[str, Any]) -> None:
    """403 for a webhook call without the trigger's secret, unless the caller may create builds."""
    secret, version = call.params.get("secret", ""), trigger.get("webhookConfig", {}).get("secret", "")
    if not version:
        raise failed_precondition(f"Trigger {trigger['name']} does not accept webhooks: it has no webhookConfig.")
    if not secret and call.principal:
        gate.check(call, "cloudbuild.builds.create", trigger["resourceName"])
        return
    project = trigger["resourceName"].split("/")[1]
    secrets = call.cloud.offers.get(Secrets)
    try:
        expected = secrets.access(call.cloud.agents.member(API, project), version) if secrets else b""
    except CloudError as problem:
        raise failed_precondition(f"The secret {version} cannot be read by Cloud Build: {problem.message}") from None
    if not expected or not hmac.compare_digest(expected, secret.encode()):
        raise permission_denied("The webhook's secret is wrong.")


def body(call: Call) -> Any:
    """A webhook's parsed JSON body; 400 if it is too large or not JSON."""
    content = call.content
    if content is not None and (content.size or 0) > _MOST_BYTES:
        raise invalid(f"The body of a webhook may have at most {_MOST_BYTES} bytes.")
    parsed = payloads.read(content.read().decode("utf-8", "replace")) if content else ""
    if not isinstance(parsed, dict | list):
        raise invalid("The body of a webhook must be JSON.")
    return parsed


def anonymous(call: Call) -> None:
    """401 for a webhook call with neither a secret nor a token, so that it cannot probe which triggers exist."""
    if not call.params.get("secret") and not call.principal:
        raise unauthenticated()


def _announces_triggered_build(cloud: Cloud, message: Mapping[str, Any]) -> bool:
    """Whether a message is a notification about a build that a message started; starting builds for those would never end."""
    build = message["data"] if message.get("attributes", {}).get("buildId") else None
    maker = build.get("buildTriggerId") if isinstance(build, dict) else None
    return any("pubsubConfig" in one for one in events.triggers(cloud) if one["id"] == maker)
