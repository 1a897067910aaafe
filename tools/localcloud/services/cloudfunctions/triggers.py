"""The trigger of a function's events, which Cloud Functions creates, replaces and deletes in Eventarc."""

from __future__ import annotations

import re
import zlib
from contextlib import suppress

from localcloud.engine.cloud import Cloud
from localcloud.engine.iam import acting
from localcloud.engine.service import Body
from localcloud.errors import CloudError, invalid
from localcloud.services.cloudfunctions import names
from localcloud.services.cloudfunctions.names import FunctionName

_PUBLISHED = "google.cloud.pubsub.topic.v1.messagePublished"
_SETTINGS = (
    "eventType",
    "eventFilters",
    "pubsubTopic",
    "serviceAccountEmail",
    "retryPolicy",
    "triggerRegion",
    "channel",
)


def completed(cloud: Cloud, name: FunctionName, sent: Body) -> Body:
    """A function's eventTrigger with its defaults."""
    settings = {key: sent[key] for key in _SETTINGS if sent.get(key)}
    if settings.get("eventType") != _PUBLISHED:
        settings.pop("pubsubTopic", None)  # the transport's own, of an earlier answer
    if not re.fullmatch(r"[a-z0-9-]+", settings.get("triggerRegion", name.region)):
        raise invalid(f"Invalid region {settings['triggerRegion']!r}.", "function.event_trigger.trigger_region")
    account = acting.default(cloud, name.project)
    return {"triggerRegion": name.region, "serviceAccountEmail": account, **settings}


def check(cloud: Cloud, name: FunctionName, trigger: Body) -> None:
    """Raises what Eventarc refuses of a trigger."""
    identity = _identity(name, trigger)
    path = f"projects/{name.project}/locations/{trigger['triggerRegion']}/triggers"
    try:
        names.ask(
            cloud,
            name.project,
            "POST",
            f"eventarc/v1/{path}?triggerId={identity}&validateOnly=true",
            _trigger(name, trigger),
        )
    except CloudError as problem:
        if problem.code == 409:
            return  # it is the function's own
        text = f"Validation failed for trigger {path}/{identity}: {problem.message}"
        raise CloudError(problem.code, problem.status, text) from None


def create(cloud: Cloud, name: FunctionName, trigger: Body) -> Body:
    """A function's eventTrigger with the trigger that is created for it."""
    identity = _identity(name, trigger)
    path = f"projects/{name.project}/locations/{trigger['triggerRegion']}/triggers"
    operation = names.ask(
        cloud, name.project, "POST", f"eventarc/v1/{path}?triggerId={identity}", _trigger(name, trigger)
    )
    topic = operation["response"]["transport"]["pubsub"]["topic"]
    return trigger | {"trigger": f"{path}/{identity}", "pubsubTopic": topic}


def same(cloud: Cloud, name: FunctionName, old: Body, new: Body) -> bool:
    """Whether a function's trigger is already the one that is asked for."""
    return bool(old) and completed(cloud, name, old) == completed(cloud, name, new)


def delete(cloud: Cloud, name: FunctionName, trigger: Body) -> None:
    """Deletes a function's trigger; one that was deleted by hand is no error."""
    if path := trigger.get("trigger"):
        with suppress(CloudError):
            names.ask(cloud, name.project, "DELETE", f"eventarc/v1/{path}")


def _trigger(name: FunctionName, trigger: Body) -> Body:
    body: Body = {
        "eventFilters": [
            {"attribute": "type", "value": trigger.get("eventType", "")},
            *trigger.get("eventFilters", ()),
        ],
        "serviceAccount": trigger["serviceAccountEmail"],
        "destination": {"cloudFunction": f"{name.place}/functions/{name.id}"},
        "labels": {"goog-managed-by": "cloudfunctions"},
    }
    if topic := trigger.get("pubsubTopic"):
        body["transport"] = {"pubsub": {"topic": topic}}
    if trigger.get("retryPolicy") != "RETRY_POLICY_RETRY":
        body["retryPolicy"] = {"maxAttempts": 1}
    return body


def _identity(name: FunctionName, trigger: Body) -> str:
    """The id of the trigger: it differs for each set of settings, so that a new trigger can be created beside the old one."""
    settings = repr(sorted((key, str(value)) for key, value in trigger.items() if key in _SETTINGS))
    return f"{name.id[:56]}-{zlib.crc32(settings.encode()) % 1_000_000:06d}"
