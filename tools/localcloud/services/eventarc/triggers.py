"""Triggers: which events go where, as whom. The rules of a trigger are here; transport.py makes what carries its events."""

from __future__ import annotations

import re

from localcloud.engine import lro, standard
from localcloud.engine.iam import acting
from localcloud.engine.labels import problem as labels_problem
from localcloud.engine.service import Body, Call, Resource
from localcloud.errors import CloudError, aborted, invalid, not_found, permission_denied, unimplemented
from localcloud.services.eventarc import providers, transport
from localcloud.services.eventarc.transport import API

RECEIVE = "eventarc.events.receiveEvent"
_FUNCTIONS = "cloudfunctions"
_ELSEWHERE = ("gke", "workflow", "httpEndpoint", "networkConfig")
_TRANSPORT_FIELDS = ("eventFilters", "destination", "serviceAccount", "retryPolicy")
_TOPIC = re.compile(r"projects/[a-z0-9:.-]+/topics/[A-Za-z][A-Za-z0-9._~+%-]{2,254}")
_NAME = re.compile(r"[a-z0-9-]+")
_AUDITED = "google.cloud.audit.log.v1.written"


def completed(call: Call, body: Body) -> Body:
    """A new trigger, validated, with its transport made."""
    body = {"eventDataContentType": "application/json", **_checked(call, body)}
    if call.params.get("validateOnly"):
        transport.check(call.cloud, body)
    elif call.cloud.store.get(API, body["name"]) is None:  # otherwise it is refused next
        return transport.create(call.cloud, body)
    return body


def changed(call: Call, old: Body, new: Body) -> Body:
    """A patched trigger; its transport follows what changed."""
    new = _checked(call, new | {"transport": old["transport"]})
    if call.params.get("validateOnly") or all(new.get(field) == old.get(field) for field in _TRANSPORT_FIELDS):
        return new
    return transport.update(call.cloud, old, new)


def delete(call: Call) -> Body:
    """triggers.delete: its transport is deleted, too; the operation's response is the trigger."""
    if call.params.get("allowMissing") and call.cloud.store.get(API, call.name) is None:
        return lro.finished(call, kind=RESOURCE.kind)
    body = standard.existing(call, RESOURCE)
    if call.params.get("etag", body["etag"]).strip('"') != body["etag"].strip('"'):
        raise aborted(f"The etag of {call.name} is {body['etag']}: it has changed. Read the trigger again and retry.")
    if not call.params.get("validateOnly"):
        transport.delete(call.cloud, body)
        standard.remove(call.cloud, API, call.name)
    return lro.finished(call, body, kind=RESOURCE.kind)


def kind_of(body: Body) -> str:
    """The type of event of a trigger."""
    filters = body.get("eventFilters", ())
    return next((str(one.get("value", "")) for one in filters if one.get("attribute") == "type"), "")


def _checked(call: Call, body: Body) -> Body:
    if problem := labels_problem(body.get("labels", {}), "trigger"):
        raise invalid(problem, "trigger.labels")
    _check_filters(body)
    topic = body.get("transport", {}).get("pubsub", {}).get("topic", "")
    if topic and not _TOPIC.fullmatch(topic):
        raise invalid(
            f"Topic {topic!r} must have the form projects/PROJECT/topics/TOPIC.", "trigger.transport.pubsub.topic"
        )
    if "topic" in body.get("transport", {}).get("pubsub", {}) and kind_of(body) != providers.PUBLISHED:
        text = f"A transport topic may be given for events of the type {providers.PUBLISHED} only."
        if "transport" not in (call.cloud.store.get(API, body["name"]) or {}):
            raise invalid(text, "trigger.transport.pubsub.topic")
    if body.get("retryPolicy", {}).get("maxAttempts", 1) != 1:
        raise invalid("The only valid value of max_attempts is 1.", "trigger.retry_policy.max_attempts")
    if email := body.get("serviceAccount", "").rpartition("/")[2]:
        body = body | {"serviceAccount": email}
        _check_account(call, email, kind_of(body))
    return body | {"destination": _destination(call, body)}


