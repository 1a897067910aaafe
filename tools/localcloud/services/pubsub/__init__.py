"""Pub/Sub: topics, subscriptions, and the messages between them."""

from __future__ import annotations

from functools import partial

from localcloud.engine.iam import roles
from localcloud.engine.interfaces import Publishing
from localcloud.engine.service import Endpoints, Resource, Service, Worker
from localcloud.services.pubsub import backlog, push, subscriptions, topics, updates
from localcloud.services.pubsub.backlog import API

_TAKEN = "Resource already exists in the project (resource={id})."
_MISSING = "Resource not found (resource={id})."
TOPIC = Resource(
    kind="Topic",
    id_rule=topics.ID_RULE,
    id_error=topics.ID_ERROR,
    complete=topics.completed,
    changed=topics.changed,
    delete=topics.deleted,
    taken=_TAKEN,
    missing=_MISSING,
    iam=True,
)
SUBSCRIPTION = Resource(
    kind="Subscription",
    id_rule=topics.ID_RULE,
    id_error=topics.ID_ERROR,
    complete=subscriptions.completed,
    created=subscriptions.created,
    changed=subscriptions.changed,
    delete=subscriptions.deleted,
    immutable=subscriptions.IMMUTABLE,
    taken=_TAKEN,
    missing=_MISSING,
    iam=True,
)
_TOPICS, _SUBSCRIPTIONS = f"{API}.projects.topics", f"{API}.projects.subscriptions"
_CONSUMING = {
    "pull": subscriptions.pull,
    "acknowledge": subscriptions.acknowledge,
    "modifyAckDeadline": subscriptions.modify_deadline,
    "seek": subscriptions.seek,
}


SERVICE = Service(
    api=API,
    title="Cloud Pub/Sub API",
    agent="service-{number}@gcp-sa-pubsub.iam.gserviceaccount.com",
    audited={
        "projects.topics": "google.pubsub.v1.Publisher.*Topic",
        "projects.subscriptions": "google.pubsub.v1.Subscriber.*Subscription",
        f"{_SUBSCRIPTIONS}.modifyPushConfig": "google.pubsub.v1.Subscriber.ModifyPushConfig",
        f"{_SUBSCRIPTIONS}.detach": "google.pubsub.v1.Publisher.DetachSubscription",
        **{
            f"{API}.projects.{kind}.setIamPolicy": "google.iam.v1.IAMPolicy.SetIamPolicy"
            for kind in ("topics", "subscriptions")
        },
    },
    roles=roles.beside(__file__),
    endpoints=Endpoints(terraform={"PUBSUB": "v1/"}, gcloud=""),
    resources={"projects.topics": TOPIC, "projects.subscriptions": SUBSCRIPTION},
    methods={
        f"{_TOPICS}.patch": partial(updates.patched, resource=TOPIC),
        f"{_TOPICS}.publish": topics.publish,
        f"{_TOPICS}.subscriptions.list": topics.subscriptions,
        f"{_SUBSCRIPTIONS}.patch": partial(updates.patched, resource=SUBSCRIPTION),
        f"{_SUBSCRIPTIONS}.modifyPushConfig": subscriptions.modify_push,
        f"{_SUBSCRIPTIONS}.detach": subscriptions.detach,
        **{f"{_SUBSCRIPTIONS}.{verb}": method for verb, method in _CONSUMING.items()},
    },
    permissions={
        f"{_TOPICS}.subscriptions.list": "pubsub.topics.attachSubscription",
        f"{_SUBSCRIPTIONS}.modifyPushConfig": "pubsub.subscriptions.update",
        f"{_SUBSCRIPTIONS}.detach": "pubsub.topics.detachSubscription",
        **{f"{_SUBSCRIPTIONS}.{verb}": "pubsub.subscriptions.consume" for verb in _CONSUMING},
    },
    tables=backlog.TABLES,
    proto="google.pubsub.v1",
    data_access=(f"{_TOPICS}.publish", *(f"{_SUBSCRIPTIONS}.{verb}" for verb in _CONSUMING)),
    due={backlog.LEASE: subscriptions.looked_at, subscriptions.EXPIRY: subscriptions.expired},
    workers={push.KIND: Worker(push.run, again=True)},
    offers=lambda cloud: (Publishing(partial(topics.announce, cloud), partial(topics.check, cloud)),),
)
