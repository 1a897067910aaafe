"""Dashboards: stored as sent, with one layout, an etag, and the project's number in their names."""

from __future__ import annotations

import hashlib
import json
import re
import uuid

from localcloud.engine import standard
from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body, Call, Resource
from localcloud.errors import already_exists, invalid
from localcloud.services.monitoring.names import API, missing

_LAYOUTS = ("gridLayout", "mosaicLayout", "rowLayout", "columnLayout")
_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def create(call: Call) -> Body:
    """dashboards.create: under the id that the name in the body has, or one of the server's."""
    body = _checked(call, dict(call.body))
    sent_name = call.cloud.projects.named(body.get("name", ""))
    identity = sent_name.removeprefix(f"{call.parent}/dashboards/") if sent_name else str(uuid.uuid4())
    if not _ID.fullmatch(identity):
        raise invalid(f'Dashboard name "{body["name"]}" must be {call.parent}/dashboards/ID.', "name")
    name = f"{call.parent}/dashboards/{identity}"
    if call.cloud.store.get(API, name) is not None:
        raise already_exists(f'Dashboard "{name}" already exists.')
    if call.params.get("validateOnly"):
        return _presented(call.cloud, body | {"name": name})
    return _presented(call.cloud, standard.add_child(call, RESOURCE, name, body))


def _checked(_: Call, body: Body) -> Body:
    if not body.get("displayName"):
        raise missing("dashboard.display_name")
    layouts = [name for name in _LAYOUTS if name in body]
    if len(layouts) > 1:
        text = f"Invalid value at 'dashboard' (oneof), oneof field 'layout' is already set. Cannot set '{layouts[1]}'"
        raise invalid(text, "dashboard")
    if not layouts:
        raise missing("dashboard.layout")
    return body


def _presented(cloud: Cloud, body: Body) -> Body:
    return body | {"name": cloud.projects.numbered(body["name"])}


def _etag(body: Body) -> str:
    content = {key: value for key, value in body.items() if key != "etag"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]


RESOURCE = Resource(
    kind="Dashboard",
    changed=lambda call, _, new: _checked(call, new),
    present=_presented,
    etag=_etag,
    missing="Requested entity was not found.",
)
