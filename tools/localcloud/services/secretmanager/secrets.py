"""Secrets: validation, server-assigned fields, and what is scheduled for them (expiry, rotation)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from localcloud.engine import labels, standard
from localcloud.engine.cloud import Cloud
from localcloud.engine.interfaces import Publishing
from localcloud.engine.service import Body, Call
from localcloud.errors import CloudError, aborted, invalid, not_found
from localcloud.services.secretmanager import payloads
from localcloud.spec.discovery import camel
from localcloud.spec.fields import paths, without_zeros
from localcloud.spec.timestamps import parse as parse_time
from localcloud.spec.timestamps import rfc3339

API = "secretmanager"
EXPIRY, ROTATION = "expiry", "rotation"
"""What is due for a secret."""
ID_RULE = r"[a-zA-Z0-9_-]{1,255}"
ID_ERROR = r"The provided Secret ID [{id}] does not match the expected format [[a-zA-Z_0-9\-]+]"
_ALIAS = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")
_ANNOTATION_KEY = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9._-]{0,61}[a-zA-Z0-9])?")
_TOPIC = re.compile(r"projects/[^/]+/topics/[^/]+")
_DURATION = re.compile(r"([0-9]{1,12})(?:\.[0-9]{1,9})?s")
_CENTURY = 3_153_600_000
_INPUT_ONLY = ("ttl", "tags")
_EXPIRATION = frozenset({"ttl", "expireTime"})


def shown(cloud: Cloud, name: str) -> str:
    """A stored name in Secret Manager's form: with the project's number instead of its id."""
    return cloud.projects.numbered(name)


def created(call: Call, body: Body) -> Body:
    """A new secret in its stored form; 400 for what Secret Manager would refuse."""
    _check_replication(call, body)
    if body.get("versionAliases"):
        raise invalid(
            "A new secret has no versions yet that secret.version_aliases could name.", "secret.version_aliases"
        )
    return _completed(call, body)


def changed(call: Call, old: Body, new: Body) -> Body:
    """A patched secret in its stored form."""
    if not call.params.get("updateMask"):
        raise invalid("The request has no update_mask; name the fields to change.", "update_mask")
    if _places(old) != _places(new):
        raise invalid(
            "secret.replication cannot be changed once the secret exists, but for its keys.", "secret.replication"
        )
    masked = _EXPIRATION & {camel(path) for path in paths(call.params["updateMask"])}
    if masked and not masked & call.body.keys():
        new.pop("expireTime", None)  # a ttl is kept as the moment that it means
    for alias, number in new.get("versionAliases", {}).items():
        if not _ALIAS.fullmatch(alias) or alias in {"latest", "NEW"}:
            raise invalid(f"The version alias [{alias}] is not valid.", "secret.version_aliases")
        if call.cloud.store.get(API, f"{old['name']}/versions/{number}") is None:
            raise not_found(f"Secret Version [{shown(call.cloud, old['name'])}/versions/{number}] not found.")
    return _completed(call, new)


def presented(cloud: Cloud, body: Body) -> Body:
    """A stored secret as it is returned."""
    return without_zeros(body, "replication") | {"name": shown(cloud, body["name"])}


def removed(call: Call, body: Body) -> None:
    """Erases a deleted secret's payloads."""
    payloads.wipe_all(call.cloud.store, body["name"])


def expired(cloud: Cloud, name: str, _moment: float) -> None:
    """Deletes a secret that has expired."""
    payloads.wipe_all(cloud.store, name)
    standard.remove(cloud, API, name)


def rotated(cloud: Cloud, name: str, moment: float) -> None:
    """Announces a due rotation, and schedules the next one."""
    body = cloud.store.get(API, name)
    if body is None or "rotation" not in body:
        return
    _announce(cloud, body, "SECRET_ROTATE")
    period = int(body["rotation"].get("rotationPeriod", "0s").removesuffix("s").split(".")[0])
    if not period:
        return
    following = moment + period
    body["rotation"]["nextRotationTime"] = rfc3339(datetime.fromtimestamp(following, UTC))
    cloud.store.put(API, name, body)
    cloud.due.at(API, ROTATION, name, following)


