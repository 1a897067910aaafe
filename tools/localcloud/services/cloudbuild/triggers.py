"""Triggers: a build and the event that starts it. They can be reached by global and regional paths, by id and by name.

Source: https://cloud.google.com/build/docs/api/reference/rest/v1/projects.locations.triggers.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any

from localcloud.engine import paging
from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body, Call
from localcloud.errors import already_exists, invalid, not_found, unimplemented
from localcloud.services.cloudbuild import accounts, builds, connections, events, names, outside, substitutions
from localcloud.services.cloudbuild.names import API
from localcloud.spec import fields

KINDS = (
    "github", "repositoryEventConfig", "triggerTemplate", "pubsubConfig", "webhookConfig", "bitbucketServerTriggerConfig",
    "developerConnectEventConfig",
)  # fmt: skip
"""The fields for a trigger's event source, of which it may have one; without any, it is run manually."""
_KEPT = ("triggerTemplate", "bitbucketServerTriggerConfig", "developerConnectEventConfig")
"""Those for repositories that the local cloud cannot have: such a trigger is stored, but never runs."""
_RECIPES = ("build", "filename", "gitFileSource", "autodetect")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[A-Za-z0-9])?")
_ANSWERED = ("id", "resourceName", "createTime")


def create(call: Call) -> Body:
    """triggers.create"""
    place = names.place(call)
    if place.endswith("/-"):
        raise invalid("A trigger must be created in a specific location.", "parent")
    sent = {key: value for key, value in call.body.items() if key not in _ANSWERED}
    if not sent.get("name"):
        sent["name"] = "trigger" if not _named(call.cloud, place, "trigger") else f"trigger-{uuid.uuid4().hex[:8]}"
    body = _checked(call, place, sent)
    if _named(call.cloud, place, body["name"]) is not None:
        raise already_exists(f"trigger with name {body['name']} already exists")
    identity = str(uuid.uuid4())
    body |= {"id": identity, "createTime": call.cloud.clock.rfc3339(), "resourceName": f"{place}/triggers/{identity}"}
    call.cloud.store.insert(API, body["resourceName"], body)
    return shown(body)


def get(call: Call) -> Body:
    """triggers.get, by id or name."""
    return shown(find(call))


def list_(call: Call) -> Body:
    """triggers.list"""
    place = names.place(call)
    size = paging.size(call.params.get("pageSize"), 500, 1000)
    after = paging.after(call.params.get("pageToken", ""), place)
    rows = call.cloud.store.list(API, place, "triggers", after, size + 1)
    page: Body = {"triggers": [shown(body) for _, body in rows[:size]]} if rows else {}
    return page | ({"nextPageToken": paging.token(rows[size - 1][0], place)} if len(rows) > size else {})


def patch(call: Call) -> Body:
    """triggers.patch: updates the masked fields; without a mask, replaces them all."""
    old = find(call)
    sent = {key: value for key, value in call.body.items() if key not in _ANSWERED}
    mask = call.params.get("updateMask", "")
    schemas = call.document.schemas
    new = fields.updated(old, sent, mask, schemas, "BuildTrigger") if mask else {"name": old["name"], **sent}
    place = old["resourceName"].rpartition("/triggers/")[0]
    body = _checked(call, place, {key: value for key, value in new.items() if key not in _ANSWERED})
    existing = _named(call.cloud, place, body["name"])
    if existing is not None and existing["id"] != old["id"]:
        raise already_exists(f"trigger with name {body['name']} already exists")
    body |= {key: old[key] for key in _ANSWERED}
    call.cloud.store.put(API, old["resourceName"], body)
    return shown(body)


def delete(call: Call) -> Body:
    """triggers.delete: keeps the trigger's builds."""
    call.cloud.store.delete(API, find(call)["resourceName"])
    return {}


def run(call: Call) -> Body:
    """triggers.run: builds the revision in the request, or else the trigger's own branch or tag."""
    trigger = find(call)
    source = call.body.get("source", call.body if call.method.request == "RepoSource" else {})
    if account := events.account_of(trigger):
        accounts.check(call.cloud, call.principal, account, call.project or "")
    if source.get("projectId", call.project) != call.project and source.get("repoName"):
        raise unimplemented("Cloud Source Repositories are not emulated by the local cloud.")
    if foreign := [kind for kind in _KEPT if kind in trigger]:
        raise unimplemented(
            f"The local cloud stores triggers with {foreign[0]} but never runs them (simulated): triggers run on pushes (github, "
            "repositoryEventConfig), messages (pubsubConfig), webhooks (webhookConfig) and manually."
        )
    body = events.by_hand(call.cloud, trigger, source, call.principal)
    return builds.operation(call.cloud, body)


