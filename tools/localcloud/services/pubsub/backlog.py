"""Unacknowledged messages: one row for each message and subscription, leased to the last puller.

Source: https://cloud.google.com/pubsub/docs/subscription-overview, …/subscription-message-filter, …/dead-letter-topics.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from localcloud.engine.cloud import Cloud
from localcloud.engine.events import Event
from localcloud.engine.metrics import Gauge
from localcloud.engine.service import Body
from localcloud.services.pubsub import bounds
from localcloud.spec import filters

API = "pubsub"
PUBLISHED = "google.cloud.pubsub.topic.v1.messagePublished"
"""The kind of event that a message is, for other services of the cloud."""
LEASE = "lease"
"""The kind of entry in the due queue by which a subscription's messages are looked at again."""
TABLES = """
CREATE TABLE IF NOT EXISTS pubsub_attached (topic TEXT NOT NULL, subscription TEXT NOT NULL, PRIMARY KEY (topic, subscription)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pubsub_backlog (
  subscription TEXT NOT NULL, id INTEGER NOT NULL, published REAL NOT NULL, key TEXT NOT NULL, available REAL NOT NULL,
  attempts INTEGER NOT NULL, ack TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (subscription, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pubsub_acknowledged (
  subscription TEXT NOT NULL, id INTEGER NOT NULL, published REAL NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (subscription, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pubsub_snapshots (topic TEXT NOT NULL, snapshot TEXT NOT NULL, PRIMARY KEY (topic, snapshot)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS pubsub_backlog_available ON pubsub_backlog (subscription, available);
"""
ACK = re.compile(r"[0-9a-f]{32}")
"""What the ids look like by which leased messages are acknowledged."""
_PREFIX = re.compile(r'hasPrefix\(\s*(attributes\.[\w.-]+)\s*,\s*"([^"]*)"\s*\)')
_COLUMNS = "id, published, attempts, ack, body"


@dataclass(frozen=True, slots=True)
class Leased:
    """A leased message, to be acknowledged by `ack`."""

    id: int
    published: float
    attempts: int
    ack: str
    message: Body


def attach(cloud: Cloud, subscription: str, topic: str) -> None:
    cloud.store.sql("INSERT OR IGNORE INTO pubsub_attached VALUES (?, ?)", topic, subscription)


def detach(cloud: Cloud, subscription: str) -> None:
    """Detaches a subscription from its topic; its unacknowledged messages are deleted."""
    cloud.store.sql("DELETE FROM pubsub_attached WHERE subscription = ?", subscription)
    cloud.store.sql("DELETE FROM pubsub_backlog WHERE subscription = ?", subscription)
    forget_acknowledged(cloud, subscription)
    cloud.due.forget(API, subscription)


def attached(cloud: Cloud, topic: str) -> list[str]:
    """The subscriptions of a topic, sorted."""
    rows = cloud.store.sql("SELECT subscription FROM pubsub_attached WHERE topic = ? ORDER BY subscription", topic)
    return [name for (name,) in rows]


def publish(cloud: Cloud, topic: str, messages: Sequence[Mapping[str, Any]]) -> list[str]:
    """Adds messages to every subscription of a topic whose filter matches; returns their ids."""
    now, stamp = cloud.clock.seconds(), cloud.clock.rfc3339()
    subscriptions = attached(cloud, topic)
    names = (*subscriptions, *snapshots(cloud, topic))
    keepers = [(name, readable((cloud.store.get(API, name) or {}).get("filter", ""))) for name in names]
    project, source = topic.split("/")[1], f"//pubsub.googleapis.com/{topic}"
    message_ids: list[str] = []
    for message in messages:
        number = cloud.store.next("pubsub messages", 1_000_000_000_000_000)
        body = {**message, "messageId": str(number), "publishTime": stamp}
        text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
        for name, test in keepers:
            if test(body):
                cloud.store.sql(
                    "INSERT INTO pubsub_backlog VALUES (?, ?, ?, ?, ?, 0, '', ?)",
                    *(name, number, now, message.get("orderingKey", ""), now, text),
                )
        message_ids.append(str(number))
        cloud.events.emit(Event(PUBLISHED, source, "", project, stamp, {"message": body}))
    for name in subscriptions:
        cloud.due.at(API, LEASE, name, now)
        cloud.signals.ring(topic_of(name))
    return message_ids


