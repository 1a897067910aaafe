"""Pub/Sub: topics, subscriptions, and the messages between them."""

from __future__ import annotations

from functools import partial

from localcloud.engine.iam import roles
from localcloud.engine.interfaces import Publishing
from localcloud.engine.service import Endpoints, Permission, Resource, Service, Worker
from localcloud.services.pubsub import backlog, push, schemas, snapshots, subscriptions, topics, updates
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
SCHEMA = Resource(
    kind="Schema",
    id_param="schemaId",
    id_rule=topics.ID_RULE,
    id_error=topics.ID_ERROR,
    complete=schemas.completed,
    created=schemas.created,
    delete=schemas.deleted,
    taken=_TAKEN,
    missing=_MISSING,
    iam=True,
)
SNAPSHOT = Resource(
    kind="Snapshot",
    id_rule=topics.ID_RULE,
    id_error=topics.ID_ERROR,
    changed=snapshots.changed,
    present=snapshots.present,
    delete=snapshots.deleted,
    immutable=("topic",),
    taken=_TAKEN,
    missing=_MISSING,
    iam=True,
)
_TOPICS, _SUBSCRIPTIONS = f"{API}.projects.topics", f"{API}.projects.subscriptions"
_SCHEMAS, _SNAPSHOTS = f"{API}.projects.schemas", f"{API}.projects.snapshots"
_CONSUMING = {
    "pull": subscriptions.pull,
    "acknowledge": subscriptions.acknowledge,
    "modifyAckDeadline": subscriptions.modify_deadline,
    "seek": subscriptions.seek,
}


def _in_project(permission: str) -> Permission:
    """A permission in the call's project: what the method names does not exist yet, or is none of its resources."""
    return lambda call: [(permission, f"projects/{call.project}")]


SERVICE = Service(
    api=API,
    title="Cloud Pub/Sub API",
    agent="service-{number}@gcp-sa-pubsub.iam.gserviceaccount.com",
    audited={
        "projects.topics": "google.pubsub.v1.Publisher.*Topic",
        "projects.subscriptions": "google.pubsub.v1.Subscriber.*Subscription",
        "projects.schemas": "google.pubsub.v1.SchemaService.*Schema",
        f"{_SCHEMAS}.deleteRevision": "google.pubsub.v1.SchemaService.DeleteSchemaRevision",
        "projects.snapshots": "google.pubsub.v1.Subscriber.*Snapshot",
        f"{_SUBSCRIPTIONS}.modifyPushConfig": "google.pubsub.v1.Subscriber.ModifyPushConfig",
        f"{_SUBSCRIPTIONS}.detach": "google.pubsub.v1.Publisher.DetachSubscription",
        **{
            f"{API}.projects.{kind}.setIamPolicy": "google.iam.v1.IAMPolicy.SetIamPolicy"
            for kind in ("topics", "subscriptions", "schemas", "snapshots")
        },
    },
    roles=roles.beside(__file__),
    endpoints=Endpoints(terraform={"PUBSUB": "v1/"}, gcloud=""),
    resources={
        "projects.topics": TOPIC,
        "projects.subscriptions": SUBSCRIPTION,
        "projects.schemas": SCHEMA,
        "projects.snapshots": SNAPSHOT,
    },
    methods={
        f"{_TOPICS}.patch": partial(updates.patched, resource=TOPIC),
        f"{_TOPICS}.publish": topics.publish,
        f"{_TOPICS}.subscriptions.list": topics.subscriptions,
        f"{_TOPICS}.snapshots.list": snapshots.of_topic,
        f"{_SCHEMAS}.get": schemas.get,
        f"{_SCHEMAS}.list": partial(schemas.list_, resource=SCHEMA),
        f"{_SCHEMAS}.listRevisions": schemas.revisions,
        f"{_SCHEMAS}.commit": schemas.commit,
        f"{_SCHEMAS}.rollback": schemas.rollback,
        f"{_SCHEMAS}.deleteRevision": schemas.delete_revision,
        f"{_SCHEMAS}.validate": schemas.validate,
        f"{_SCHEMAS}.validateMessage": schemas.validate_message,
        f"{_SNAPSHOTS}.create": partial(snapshots.create, resource=SNAPSHOT),
        f"{_SNAPSHOTS}.patch": partial(updates.patched, resource=SNAPSHOT),
        f"{_SUBSCRIPTIONS}.patch": partial(updates.patched, resource=SUBSCRIPTION),
        f"{_SUBSCRIPTIONS}.modifyPushConfig": subscriptions.modify_push,
        f"{_SUBSCRIPTIONS}.detach": subscriptions.detach,
        **{f"{_SUBSCRIPTIONS}.{verb}": method for verb, method in _CONSUMING.items()},
    },
    permissions={
        f"{_TOPICS}.subscriptions.list": "pubsub.topics.attachSubscription",
        f"{_TOPICS}.snapshots.list": "pubsub.topics.attachSubscription",
        f"{_SCHEMAS}.deleteRevision": "pubsub.schemas.delete",
        f"{_SCHEMAS}.validate": _in_project("pubsub.schemas.validate"),
        f"{_SCHEMAS}.validateMessage": _in_project("pubsub.schemas.validate"),
        f"{_SNAPSHOTS}.create": _in_project("pubsub.snapshots.create"),
        f"{_SUBSCRIPTIONS}.modifyPushConfig": "pubsub.subscriptions.update",
        f"{_SUBSCRIPTIONS}.detach": "pubsub.topics.detachSubscription",
        **{f"{_SUBSCRIPTIONS}.{verb}": "pubsub.subscriptions.consume" for verb in _CONSUMING},
    },
    tables=backlog.TABLES,
    proto="google.pubsub.v1",
    data_access=(f"{_TOPICS}.publish", *(f"{_SUBSCRIPTIONS}.{verb}" for verb in _CONSUMING)),
    due={
        backlog.LEASE: subscriptions.looked_at,
        subscriptions.EXPIRY: subscriptions.expired,
        snapshots.EXPIRY: snapshots.expired,
    },
    workers={push.KIND: Worker(push.run, again=True)},
    gauges=backlog.undelivered,
    offers=lambda cloud: (Publishing(partial(topics.announce, cloud), partial(topics.check, cloud)),),
)