def webhook(call: Call) -> Body:
    """triggers.webhook: starts the trigger's build for an external event."""
    outside.anonymous(call)
    trigger = find(call)
    outside.authorize(call, trigger)
    events.triggered(call.cloud, trigger, outside.body(call))
    return {}


def find(call: Call) -> Body:
    """The trigger that the URL refers to by id or name; 404 if there is none."""
    place, identity = names.place(call), call.id
    body = call.cloud.store.get(API, f"{place}/triggers/{identity}") or _named(call.cloud, place, identity)
    if body is None:
        raise not_found("Requested entity was not found.")
    return body


def shown(body: Body) -> Body:
    """A stored trigger as clients see it."""
    if "repositoryEventConfig" in body:
        return body | {"repositoryEventConfig": {**body["repositoryEventConfig"], "repositoryType": "GITHUB"}}
    if "triggerTemplate" in body:
        own = {"projectId": body["resourceName"].split("/")[1], "repoName": "default"}
        return body | {"triggerTemplate": own | body["triggerTemplate"]}
    return body


def _named(cloud: Cloud, place: str, name: str) -> Body | None:
    return next((body for _, body in cloud.store.list(API, place, "triggers") if body["name"] == name), None)


def _checked(call: Call, place: str, body: Body) -> Body:
    """The validated trigger; 400 if it is invalid."""
    if not _NAME.fullmatch(body["name"]):
        raise invalid(
            f"invalid trigger name {body['name']!r}: it must have 1 to 64 letters, digits and dashes, and begin and end with a letter or digit",
            "trigger.name",
        )
    kinds = [kind for kind in KINDS if kind in body]
    if len(kinds) > 1:
        raise invalid(f"a trigger may have only one source of events; this one has {' and '.join(kinds)}", "trigger")
    recipes = [one for one in _RECIPES if body.get(one)]
    if len(recipes) != 1:
        raise invalid(
            f"exactly one of build, filename, git_file_source and autodetect must be set; this trigger has {' and '.join(recipes) or 'none'}",
            "trigger",
        )
    substitutions.check(body.get("substitutions", {}))
    if other := [key for key in body.get("substitutions", {}) if key[0] != "_"]:
        raise invalid(f'substitution key "{other[0]}" does not respect format "^_[A-Z0-9_]+$"', "trigger.substitutions")
    _check_events(call, kinds[0] if kinds else "", body)
    if url := events.url_of(call.cloud, body | {"resourceName": f"{place}/triggers/"}):
        connections.check_address(call.cloud, call.principal, place.split("/")[1], url)
    if "build" in body and not body["build"].get("steps"):
        raise invalid("invalid build: no build steps are specified", "trigger.build.steps")
    if account := events.account_of(body):
        project = place.split("/")[1]
        email = accounts.named(call.cloud, project, account)
        accounts.check(call.cloud, call.principal, names.account_name(account.split("/")[1], email), project)
    return outside.checked(call, body)


def _check_events(call: Call, kind: str, body: Body) -> None:
    event: Mapping[str, Any] = body.get(kind, {})
    if kind == "repositoryEventConfig":
        connections.remote(call.cloud, event.get("repository", ""), call.project or "")
    if kind == "github" and not (event.get("owner") and event.get("name")):
        raise invalid("github must have an owner and a name", "trigger.github")
    for one in (event.get("push", {}), event.get("pullRequest", {}), body.get("triggerTemplate", {})):
        for field in ("branch", "tag", "branchName", "tagName"):
            events.pattern(one.get(field, ""), field)
    if kind in ("github", "repositoryEventConfig") and not (event.get("push") or event.get("pullRequest")):
        raise invalid(f"{kind} must have push or pull_request", f"trigger.{kind}")
    source = body.get("sourceToBuild", {})
    if source and not source.get("ref", "").startswith("refs/"):
        raise invalid("source_to_build.ref must start with refs/", "trigger.source_to_build.ref")
