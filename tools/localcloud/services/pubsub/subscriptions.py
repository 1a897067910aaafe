"""Subscriptions: created by a PUT, pull or push, with acknowledgement deadlines, dead letters and expiry."""

from __future__ import annotations

from localcloud.engine import labels, standard
from localcloud.engine.cloud import Cloud
from localcloud.engine.exchange import Reply, Wait
from localcloud.engine.service import Body, Call
from localcloud.errors import CloudError, failed_precondition, invalid, not_found
from localcloud.services.pubsub import backlog, bounds, push, snapshots, topics
from localcloud.services.pubsub.backlog import API
from localcloud.spec import timestamps

EXPIRY = "expiry"
IMMUTABLE = ("topic", "filter", "enableMessageOrdering")
_DAY = 86_400
_LONGEST_PULL = 10.0


def completed(call: Call, body: Body) -> Body:
    """A new subscription in its stored form; 404 without its topic."""
    topic = call.cloud.projects.named(body.get("topic", ""))
    if call.cloud.store.get(API, topic) is None:
        raise not_found(f"Resource not found (resource={topic.rpartition('/')[2]}).")
    if not call.cloud.iam.allowed(call.principal, "pubsub.topics.attachSubscription", API, topic, topic.split("/")[1]):
        raise CloudError(
            403, "PERMISSION_DENIED", f"User not authorized to attach a subscription to {topic}.", "forbidden"
        )
    return _checked(call, body | {"topic": topic, "state": "ACTIVE"})


def created(call: Call, body: Body) -> None:
    """Attaches a new subscription to its topic."""
    backlog.attach(call.cloud, body["name"], body["topic"])
    _used(call.cloud, body)


def changed(call: Call, old: Body, new: Body) -> Body:
    """A changed subscription in its stored form."""
    new = _checked(call, new, old)
    _used(call.cloud, new)
    if not new.get("retainAckedMessages"):
        backlog.forget_acknowledged(call.cloud, new["name"])
    return new


def deleted(call: Call, body: Body) -> None:
    """Deletes the messages of a deleted subscription."""
    backlog.detach(call.cloud, body["name"])


def expired(cloud: Cloud, name: str, _moment: float) -> None:
    """Deletes a subscription that was unused for as long as its policy allows."""
    backlog.detach(cloud, name)
    standard.remove(cloud, API, name)


def pull(call: Call) -> Body | Reply:
    """subscriptions.pull: messages, each leased until the deadline; waits a while if there are none."""
    subscription = _found(call)
    most = call.body.get("maxMessages", 0)
    if most < 1:
        raise invalid("You have passed an invalid argument to the service (argument=max_messages).", "max_messages")
    if subscription.get("pushConfig", {}).get("pushEndpoint"):
        raise failed_precondition("This method is not supported for this subscription type.")
    _used(call.cloud, subscription)
    counted = "deadLetterPolicy" in subscription
    messages = [
        {"ackId": one.ack, "message": one.message} | ({"deliveryAttempt": one.attempts} if counted else {})
        for one in backlog.lease(call.cloud, subscription, min(most, 1000))
    ]
    if messages:
        return {"receivedMessages": messages}
    if call.body.get("returnImmediately"):
        return {}
    return Reply(body={}, wait=Wait(backlog.topic_of(subscription["name"]), _LONGEST_PULL))


def acknowledge(call: Call) -> Body:
    """subscriptions.acknowledge: the messages were processed."""
    backlog.acknowledge(call.cloud, _found(call), _acks(call))
    return {}


def modify_deadline(call: Call) -> Body:
    """subscriptions.modifyAckDeadline: more time, or none."""
    seconds = call.body.get("ackDeadlineSeconds", 0)
    _check_deadline(seconds, 0)
    backlog.extend(call.cloud, _found(call), _acks(call), seconds)
    return {}


def modify_push(call: Call) -> Body:
    """subscriptions.modifyPushConfig: to push, or to pull with an empty one."""
    body = _checked(call, _found(call) | {"pushConfig": call.body.get("pushConfig", {})})
    call.cloud.store.put(API, body["name"], body)
    call.cloud.due.after(API, backlog.LEASE, body["name"], 0)
    return {}


def detach(call: Call) -> Body:
    """subscriptions.detach: no more messages; the backlog is deleted."""
    body = _found(call)
    backlog.detach(call.cloud, body["name"])
    call.cloud.store.put(API, body["name"], body | {"detached": True})
    return {}


