"""The trigger of a function's events, which Eventarc has: made, replaced and deleted by Cloud Functions."""

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
_KEPT = ("eventType", "eventFilters", "pubsubTopic", "serviceAccountEmail", "retryPolicy", "triggerRegion", "channel")


def completed(cloud: Cloud, name: FunctionName, sent: Body) -> Body:
    """A function's eventTrigger with its defaults."""
    kept = {key: sent[key] for key in _KEPT if sent.get(key)}
    if kept.get("eventType") != _PUBLISHED:
        kept.pop("pubsubTopic", None)  # the transport's own, of an earlier answer
    if not re.fullmatch(r"[a-z0-9-]+", kept.get("triggerRegion", name.region)):
        raise invalid(f"Invalid region {kept['triggerRegion']!r}.", "function.event_trigger.trigger_region")
    account = acting.default(cloud, name.project)
    return {"triggerRegion": name.region, "serviceAccountEmail": account, **kept}


def check(cloud: Cloud, name: FunctionName, wanted: Body) -> None:
    """Raises what Eventarc refuses of a trigger."""
    identity = _identity(name, wanted)
    path = f"projects/{name.project}/locations/{wanted['triggerRegion']}/triggers"
    try:
        names.ask(
            cloud,
            name.project,
            "POST",
            f"eventarc/v1/{path}?triggerId={identity}&validateOnly=true",
            _trigger(name, wanted),
        )
    except CloudError as problem:
        if problem.code == 409:
            return  # it is the function's own
        text = f"Validation failed for trigger {path}/{identity}: {problem.message}"
        raise CloudError(problem.code, problem.status, text) from None


def made(cloud: Cloud, name: FunctionName, wanted: Body) -> Body:
    """A function's eventTrigger with the trigger that was made for it."""
    identity = _identity(name, wanted)
    path = f"projects/{name.project}/locations/{wanted['triggerRegion']}/triggers"
    operation = names.ask(
        cloud, name.project, "POST", f"eventarc/v1/{path}?triggerId={identity}", _trigger(name, wanted)
    )
    topic = operation["response"]["transport"]["pubsub"]["topic"]
    return wanted | {"trigger": f"{path}/{identity}", "pubsubTopic": topic}


def same(cloud: Cloud, name: FunctionName, old: Body, wanted: Body) -> bool:
    """Whether a function's trigger is the one that is wanted."""
    return bool(old) and completed(cloud, name, old) == completed(cloud, name, wanted)


def removed(cloud: Cloud, name: FunctionName, trigger: Body) -> None:
    """Deletes a function's trigger; one that somebody deleted by hand is not missed."""
    if path := trigger.get("trigger"):
        with suppress(CloudError):
            names.ask(cloud, name.project, "DELETE", f"eventarc/v1/{path}")


def _trigger(name: FunctionName, wanted: Body) -> Body:
    body: Body = {
        "eventFilters": [{"attribute": "type", "value": wanted.get("eventType", "")}, *wanted.get("eventFilters", ())],
        "serviceAccount": wanted["serviceAccountEmail"],
        "destination": {"cloudFunction": f"{name.place}/functions/{name.id}"},
        "labels": {"goog-managed-by": "cloudfunctions"},
    }
    if topic := wanted.get("pubsubTopic"):
        body["transport"] = {"pubsub": {"topic": topic}}
    if wanted.get("retryPolicy") != "RETRY_POLICY_RETRY":
        body["retryPolicy"] = {"maxAttempts": 1}
    return body


def _identity(name: FunctionName, wanted: Body) -> str:
    """The id of the trigger: another one for each kind of event, so that a new one can be made beside the old one."""
    told = repr(sorted((key, str(value)) for key, value in wanted.items() if key in _KEPT))
    return f"{name.id[:56]}-{zlib.crc32(told.encode()) % 1_000_000:06d}"