def _check_filters(body: Body) -> None:
    """400 unless there is one known type, and what else events of that type are filtered by."""
    filters = body.get("eventFilters", [])
    named = [one.get("attribute", "") for one in filters]
    kind = kind_of(body)
    field = "trigger.event_filters"
    if not all(one.get("attribute") and one.get("value") for one in filters):
        raise invalid("Each of trigger.event_filters must have an attribute and a value.", field)
    if len(set(named)) != len(named):
        raise invalid("trigger.event_filters may name each attribute once.", field)
    if not kind:
        raise invalid("trigger.event_filters must have a filter for the attribute type.", field)
    if kind == _AUDITED:
        raise unimplemented("The local cloud sends no audit logs to triggers: use events of Cloud Storage or Pub/Sub.")
    if not providers.known(kind):
        raise invalid(
            f"invalid value for attribute 'type' in trigger.event_filters: {kind} is not a known type.", field
        )
    if any(one.get("operator") for one in filters):
        raise invalid(f"No attribute of {kind} can be filtered by a path pattern.", field)
    allowed = {"type"} if kind == providers.PUBLISHED else {"type", "bucket"}
    if unknown := sorted(set(named) - allowed):
        raise invalid(f"invalid attribute '{unknown[0]}' in trigger.event_filters for the type {kind}.", field)
    if missing := sorted(allowed - set(named)):
        raise invalid(f"trigger.event_filters must have a filter for the attribute {missing[0]}.", field)


def _check_account(call: Call, email: str, kind: str) -> None:
    """The account must exist, the caller may act as it, and it may receive events that do not come from Pub/Sub."""
    project, cloud = call.project or "", call.cloud
    if not acting.exists(cloud, email, project):
        raise not_found(f"Service account {email} does not exist.")
    if not acting.may(cloud, call.principal, email, project):
        raise permission_denied(
            f'The principal (user or service account) lacks IAM permission "{acting.ACT_AS}" for the resource "{email}" (or the '
            "resource may not exist)."
        )
    where = f"projects/{project}"
    if kind != providers.PUBLISHED and not cloud.iam.allowed(
        f"serviceAccount:{email}", RECEIVE, "cloudresourcemanager", where, project
    ):
        raise permission_denied(f'Permission "{RECEIVE}" denied on "{email}"')


def _destination(call: Call, body: Body) -> Body:
    """Where events go, completed; 400 or 404 if that is no service of Cloud Run in the project."""
    sent, cloud = dict(body.get("destination", {})), call.cloud
    if elsewhere := [name for name in _ELSEWHERE if name in sent]:
        raise unimplemented(f"The local cloud sends events to services of Cloud Run only, not to {elsewhere[0]}.")
    if "cloudFunction" in sent:
        if call.principal != cloud.agents.member(_FUNCTIONS, call.project or ""):
            text = "trigger.destination.cloud_function is set by Cloud Functions only: create a function with an event_trigger."
            raise invalid(text, "trigger.destination.cloud_function")
        return sent
    service = dict(sent.get("cloudRun", {}))
    if not service.get("service"):
        raise invalid("trigger.destination.cloud_run.service is required.", "trigger.destination.cloud_run.service")
    service["service"] = service["service"].rpartition("/")[2]
    service.setdefault("region", body["name"].split("/")[3])
    for field in ("service", "region"):
        if not _NAME.fullmatch(service[field]):
            name = f"trigger.destination.cloud_run.{field}"
            raise invalid(f"{name} has {service[field]!r}, which has other characters than a-z, 0-9 and hyphens.", name)
    sent["cloudRun"] = service
    try:
        transport.target(cloud, body | {"destination": sent})
    except CloudError as problem:
        raise CloudError(
            problem.code,
            problem.status,
            f'Cloud Run service "{service["service"]}" in {service["region"]} could not be validated. Please verify that the service exists '
            f"and that the Eventarc service account has permission. {problem.message}",
        ) from None
    return sent


RESOURCE = Resource(
    kind="Trigger",
    id_param="triggerId",
    id_rule=r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?",
    complete=completed,
    changed=changed,
    immutable=("channel",),
    iam=True,
)
