"""HMAC keys of service accounts: their metadata; the secret is shown once, kept nowhere, and signs nothing here (simulated).

Source: cloud.google.com/storage/docs/json_api/v1/projects/hmacKeys.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from typing import Any

from localcloud.engine import paging
from localcloud.engine.exchange import Reply
from localcloud.engine.iam import acting
from localcloud.engine.service import Body, Call
from localcloud.errors import not_found
from localcloud.services.storage import access, refusals
from localcloud.services.storage.times import rfc3339
from localcloud.spec.timestamps import parse

API = "storage"
_MOST = 10
_KEPT_DAYS = 30


def create(call: Call) -> Body:
    """storage.projects.hmacKeys.create"""
    project = _project(call, "create")
    email = call.params["serviceAccountEmail"]
    owner = acting.account(call.cloud, email, project).split("/")[1]
    if owner != project or not acting.exists(call.cloud, email, project):
        raise not_found(f"Service Account '{email}' not found.")
    mine = [body for body in _rows(call, project) if body["serviceAccountEmail"] == email and _usable(body)]
    if len(mine) >= _MOST:
        raise refusals.invalid(f"A service account may have {_MOST} HMAC keys; '{email}' has them all.")
    access_id = "GOOG1E" + base64.b32encode(secrets.token_bytes(35)).decode()[:55]
    now = rfc3339(call.cloud.clock.now())
    body = {
        "id": f"{project}/{access_id}",
        "accessId": access_id,
        "projectId": project,
        "serviceAccountEmail": email,
        "state": "ACTIVE",
        "timeCreated": now,
        "updated": now,
    }
    call.cloud.store.insert(API, _name(project, access_id), body)
    secret = base64.b64encode(secrets.token_bytes(30)).decode()
    return {"kind": "storage#hmacKey", "metadata": _shown(call, body), "secret": secret}


def get(call: Call) -> Body:
    """storage.projects.hmacKeys.get"""
    return _shown(call, _found(call, _project(call, "get")))


def list_(call: Call) -> Body:
    """storage.projects.hmacKeys.list"""
    project, params = _project(call, "list"), call.params
    email, question = params.get("serviceAccountEmail"), f"HMAC keys of {project}"
    after = paging.after(params.get("pageToken", ""), question)
    limit = paging.size(params.get("maxResults"), 250, 250)
    keys = [
        body
        for body in _rows(call, project)
        if body["accessId"] > after
        and email in {None, body["serviceAccountEmail"]}
        and (_usable(body) or params.get("showDeletedKeys"))
    ]
    page, more = paging.cut(keys, limit, lambda body: str(body["accessId"]), question)
    items = {"items": [_shown(call, body) for body in page]} if page else {}
    return {"kind": "storage#hmacKeysMetadata", **items, **more}


def update(call: Call) -> Body:
    """storage.projects.hmacKeys.update: only the state can change, between ACTIVE and INACTIVE"""
    project = _project(call, "update")
    body, state = _found(call, project), call.body.get("state")
    if state not in {"ACTIVE", "INACTIVE"}:
        raise refusals.invalid(f"Invalid argument. '{state}' is not a state that an HMAC key can be given.")
    if not _usable(body):
        raise refusals.invalid("A deleted HMAC key cannot be changed.")
    if call.body.get("etag") not in {None, _etag(body)}:
        raise refusals.condition_not_met()
    return _shown(call, _saved(call, project, body | {"state": state}))


def delete(call: Call) -> Reply:
    """storage.projects.hmacKeys.delete: only inactive keys; a deleted one remains visible for a while"""
    project = _project(call, "delete")
    body = _found(call, project)
    if body["state"] != "INACTIVE":
        raise refusals.invalid(f"Cannot delete keys in '{body['state']}' state")
    _saved(call, project, body | {"state": "DELETED"})
    return Reply(status=204)


def _project(call: Call, verb: str) -> str:
    project = call.cloud.projects.id_of(call.params["projectId"])
    access.require_in_project(call, project, f"storage.hmacKeys.{verb}")
    return project


def _name(project: str, access_id: str) -> str:
    return f"projects/{project}/hmacKeys/{access_id}"


def _rows(call: Call, project: str) -> list[Body]:
    rows = (body for _, body in call.cloud.store.list(API, f"projects/{project}", "hmacKeys"))
    return [body for body in rows if not _forgotten(call, body)]


def _found(call: Call, project: str) -> Body:
    body = call.cloud.store.get(API, _name(project, call.params["accessId"]))
    if body is None or _forgotten(call, body):
        raise not_found("Access ID not found in project.")
    return body


def _forgotten(call: Call, body: Body) -> bool:
    return not _usable(body) and (call.cloud.clock.now() - parse(body["updated"])).days >= _KEPT_DAYS


def _usable(body: Mapping[str, Any]) -> bool:
    return bool(body["state"] != "DELETED")


def _saved(call: Call, project: str, body: Body) -> Body:
    body = body | {"updated": rfc3339(call.cloud.clock.now())}
    call.cloud.store.put(API, _name(project, body["accessId"]), body)
    return body


def _etag(body: Mapping[str, Any]) -> str:
    digest = hashlib.sha256(f"{body['state']} {body['updated']}".encode()).digest()
    return base64.b64encode(digest[:8]).decode()


def _shown(call: Call, body: Body) -> Body:
    link = f"{call.base}/storage/v1/projects/{body['projectId']}/hmacKeys/{body['accessId']}"
    return {"kind": "storage#hmacKeyMetadata", "selfLink": link, **body, "etag": _etag(body)}