def lease(cloud: Cloud, subscription: Body, most: int) -> list[Leased]:
    """The oldest messages that are not leased, leased for the subscription's deadline.

    With ordering, a message waits until the one before it with the same key is acknowledged.
    """
    name, now = subscription["name"], cloud.clock.seconds()
    kept = bounds.seconds(subscription["messageRetentionDuration"])
    for table in ("pubsub_backlog", "pubsub_acknowledged"):
        cloud.store.sql(f"DELETE FROM {table} WHERE subscription = ? AND published < ?", name, now - kept)  # noqa: S608
    ordered = (
        " AND (key = '' OR NOT EXISTS (SELECT 1 FROM pubsub_backlog AS earlier WHERE earlier.subscription = found.subscription "
        "AND earlier.key = found.key AND earlier.id < found.id AND earlier.available > ?))"
    )
    clause, given = (ordered, (now,)) if subscription.get("enableMessageOrdering") else ("", ())
    rows = cloud.store.sql(
        f"SELECT {_COLUMNS} FROM pubsub_backlog AS found WHERE subscription = ? AND available <= ?{clause} ORDER BY id LIMIT ?",  # noqa: S608
        *(name, now, *given, most),
    )
    until = now + subscription["ackDeadlineSeconds"]
    leased = [Leased(row[0], row[1], row[2] + 1, uuid.uuid4().hex, json.loads(row[4])) for row in rows]
    for one in leased:
        cloud.store.sql(
            "UPDATE pubsub_backlog SET available = ?, attempts = ?, ack = ? WHERE subscription = ? AND id = ?",
            *(until, one.attempts, one.ack, name, one.id),
        )
    watch(cloud, name)
    return leased


def acknowledge(cloud: Cloud, subscription: Body, acks: Sequence[str]) -> None:
    """Takes acknowledged messages from the backlog; unknown ids, and those of older leases, are ignored."""
    name, marks = subscription["name"], ", ".join("?" * len(acks))
    _take(cloud, subscription, f"ack IN ({marks})", *acks)
    cloud.signals.ring(topic_of(name))  # the next with the same key may come


def extend(cloud: Cloud, subscription: Body, acks: Sequence[str], more: int) -> None:
    """Extends leases; with 0 the messages are redelivered, after the retry policy's delay."""
    now, policy = cloud.clock.seconds(), subscription.get("retryPolicy")
    for ack in acks:
        row = cloud.store.row(
            "SELECT attempts FROM pubsub_backlog WHERE subscription = ? AND ack = ?", subscription["name"], ack
        )
        if row is not None:
            until = now + (more or pause(policy, row[0]))
            cloud.store.sql(
                "UPDATE pubsub_backlog SET available = ? WHERE subscription = ? AND ack = ?",
                *(until, subscription["name"], ack),
            )
    watch(cloud, subscription["name"])
    cloud.signals.ring(topic_of(subscription["name"]))


def exhausted(cloud: Cloud, name: str, most: int) -> list[Leased]:
    """Unleased messages that have reached the maximum number of delivery attempts."""
    rows = cloud.store.sql(
        f"SELECT {_COLUMNS} FROM pubsub_backlog WHERE subscription = ? AND available <= ? AND attempts >= ?",  # noqa: S608
        *(name, cloud.clock.seconds(), most),
    )
    return [Leased(row[0], row[1], row[2], row[3], json.loads(row[4])) for row in rows]


def remove(cloud: Cloud, name: str, identity: int) -> None:
    """Removes one message from a subscription."""
    cloud.store.sql("DELETE FROM pubsub_backlog WHERE subscription = ? AND id = ?", name, identity)


def seek(cloud: Cloud, subscription: Body, moment: float) -> None:
    """What was published up to a time counts as acknowledged; what was published later, and is still kept, does not."""
    name = subscription["name"]
    _take(cloud, subscription, "published <= ?", moment)
    cloud.store.sql(
        "INSERT INTO pubsub_backlog SELECT subscription, id, published, key, published, 0, '', body FROM pubsub_acknowledged "
        "WHERE subscription = ? AND published > ?",
        *(name, moment),
    )
    cloud.store.sql("DELETE FROM pubsub_acknowledged WHERE subscription = ? AND published > ?", name, moment)
    _again(cloud, name)


def forget_acknowledged(cloud: Cloud, name: str) -> None:
    """Deletes the messages that a subscription has kept although they were acknowledged."""
    cloud.store.sql("DELETE FROM pubsub_acknowledged WHERE subscription = ?", name)


def snapshot(cloud: Cloud, name: str, subscription: Body) -> None:
    """Keeps a subscription's backlog under the name of a snapshot, and from now on what is published to its topic."""
    _copy(cloud, subscription["name"], name)
    cloud.store.sql("INSERT OR IGNORE INTO pubsub_snapshots VALUES (?, ?)", subscription["topic"], name)


