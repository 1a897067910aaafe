"""Schemas and their revisions, and the topics whose messages they check.

Source: https://cloud.google.com/pubsub/docs/commit-schema-revision, …/rollback-schema, …/delete-schema-revision.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping, Sequence
from functools import lru_cache

from localcloud.engine import paging, standard
from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body, Call, Resource
from localcloud.errors import CloudError, failed_precondition, invalid, not_found, permission_denied
from localcloud.services.pubsub import definitions
from localcloud.services.pubsub.backlog import API

DELETED = "_deleted-schema_"
_MOST_REVISIONS = 20
_CONTENT = ("type", "definition", "compiledProtoSchema")


def completed(call: Call, body: Body) -> Body:
    """A new schema: 400 for a definition that cannot be read."""
    definitions.check(body)
    return {"name": body["name"], **_revision(call, body)}


def created(call: Call, body: Body) -> None:
    """Keeps the first revision."""
    _keep(call.cloud, body)


def get(call: Call) -> Body:
    """schemas.get: the newest revision, or that which the name ends with ("NAME@REVISION")."""
    name, _, revision = call.name.partition("@")
    found = _found(call.cloud, name)
    return _viewed(_at(call.cloud, name, revision) if revision else found, call, "FULL")


def list_(call: Call, resource: Resource) -> Body:
    """schemas.list: without definitions, unless they are asked for."""
    answer = standard.list_(call, resource)
    return answer | {"schemas": [_viewed(one, call, "BASIC") for one in answer["schemas"]]} if answer else {}


def revisions(call: Call) -> Body:
    """schemas.listRevisions: the newest first."""
    _found(call.cloud, call.name)
    found = [_viewed(one, call, "BASIC") for one in reversed(_revisions(call.cloud, call.name))]
    size = paging.size(call.params.get("pageSize"), 100, 1000)
    after = paging.after(call.params.get("pageToken", ""), call.path)
    rows = [(f"{at:04}", one) for at, one in enumerate(found) if f"{at:04}" > after]
    page, more = paging.cut(rows, size, lambda row: row[0], call.path)
    return {"schemas": [one for _, one in page], **more}


def commit(call: Call) -> Body:
    """schemas.commit: a new revision of the same type."""
    old, sent = _found(call.cloud, call.name), call.body.get("schema", {})
    if sent.get("type", old["type"]) != old["type"]:
        raise invalid("The type of a schema cannot change.", "schema.type")
    new = {"type": old["type"], **{field: sent[field] for field in _CONTENT if field in sent}}
    definitions.check(new)
    return _added(call, old, new)


def rollback(call: Call) -> Body:
    """schemas.rollback: a new revision with the content of an older one."""
    old = _found(call.cloud, call.name)
    revision = call.body.get("revisionId", "")
    return _added(call, old, _at(call.cloud, call.name, revision))


def delete_revision(call: Call) -> Body:
    """schemas.deleteRevision: any but the only one; the schema is then its newest revision."""
    name, _, revision = call.name.partition("@")
    revision = revision or call.params.get("revisionId", "")
    _found(call.cloud, name)
    gone = _at(call.cloud, name, revision)
    left = [one for one in _revisions(call.cloud, name) if one != gone]
    if not left:
        raise failed_precondition("A schema has at least one revision; delete the schema instead.")
    call.cloud.store.delete(API, f"{name}/revisions/{revision}")
    call.cloud.store.put(API, name, left[-1])
    return left[-1]


def deleted(call: Call, body: Body) -> None:
    """Leaves its topics with the mark of a deleted schema: nothing can be published to them."""
    for name, topic in call.cloud.store.list(API, f"projects/{call.project}", "topics"):
        settings = topic.get("schemaSettings", {})
        if settings.get("schema") == body["name"]:
            call.cloud.store.put(API, name, topic | {"schemaSettings": settings | {"schema": DELETED}})


def validate(call: Call) -> Body:
    """schemas.validate: 400 for a definition that cannot be read."""
    definitions.check(call.body.get("schema", {}))
    return {}


def validate_message(call: Call) -> Body:
    """schemas.validateMessage: 400 for a message that does not fit a schema, one that exists or one in the request."""
    encoding, name = call.body.get("encoding", ""), call.body.get("name", "")
    _check_encoding(encoding)
    schema = _found(call.cloud, call.cloud.projects.named(name)) if name else call.body.get("schema", {})
    definitions.check_message(definitions.reader(schema), base64.b64decode(call.body.get("message", "")), encoding)
    return {}


def check_settings(call: Call, topic: Body) -> Body:
    """A topic whose schema exists, and may be attached by the caller; 404 or 403 otherwise."""
    settings = topic.get("schemaSettings")
    if not settings or settings.get("schema") == DELETED:
        return topic
    name = call.cloud.projects.named(settings.get("schema", ""))
    _check_encoding(settings.get("encoding", ""))
    _found(call.cloud, name)
    if not call.cloud.iam.allowed(call.principal, "pubsub.schemas.attach", API, name, name.split("/")[1]):
        raise permission_denied(f"User not authorized to attach the schema {name}.")
    for field in ("firstRevisionId", "lastRevisionId"):
        if settings.get(field):
            _at(call.cloud, name, settings[field])
    return topic | {"schemaSettings": settings | {"schema": name}}


def checked(cloud: Cloud, topic: Body, messages: Sequence[Body]) -> list[Body]:
    """The messages as their topic's schema lets them through, each marked with the newest revision that it fits; 400 for one that fits none."""
    settings = topic.get("schemaSettings")
    if not settings:
        return list(messages)
    if settings["schema"] == DELETED:
        raise failed_precondition(f"The schema of {topic['name']} was deleted: nothing can be published to it.")
    return [_marked(cloud, settings, one) for one in messages]


