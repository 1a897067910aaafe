"""What carries a trigger's events, made by Eventarc's agent: a topic, a push subscription, and notifications of a bucket.

The subscription pushes to the service of Cloud Run, and Pub/Sub gives what it pushes there the form of a CloudEvent (see pubsub/cloud_events.py).
Source: https://cloud.google.com/eventarc/docs/event-driven-architectures, https://cloud.google.com/eventarc/docs/retry-events.
"""

from __future__ import annotations

import zlib
from contextlib import suppress
from urllib.parse import quote, urlencode

from localcloud.engine import asking
from localcloud.engine.cloud import Cloud
from localcloud.engine.interfaces import DELIVERED_ONCE, EVENTS_MODE
from localcloud.engine.service import Body
from localcloud.errors import CloudError, failed_precondition, invalid, permission_denied
from localcloud.services.eventarc import providers

API = "eventarc"
_RETENTION = "86400s"
_DEADLINE, _FUNCTION_DEADLINE = 10, 600
"""Seconds in which a service must answer, and a function, which may take nine minutes for an event."""
_RETRIES = {"minimumBackoff": "10s", "maximumBackoff": "600s"}


def create(cloud: Cloud, body: Body) -> Body:
    """A new trigger, with the transport that is created for it."""
    project, location, identity = _parts(body)
    given, bucket = body.get("transport", {}).get("pubsub", {}).get("topic", ""), check(cloud, body)
    ending, topic = _ending(body), given or _own_topic(body)
    if not given:
        _ask(cloud, body, "PUT", f"pubsub/v1/{topic}", {})
    if bucket:
        _notify(cloud, body, bucket, topic)
    subscription = f"projects/{project}/subscriptions/{_prefix(location, identity)}sub-{ending}"
    deadline = _FUNCTION_DEADLINE if "cloudFunction" in body["destination"] else _DEADLINE
    subscription_body = _push_settings(cloud, body, topic) | {"topic": topic, "ackDeadlineSeconds": deadline}
    subscription_body |= {"messageRetentionDuration": _RETENTION, "retryPolicy": _RETRIES, "expirationPolicy": {}}
    _ask(cloud, body, "PUT", f"pubsub/v1/{subscription}", subscription_body)
    return body | {"transport": {"pubsub": {"topic": topic, "subscription": subscription}}}


def update(cloud: Cloud, old: Body, new: Body) -> Body:
    """A changed trigger, whose subscription and notifications follow."""
    pubsub = new["transport"]["pubsub"]
    if _kind(new) != _kind(old) and providers.PUBLISHED in (_kind(new), _kind(old)):
        raise invalid("The provider of a trigger's events cannot be changed.", "trigger.event_filters")
    if new["eventFilters"] != old["eventFilters"]:
        bucket = check(cloud, new)
        _stop_notifications(cloud, old)
        _notify(cloud, new, bucket, pubsub["topic"])
    patch = {"subscription": _push_settings(cloud, new, pubsub["topic"]), "updateMask": "pushConfig,labels"}
    _ask(cloud, new, "PATCH", f"pubsub/v1/{pubsub['subscription']}", patch)
    return new


def delete(cloud: Cloud, body: Body) -> None:
    """Deletes the transport; a topic that was given stays, and what was deleted by hand is no error."""
    pubsub = body["transport"]["pubsub"]
    _stop_notifications(cloud, body)
    names = [pubsub["subscription"]]
    if pubsub["topic"] == _own_topic(body):
        names.append(pubsub["topic"])
    for name in names:
        with suppress(CloudError):
            _ask(cloud, body, "DELETE", f"pubsub/v1/{name}")


def target(cloud: Cloud, body: Body) -> Body:
    """The service of Cloud Run that gets a trigger's events."""
    project, _, _ = _parts(body)
    destination = body["destination"]
    if "cloudFunction" in destination:
        words = destination["cloudFunction"].split("/")
        region, service = words[3], words[5]
    else:
        region, service = destination["cloudRun"]["region"], destination["cloudRun"]["service"]
    path = f"run/v2/projects/{project}/locations/{quote(region, safe='')}/services/{quote(service, safe='')}"
    return _ask(cloud, body, "GET", path)