def snapshots(cloud: Cloud, topic: str) -> list[str]:
    """The snapshots of a topic, sorted."""
    rows = cloud.store.sql("SELECT snapshot FROM pubsub_snapshots WHERE topic = ? ORDER BY snapshot", topic)
    return [name for (name,) in rows]


def forget_snapshot(cloud: Cloud, name: str) -> None:
    """Deletes what a snapshot keeps."""
    cloud.store.sql("DELETE FROM pubsub_snapshots WHERE snapshot = ?", name)
    cloud.store.sql("DELETE FROM pubsub_backlog WHERE subscription = ?", name)


def restore(cloud: Cloud, subscription: Body, snapshot: str) -> None:
    """Gives a subscription the backlog of a snapshot instead of its own."""
    name = subscription["name"]
    _take(cloud, subscription, "TRUE")
    _copy(cloud, snapshot, name)
    cloud.store.sql(
        "DELETE FROM pubsub_acknowledged WHERE subscription = ? AND id IN (SELECT id FROM pubsub_backlog WHERE subscription = ?)",
        *(name, name),
    )
    _again(cloud, name)


def oldest_age(cloud: Cloud, name: str) -> float:
    """Seconds since the oldest message that is not acknowledged was published; 0 without one."""
    row = cloud.store.row("SELECT min(published) FROM pubsub_backlog WHERE subscription = ?", name)
    return 0.0 if row[0] is None else cloud.clock.seconds() - float(row[0])


def _take(cloud: Cloud, subscription: Body, which: str, *values: object) -> None:
    """Takes messages from a backlog; a subscription that retains acknowledged ones keeps them beside it."""
    name = subscription["name"]
    if subscription.get("retainAckedMessages"):
        cloud.store.sql(
            "INSERT OR REPLACE INTO pubsub_acknowledged SELECT subscription, id, published, key, body FROM pubsub_backlog "  # noqa: S608
            f"WHERE subscription = ? AND {which}",
            *(name, *values),
        )
    cloud.store.sql(f"DELETE FROM pubsub_backlog WHERE subscription = ? AND {which}", name, *values)  # noqa: S608


def _again(cloud: Cloud, name: str) -> None:
    """A subscription's messages are looked at again, and waiting pulls are woken."""
    cloud.due.at(API, LEASE, name, cloud.clock.seconds())
    cloud.signals.ring(topic_of(name))


def _copy(cloud: Cloud, source: str, target: str) -> None:
    cloud.store.sql(
        "INSERT INTO pubsub_backlog SELECT ?, id, published, key, published, 0, '', body FROM pubsub_backlog WHERE subscription = ?",
        *(target, source),
    )


def watch(cloud: Cloud, name: str) -> None:
    """Schedules the end of the next lease in the due queue."""
    row = cloud.store.row(
        "SELECT min(available) FROM pubsub_backlog WHERE subscription = ? AND available > ?",
        name,
        cloud.clock.seconds(),
    )
    if row[0] is not None:
        cloud.due.at(API, LEASE, name, row[0])


def pause(policy: Body | None, attempts: int) -> float:
    """Seconds until a rejected message is redelivered: none, or doubling between the policy's bounds."""
    if policy is None:
        return 0.0
    return float(
        min(
            bounds.seconds(policy["minimumBackoff"]) * 2 ** (min(attempts, 20) - 1),
            bounds.seconds(policy["maximumBackoff"]),
        )
    )


def readable(text: str) -> filters.Test:
    """A subscription's filter on message attributes; 400 when it is invalid."""
    return filters.compiled(_PREFIX.sub(r'\1="\2*"', text))


def topic_of(name: str) -> str:
    """The signal that a subscription may have new messages."""
    return f"pubsub {name}"


def undelivered(cloud: Cloud, project: str) -> Iterator[Gauge]:
    """How many messages each subscription of a project has that are not acknowledged."""
    rows = dict(cloud.store.sql("SELECT subscription, count(*) FROM pubsub_backlog GROUP BY subscription"))
    for name, _ in cloud.store.list(API, f"projects/{project}", "subscriptions"):
        labels = {"project_id": project, "subscription_id": name.rpartition("/")[2]}
        about = {"type": "pubsub_subscription", "labels": labels}
        yield Gauge("pubsub.googleapis.com/subscription/num_undelivered_messages", about, {}, rows.get(name, 0))