def _marked(cloud: Cloud, settings: Mapping[str, str], message: Body) -> Body:
    data, problem = base64.b64decode(message.get("data", "")), definitions.unfit("no revision of the schema is allowed")
    for one in reversed(_allowed(cloud, settings)):
        try:
            compiled = tuple(sorted(one.get("compiledProtoSchema", {}).items()))
            reader = _reader(str(one["type"]), str(one.get("definition", "")), compiled)
            definitions.check_message(reader, data, settings["encoding"])
        except CloudError as error:
            problem = error
            continue
        marks = {
            "googclient_schemaencoding": settings["encoding"],
            "googclient_schemaname": settings["schema"],
            "googclient_schemarevisionid": one["revisionId"],
        }
        return message | {"attributes": message.get("attributes", {}) | marks}
    raise problem


def _allowed(cloud: Cloud, settings: Mapping[str, str]) -> list[Body]:
    """The revisions between a topic's first and last."""
    found = _revisions(cloud, settings["schema"])
    ids = [one["revisionId"] for one in found]
    first, last = settings.get("firstRevisionId"), settings.get("lastRevisionId")
    return found[ids.index(first) if first in ids else 0 : ids.index(last) + 1 if last in ids else len(ids)]


@lru_cache(maxsize=64)
def _reader(kind: str, definition: str, compiled: tuple[tuple[str, str], ...]) -> definitions.Check:
    return definitions.reader({"type": kind, "definition": definition, "compiledProtoSchema": dict(compiled)})


def _added(call: Call, old: Body, content: Body) -> Body:
    if len(_revisions(call.cloud, old["name"])) >= _MOST_REVISIONS:
        raise failed_precondition(f"A schema has at most {_MOST_REVISIONS} revisions: delete one first.")
    new = {"name": old["name"], **_revision(call, content)}
    call.cloud.store.put(API, old["name"], new)
    _keep(call.cloud, new)
    return new


def _revision(call: Call, content: Body) -> Body:
    kept = {field: content[field] for field in _CONTENT if field in content}
    return {**kept, "revisionId": uuid.uuid4().hex[:8], "revisionCreateTime": call.cloud.clock.rfc3339()}


def _keep(cloud: Cloud, body: Body) -> None:
    number = cloud.store.next("pubsub schema revisions", 1)
    cloud.store.insert(API, f"{body['name']}/revisions/{body['revisionId']}", body | {"_number": number})


def _revisions(cloud: Cloud, name: str) -> list[Body]:
    """A schema's revisions, the oldest first."""
    found = [body for _, body in cloud.store.list(API, name, "revisions")]
    ordered = sorted(found, key=lambda one: int(one["_number"]))
    return [{key: value for key, value in one.items() if key != "_number"} for one in ordered]


def _at(cloud: Cloud, name: str, revision: str) -> Body:
    for one in _revisions(cloud, name):
        if one["revisionId"] == revision:
            return one
    raise not_found(f"Resource not found (resource={name.rpartition('/')[2]}@{revision}).")


def _found(cloud: Cloud, name: str) -> Body:
    body = cloud.store.get(API, name) if "/schemas/" in name else None
    if body is None:
        raise not_found(f"Resource not found (resource={name.rpartition('/')[2]}).")
    return body


def _viewed(schema: Body, call: Call, usual: str) -> Body:
    basic = call.params.get("view", usual) == "BASIC"
    return {key: value for key, value in schema.items() if key != "definition" or not basic}


def _check_encoding(encoding: str) -> None:
    if encoding not in ("JSON", "BINARY"):
        raise invalid("The encoding must be JSON or BINARY.", "encoding")