def find(call: Call, name: str) -> Body:
    """A stored secret; 404 with Secret Manager's message."""
    body = call.cloud.store.get(API, name)
    if body is None:
        raise not_found(f"Secret [{shown(call.cloud, name)}] not found.")
    return body


def etag(cloud: Cloud) -> str:
    """A new etag: quoted hexadecimal microseconds, like Secret Manager's."""
    return f'"{int(cloud.clock.seconds() * 1_000_000):x}"'


def check_etag(sent: str | None, body: Mapping[str, Any]) -> None:
    """Refuses a request with a stale etag."""
    if sent and sent.strip('"') != body["etag"].strip('"'):
        raise aborted(
            f"The provided etag [{sent}] does not match the current etag [{body['etag']}]. Read the resource again."
        )


def _announce(cloud: Cloud, body: Body, event: str) -> None:
    """Publishes to a secret's topics as Secret Manager's agent; what that may not publish is lost, as at Google.

    Source: https://cloud.google.com/secret-manager/docs/event-notifications.
    """
    publishing = cloud.offers.get(Publishing)
    if publishing is None:
        return
    agent = cloud.agents.member(API, body["name"].split("/")[1])
    answer = presented(cloud, body)
    attributes = {
        "eventType": event,
        "secretId": answer["name"],
        "dataFormat": "JSON_API_V1",
        "timestamp": cloud.clock.rfc3339(),
    }
    for topic in body.get("topics", []):
        with suppress(CloudError):
            publishing.publish(agent, topic["name"], json.dumps(answer).encode(), attributes)


def _completed(call: Call, body: Body) -> Body:
    _check_labels(body)
    _check_topics(body)
    _check_rotation(call, body)
    _check_destroy_delay(body)
    body = _with_expiry(call, body)
    name = body.get("name") or f"{call.parent}/secrets/{call.params['secretId']}"
    _schedule(call.cloud, EXPIRY, name, body.get("expireTime"))
    _schedule(call.cloud, ROTATION, name, body.get("rotation", {}).get("nextRotationTime"))
    return {key: value for key, value in body.items() if key not in _INPUT_ONLY} | {"name": name}


def _schedule(cloud: Cloud, kind: str, name: str, moment: str | None) -> None:
    if moment:
        cloud.due.at(API, kind, name, parse_time(moment).timestamp())
    else:
        cloud.due.forget(API, name, kind)


def _check_replication(call: Call, body: Body) -> None:
    replication = body.get("replication")
    if call.path.split("/")[2] == "locations":
        if replication:
            raise invalid("secret.replication cannot be set on a regional secret.", "secret.replication")
        return
    kinds = [kind for kind in ("automatic", "userManaged") if kind in (replication or {})]
    if len(kinds) != 1:
        raise invalid(
            "secret.replication must have exactly one of automatic and user_managed; "
            f"this one has {' and '.join(kinds) or 'neither'}.",
            "secret.replication",
        )
    if kinds == ["userManaged"]:
        _check_replicas((replication or {})["userManaged"].get("replicas", []))


def _places(body: Body) -> list[str]:
    """Where a secret is replicated: the kind of replication and its locations."""
    replication = body.get("replication", {})
    replicas = replication.get("userManaged", {}).get("replicas", [])
    return [*replication, *sorted(replica.get("location", "") for replica in replicas)]


def _check_replicas(replicas: list[Body]) -> None:
    field = "secret.replication.user_managed.replicas"
    locations = [replica.get("location", "") for replica in replicas]
    if not locations or not all(locations):
        raise invalid(f"{field} must name at least one location, and one for each replica.", field)
    if len(set(locations)) != len(locations):
        raise invalid(f"{field} names a location twice.", field)


