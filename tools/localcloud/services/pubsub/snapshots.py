"""Snapshots of subscriptions: what was not acknowledged when they were made, and all that was published since.

Source: https://cloud.google.com/pubsub/docs/replay-overview.
"""

from __future__ import annotations

import re

from localcloud.engine import labels, standard
from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body, Call, Resource
from localcloud.errors import already_exists, failed_precondition, invalid, not_found, permission_denied
from localcloud.services.pubsub import backlog
from localcloud.services.pubsub.backlog import API

EXPIRY = "snapshot-expiry"
_LIFE, _SHORTEST = 7 * 86_400, 3600
CONSUME = "pubsub.subscriptions.consume"


def create(call: Call, resource: Resource) -> Body:
    """snapshots.create (a PUT): of a subscription that the caller may consume."""
    if not re.fullmatch(resource.id_rule, call.id):
        raise invalid(resource.id_error.format(id=call.id, name=call.name), "name")
    name = call.cloud.projects.named(call.body.get("subscription", ""))
    subscription = call.cloud.store.get(API, name) if "/subscriptions/" in name else None
    if subscription is None:
        raise not_found(f"Resource not found (resource={name.rpartition('/')[2]}).")
    if not call.cloud.iam.allowed(call.principal, CONSUME, API, name, name.split("/")[1]):
        raise permission_denied(f"User not authorized to perform this action. ({CONSUME} is missing on {name}.)")
    if call.cloud.store.get(API, call.name) is not None:
        raise already_exists(f"Resource already exists in the project (resource={call.id}).")
    life = _LIFE - backlog.oldest_age(call.cloud, name)
    if life < _SHORTEST:
        raise failed_precondition("The subscription's oldest message is too old for a snapshot that lasts an hour.")
    body = {"name": call.name, "topic": subscription["topic"], "expireTime": call.cloud.clock.rfc3339(life)}
    body |= {"labels": call.body["labels"]} if call.body.get("labels") else {}
    _check_labels(body)
    call.cloud.store.insert(API, call.name, body | {"filter": subscription.get("filter", "")})
    backlog.snapshot(call.cloud, call.name, subscription)
    call.cloud.due.after(API, EXPIRY, call.name, life)
    return body


def changed(_call: Call, _old: Body, new: Body) -> Body:
    """A snapshot with other labels or another end."""
    _check_labels(new)
    return new


def present(_cloud: Cloud, body: Body) -> Body:
    """A snapshot as it is shown: without the filter of its subscription."""
    return {key: value for key, value in body.items() if key != "filter"}


def deleted(call: Call, body: Body) -> None:
    """Forgets the messages of a deleted snapshot."""
    backlog.forget_snapshot(call.cloud, body["name"])


def expired(cloud: Cloud, name: str, _moment: float) -> None:
    """Deletes a snapshot at its end."""
    backlog.forget_snapshot(cloud, name)
    standard.remove(cloud, API, name)


def of_topic(call: Call) -> Body:
    """topics.snapshots.list: the names of the topic's snapshots, in one page."""
    names = backlog.snapshots(call.cloud, call.parent)
    return {"snapshots": names} if names else {}


def found(call: Call, subscription: Body, name: str) -> Body:
    """The snapshot that a subscription is to seek to: of the same topic, and with the right to use it."""
    name = call.cloud.projects.named(name)
    body = call.cloud.store.get(API, name) if "/snapshots/" in name else None
    if body is None:
        raise not_found(f"Resource not found (resource={name.rpartition('/')[2]}).")
    if not call.cloud.iam.allowed(call.principal, "pubsub.snapshots.seek", API, name, name.split("/")[1]):
        raise permission_denied(
            f"User not authorized to perform this action. (pubsub.snapshots.seek is missing on {name}.)"
        )
    if body["topic"] != subscription["topic"]:
        raise failed_precondition("The snapshot's topic is not the subscription's.")
    return body


def _check_labels(body: Body) -> None:
    if problem := labels.problem(body.get("labels", {}), "snapshot"):
        raise invalid(problem, "labels")