def _push_settings(cloud: Cloud, body: Body, topic: str) -> Body:
    """The subscription's address, identity and labels."""
    uri = target(cloud, body)["uri"]
    path = body["destination"].get("cloudRun", {}).get("path", "").strip("/")
    mode = f"CUSTOM_PUBSUB_{topic}" if _kind(body) == providers.PUBLISHED else "GCS_NOTIFICATION"
    config: Body = {"pushEndpoint": f"{uri}/{quote(path)}?{urlencode({EVENTS_MODE: mode})}"}
    if account := body.get("serviceAccount"):
        config["oidcToken"] = {"serviceAccountEmail": account, "audience": uri}
    return {"pushConfig": config, "labels": dict([DELIVERED_ONCE]) if "retryPolicy" in body else {}}


def check(cloud: Cloud, body: Body) -> str:
    """The bucket of a trigger's filter, "" for messages; refused where bucket or topic is not there, or the bucket not where the trigger is."""
    name = next((str(one["value"]) for one in body["eventFilters"] if one["attribute"] == "bucket"), "")
    if not name:
        if topic := body.get("transport", {}).get("pubsub", {}).get("topic", ""):
            _ask(cloud, body, "GET", f"pubsub/v1/{topic}")
        return ""
    try:
        bucket = _ask(cloud, body, "GET", f"storage/v1/b/{quote(name, safe='')}")
    except CloudError:
        raise permission_denied(
            f'Permission "storage.buckets.get" denied on "Bucket \\"{name}\\" could not be validated. Please verify that the bucket exists '
            'and that the Eventarc service account has permission."'
        ) from None
    own, other = body["name"].split("/")[3], bucket["location"].lower()
    if own != other:
        raise invalid(
            f"Bucket {name!r} is in {other}, but the trigger is in {own}: create the trigger in {other}.",
            "trigger.name",
        )
    return name


def _notify(cloud: Cloud, body: Body, bucket: str, topic: str) -> None:
    event = providers.OBJECT_EVENTS[_kind(body).removeprefix(providers.STORAGE)]
    config = {"topic": f"//pubsub.googleapis.com/{topic}", "event_types": [event], "payload_format": "JSON_API_V1"}
    try:
        _ask(cloud, body, "POST", f"storage/v1/b/{bucket}/notificationConfigs", config)
    except CloudError as problem:
        if "publish" not in problem.message:
            raise
        raise failed_precondition(
            'Invalid resource state for "": The Cloud Storage service account for your bucket is unable to publish to Cloud Pub/Sub topics in '
            "the specified project.\nTo use GCS CloudEvent triggers, the GCS service account requires the Pub/Sub Publisher "
            "(roles/pubsub.publisher) IAM role in the specified project. (See "
            "https://cloud.google.com/eventarc/docs/run/quickstart-storage#before-you-begin for more details.)"
        ) from None


def _stop_notifications(cloud: Cloud, body: Body) -> None:
    """Deletes the bucket's notifications to the trigger's topic."""
    topic = f"//pubsub.googleapis.com/{body['transport']['pubsub']['topic']}"
    bucket = next((one["value"] for one in body["eventFilters"] if one["attribute"] == "bucket"), "")
    if not bucket:
        return
    with suppress(CloudError):
        path = f"storage/v1/b/{quote(bucket, safe='')}/notificationConfigs"
        for config in _ask(cloud, body, "GET", path).get("items", ()):
            if config["topic"] == topic:
                _ask(cloud, body, "DELETE", f"{path}/{config['id']}")


def _ask(cloud: Cloud, body: Body, verb: str, path: str, sent: Body | None = None) -> Body:
    return asking.ask_json(cloud, cloud.agents.member(API, _parts(body)[0]), verb, path, sent)


def _kind(body: Body) -> str:
    return str(next(one["value"] for one in body["eventFilters"] if one["attribute"] == "type"))


def _own_topic(body: Body) -> str:
    """The topic that is created for a trigger; it alone is deleted with it, whatever others are called."""
    project, location, identity = _parts(body)
    return f"projects/{project}/topics/{_prefix(location, identity)}{_ending(body)}"


def _ending(body: Body) -> str:
    return f"{zlib.crc32(body['name'].encode()) % 1000:03d}"


def _prefix(location: str, identity: str) -> str:
    return f"eventarc-{location}-{identity}-"


def _parts(body: Body) -> tuple[str, str, str]:
    words = body["name"].split("/")
    return words[1], words[3], words[5]