def _check_labels(body: Body) -> None:
    if problem := labels.problem(body.get("labels", {}), "secret"):
        raise invalid(problem, "secret.labels")
    annotations = body.get("annotations", {})
    for key in annotations:
        if not _ANNOTATION_KEY.fullmatch(key):
            raise invalid(f"The annotation key [{key}] is not valid.", "secret.annotations")
    if sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items()) > 16 * 1024:
        raise invalid("The annotations of a secret may take 16 KiB together; these take more.", "secret.annotations")


def _check_topics(body: Body) -> None:
    topics = [topic.get("name", "") for topic in body.get("topics", [])]
    if len(topics) > 10:
        raise invalid(f"A secret may have 10 topics; this one has {len(topics)}.", "secret.topics")
    for topic in topics:
        if not _TOPIC.fullmatch(topic):
            raise invalid(f"The topic name [{topic}] does not match projects/*/topics/*.", "secret.topics")


def _check_rotation(call: Call, body: Body) -> None:
    rotation = body.get("rotation")
    if not rotation:
        return
    if not body.get("topics"):
        raise invalid(
            "secret.topics must be set when secret.rotation is: a rotation is announced on them.", "secret.topics"
        )
    moment, period = rotation.get("nextRotationTime"), rotation.get("rotationPeriod")
    if period is not None and not 3600 <= seconds(period, "secret.rotation.rotation_period") <= _CENTURY:
        raise invalid("secret.rotation.rotation_period must be between 3600s and 3153600000s.", "secret.rotation")
    if not moment:
        raise invalid("secret.rotation.next_rotation_time must be set when secret.rotation is.", "secret.rotation")
    stored = call.cloud.store.get(API, body.get("name", "")) or {}
    if stored.get("rotation", {}).get("nextRotationTime") != moment and _ahead(call, moment) < 300:
        raise invalid("secret.rotation.next_rotation_time must be at least 300s in the future.", "secret.rotation")


def _check_destroy_delay(body: Body) -> None:
    delay = body.get("versionDestroyTtl")
    if delay is not None and not 86_400 <= seconds(delay, "secret.version_destroy_ttl") <= 86_400_000:
        raise invalid(
            "secret.version_destroy_ttl must be between 24 hours and 1000 days.", "secret.version_destroy_ttl"
        )


def _with_expiry(call: Call, body: Body) -> Body:
    # hashicorp/google sends both with any other change; the mask then names one of them, or neither.
    masked = {
        word.strip().replace("expire_time", "expireTime") for word in call.params.get("updateMask", "").split(",")
    }
    if call.body.keys() >= _EXPIRATION and (not call.params.get("updateMask") or masked >= _EXPIRATION):
        raise invalid(
            "Invalid value at 'secret' (oneof), oneof field 'expiration' is already set. Cannot set 'ttl'", "secret"
        )
    if body.get("ttl"):
        lasting = seconds(body["ttl"], "secret.ttl")
        body = body | {"expireTime": rfc3339(call.cloud.clock.now() + timedelta(seconds=lasting))}
    moment = body.get("expireTime")
    stored = call.cloud.store.get(API, body.get("name", "")) or {}
    if moment and moment != stored.get("expireTime") and not 60 <= _ahead(call, moment) <= _CENTURY:
        raise invalid("A secret must expire at least 60s and at most 100 years from now.", "secret.expiration")
    return body


def _ahead(call: Call, moment: str) -> float:
    try:
        return (parse_time(moment) - call.cloud.clock.now()).total_seconds() + 1
    except ValueError:
        raise invalid(f"[{moment}] is not an RFC 3339 time stamp.") from None


def seconds(duration: str, field: str) -> int:
    """A duration as JSON writes it ("3600s"), in whole seconds; 400 for anything else."""
    match = _DURATION.fullmatch(duration)
    if match is None:
        raise invalid(f"{field} [{duration}] is not a duration in seconds, such as 3600s.", field)
    return int(match[1])
