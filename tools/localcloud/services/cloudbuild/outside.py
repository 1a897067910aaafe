"""Events from outside that set triggers off: messages of Pub/Sub, and webhooks that prove themselves by a secret.

Source: https://cloud.google.com/build/docs/automating-builds/create-webhook-triggers, …/create-pubsub-triggers.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from typing import Any

from localcloud.engine import gate
from localcloud.engine.cloud import Cloud
from localcloud.engine.events import Event
from localcloud.engine.interfaces import Secrets
from localcloud.engine.service import Call
from localcloud.errors import CloudError, failed_precondition, invalid, permission_denied, unauthenticated
from localcloud.services.cloudbuild import asking, events, payloads
from localcloud.services.cloudbuild.names import API

Body = dict[str, Any]
PUBLISHED = "google.cloud.pubsub.topic.v1.messagePublished"
_MOST_BYTES = 10 << 20
_TOPIC = re.compile(r"projects/[^/]+/topics/[^/]+")
_VERSION = re.compile(r"projects/[^/]+/secrets/[^/]+/versions/[^/]+")


def checked(call: Call, trigger: Body) -> Body:
    """A trigger for messages or webhooks as it is kept; 400 for one whose topic is not there, or that names no secret."""
    payloads.check_filter(trigger.get("filter", ""), trigger.get("substitutions", {}))
    if "pubsubConfig" in trigger:
        topic = trigger["pubsubConfig"].get("topic", "")
        if not _TOPIC.fullmatch(topic):
            raise invalid("pubsub_config.topic must be projects/PROJECT/topics/TOPIC", "trigger.pubsub_config.topic")
        try:
            asking.asked(call.cloud, call.principal, "GET", f"pubsub/v1/{topic}")
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
    """Lets a message set off the triggers of its topic. Who published hears nothing of it; what hinders a build is logged."""
    topic, body = event.source.removeprefix("//pubsub.googleapis.com/"), payloads.of_message(event.data["message"])
    if _of_such_a_build(cloud, body["message"]):
        return
    for trigger in events.triggers(cloud):
        if cloud.projects.named(trigger.get("pubsubConfig", {}).get("topic", "")) != topic:
            continue
        try:
            events.told(cloud, trigger, body)
        except CloudError as problem:
            project = trigger["resourceName"].split("/")[1]
            about = {"build_trigger_id": trigger["id"], "project_id": project}
            text = f"Trigger {trigger['name']} began no build for message {body['message']['messageId']}: {problem.message}"
            cloud.logs.log(project, "cloudbuild", {"type": "build", "labels": about}, text, severity="ERROR")


def let_in(call: Call, trigger: Mapping[str, Any]) -> None:
    """Refuses a webhook without the trigger's secret, unless who calls may create builds."""
    given, version = call.params.get("secret", ""), trigger.get("webhookConfig", {}).get("secret", "")
    if not version:
        raise failed_precondition(f"Trigger {trigger['name']} takes no webhooks: it has no webhookConfig.")
    if not given and call.principal:
        gate.check(call, "cloudbuild.builds.create", trigger["resourceName"])
        return
    project = trigger["resourceName"].split("/")[1]
    secrets = call.cloud.offers.get(Secrets)
    try:
        known = secrets.access(call.cloud.agents.member(API, project), version) if secrets else b""
    except CloudError as problem:
        raise failed_precondition(f"The secret {version} cannot be read by Cloud Build: {problem.message}") from None
    if not known or not hmac.compare_digest(known, given.encode()):
        raise permission_denied("The secret of the webhook is wrong.")


def body(call: Call) -> Any:
    """What a webhook brings; 400 for more than is taken, and for what is no JSON."""
    content = call.content
    if content is not None and (content.size or 0) > _MOST_BYTES:
        raise invalid(f"A webhook has at most {_MOST_BYTES} bytes.")
    found = payloads.read(content.read().decode("utf-8", "replace")) if content else ""
    if not isinstance(found, dict | list):
        raise invalid("The body of a webhook must be JSON.")
    return found


def anonymous(call: Call) -> None:
    """401 for a webhook that brings neither a secret nor a token: it hears nothing of what triggers there are."""
    if not call.params.get("secret") and not call.principal:
        raise unauthenticated()


def _of_such_a_build(cloud: Cloud, message: Mapping[str, Any]) -> bool:
    """Whether a message tells of a build that a message began: it begins no other, which would never end."""
    build = message["data"] if message.get("attributes", {}).get("buildId") else None
    maker = build.get("buildTriggerId") if isinstance(build, dict) else None
    return any("pubsubConfig" in one for one in events.triggers(cloud) if one["id"] == maker)