def seek(call: Call) -> Body:
    """subscriptions.seek: to a snapshot's backlog, or to a time, before which everything counts as acknowledged, and nothing after it."""
    subscription, moment = _found(call), call.body.get("time")
    if moment:
        backlog.seek(call.cloud, subscription, timestamps.parse(moment).timestamp())
    else:
        snapshot = snapshots.found(call, subscription, call.body.get("snapshot", ""))
        backlog.restore(call.cloud, subscription, snapshot["name"])
    return {}


def looked_at(cloud: Cloud, name: str, _moment: float) -> None:
    """A lease has ended or messages have arrived: handles dead letters, starts pushes, and wakes waiting pulls."""
    subscription = cloud.store.get(API, name)
    if subscription is None:
        return
    policy = subscription.get("deadLetterPolicy")
    if policy is not None:
        _bury(cloud, subscription, policy)
    if subscription.get("pushConfig", {}).get("pushEndpoint"):
        push.begin(cloud, subscription)
    backlog.watch(cloud, name)
    cloud.signals.ring(backlog.topic_of(name))


def _bury(cloud: Cloud, subscription: Body, policy: Body) -> None:
    """Dead letters are published by Pub/Sub's agent; where it may not, the messages stay and come again, as at Google."""
    topic, name = policy["deadLetterTopic"], subscription["name"]
    agent = cloud.agents.member(API, name.split("/")[1])
    for one in backlog.exhausted(cloud, name, policy["maxDeliveryAttempts"]):
        try:
            topics.check(cloud, agent, topic)
        except CloudError:
            return
        backlog.publish(cloud, topic, [topics.dead(one.message, subscription, one.attempts)])
        backlog.remove(cloud, name, one.id)


def _found(call: Call) -> Body:
    body = call.cloud.store.get(API, call.name)
    if body is None:
        raise not_found(f"Resource not found (resource={call.id}).")
    return body


def _acks(call: Call) -> list[str]:
    acks = call.body.get("ackIds", [])
    if not acks:
        raise invalid("You have not specified an ack ID in the request.", "ack_ids")
    for one in acks:
        if not backlog.ACK.fullmatch(one):
            raise invalid(f"You have passed an invalid ack ID to the service (ack_id={one}).", "ack_ids")
    return list(acks)


def _check_deadline(seconds: int, least: int) -> None:
    if not least <= seconds <= 600:
        raise invalid(
            f"Invalid ack deadline given (ack_deadline={seconds}). The ack deadline must be between {least} and 600 seconds.",
            "ack_deadline_seconds",
        )


def _used(cloud: Cloud, body: Body) -> None:
    ttl = body.get("expirationPolicy", {}).get("ttl")
    if ttl:
        cloud.due.after(API, EXPIRY, body["name"], bounds.seconds(ttl))
    else:
        cloud.due.forget(API, body["name"], EXPIRY)


def _checked(call: Call, body: Body, old: Body | None = None) -> Body:
    body = {
        "ackDeadlineSeconds": 10,
        "messageRetentionDuration": f"{7 * _DAY}s",
        "expirationPolicy": {"ttl": f"{31 * _DAY}s"},
        "pushConfig": {},
        **body,
    }
    body["ackDeadlineSeconds"] = body["ackDeadlineSeconds"] or 10
    if "retryPolicy" in body:
        body["retryPolicy"] = {"minimumBackoff": "10s", "maximumBackoff": "600s", **body["retryPolicy"]}
    if "deadLetterPolicy" in body:
        body["deadLetterPolicy"] = _dead_letters(call, body["deadLetterPolicy"])
    _check_deadline(body["ackDeadlineSeconds"], 10)
    bounds.check(body)
    if problem := labels.problem(body.get("labels", {}), "subscription"):
        raise invalid(problem, "labels")
    backlog.readable(body.get("filter", ""))
    if old is None or body["pushConfig"] != old["pushConfig"]:
        push.check(call, body["pushConfig"])
    return body


def _dead_letters(call: Call, policy: Body) -> Body:
    policy = {"maxDeliveryAttempts": 5, **policy}
    if not policy.get("deadLetterTopic"):
        raise invalid("dead_letter_policy.dead_letter_topic is missing.", "dead_letter_policy")
    if not 5 <= policy["maxDeliveryAttempts"] <= 100:
        raise invalid("dead_letter_policy.max_delivery_attempts must be between 5 and 100.", "dead_letter_policy")
    return policy | {"deadLetterTopic": call.cloud.projects.named(policy["deadLetterTopic"])}
