"""Notification channels: where an alerting policy, or a budget, sends its notifications."""

from __future__ import annotations

from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body, Call, Resource
from localcloud.errors import invalid, not_found
from localcloud.services.monitoring.channel_types import CHANNEL_TYPES, SECRET
from localcloud.services.monitoring.names import API, changed_by, missing, wrong
from localcloud.spec import urls

_MASKED = "********"


def _completed(call: Call, body: Body) -> Body:
    if sent := str(call.body.get("name", "")).rpartition("/")[2]:
        raise wrong("notification_channel.name.channel_id_part", sent, "Field must be empty.")
    record = changed_by(call)
    return _checked(body) | {"creationRecord": record, "mutationRecords": [record]}


def _changed(call: Call, old: Body, new: Body) -> Body:
    if new.get("type") != old["type"]:
        raise wrong(
            "notification_channel.type", new.get("type", ""), f"The type of a channel, {old['type']}, is fixed."
        )
    kept = {"creationRecord": old["creationRecord"]}
    return _checked(new) | kept | {"mutationRecords": [*old["mutationRecords"], changed_by(call)]}


def _checked(body: Body) -> Body:
    """A channel in its stored form. What is secret in it is never needed here, and so not kept."""
    kind, labels = body.get("type", ""), body.get("labels", {})
    if not kind:
        raise missing("notification_channel.type")
    if kind not in CHANNEL_TYPES:
        raise wrong("notification_channel.type", kind, f"the types of channels are {', '.join(CHANNEL_TYPES)}.")
    known = CHANNEL_TYPES[kind].labels
    for label in labels:
        if label not in known:
            raise wrong(
                f"notification_channel.labels[{label}]", labels[label], f"Channels of type {kind} have no such label."
            )
    for label, description in known.items():
        if not labels.get(label) and "Optional" not in description:
            raise missing(f"notification_channel.labels[{label}]")
    if kind == "email" and "@" not in labels["email_address"]:
        raise wrong("notification_channel.labels[email_address]", labels["email_address"], "must be an e-mail address.")
    if "url" in known and urls.parts(labels["url"], "http", "https") is None:
        raise wrong(
            "notification_channel.labels[url]", labels["url"], "must begin with http:// or https:// and name a host."
        )
    body |= {"labels": {name: _MASKED if name in SECRET else value for name, value in labels.items()}}
    return {"enabled": True, **body, **({"verificationStatus": "UNVERIFIED"} if kind == "sms" else {})}


def _delete(call: Call, _: Body) -> None:
    """A channel that policies use is deleted only with force, which takes it out of them."""
    for name, policy in call.cloud.store.list(API, call.parent, "alertPolicies"):
        if call.name not in policy.get("notificationChannels", []):
            continue
        if not call.params.get("force"):
            raise invalid(f'Could not delete "{call.name}" because it is still being referenced by: "{name}"')
        policy["notificationChannels"].remove(call.name)
        call.cloud.store.put(API, name, policy)


def check(cloud: Cloud, name: str, field: str) -> str:
    """The full name of an existing channel, with the project's id; 400 or 404 for any other."""
    words = name.split("/")
    if len(words) != 4 or words[::2] != ["projects", "notificationChannels"]:
        text = f"Name must begin with 'projects/{{project_id}}/notificationChannels/{{channel_id}}', got: {name}"
        raise invalid(text, field)
    known = cloud.projects.named(name)
    if cloud.store.get(API, known) is None:
        raise not_found(f'Could not find notification channel "{name}".')
    return known


def address(cloud: Cloud, name: str) -> str:
    """The e-mail address of a channel that sends to one, "" for any other name."""
    body = cloud.store.get(API, cloud.projects.named(name)) or {}
    return str(body["labels"]["email_address"]) if body.get("type") == "email" else ""


def list_types(call: Call) -> Body:
    """notificationChannelDescriptors.list"""
    return {"channelDescriptors": [_described(call.parent, kind) for kind in CHANNEL_TYPES]}


def get_type(call: Call) -> Body:
    """notificationChannelDescriptors.get"""
    if call.id not in CHANNEL_TYPES:
        raise not_found(
            f"Could not find notification channel descriptor {call.id}: there are {', '.join(CHANNEL_TYPES)}."
        )
    return _described(call.parent, call.id)


def _described(project: str, kind: str) -> Body:
    known = CHANNEL_TYPES[kind]
    return {
        "name": f"{project}/notificationChannelDescriptors/{kind}",
        "type": kind,
        "displayName": known.title,
        "description": known.description,
        "labels": [{"key": key, "description": text} for key, text in known.labels.items()],
        "launchStage": "GA",
    }


RESOURCE = Resource(
    kind="NotificationChannel",
    complete=_completed,
    changed=_changed,
    delete=_delete,
    missing="Could not find notification channel {name}.",
)
