"""Organization policies set on a project: boolean constraints only. None is enforced until it is set."""

from __future__ import annotations

import base64
import json

from localcloud.engine.cloud import Cloud
from localcloud.engine.interfaces import Constraints
from localcloud.engine.service import Body, Call, Handler
from localcloud.errors import aborted, invalid, unimplemented
from localcloud.services.cloudresourcemanager import projects

TABLES = """
CREATE TABLE IF NOT EXISTS org_policies (
  project TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (project, name)) WITHOUT ROWID;
"""
_PREFIX = "constraints/"


def get(call: Call) -> Body:
    """getOrgPolicy: what the project itself says of a constraint."""
    projects.get(call)
    name = _constraint(call.body)
    return _set(call.cloud, call.id, name) or {"constraint": name}


def effective(call: Call) -> Body:
    """getEffectiveOrgPolicy: what holds; nothing but the project's own policies can."""
    projects.get(call)
    name = _constraint(call.body)
    body = _set(call.cloud, call.id, name) or {"booleanPolicy": {}}
    return {"constraint": name} | {key: body[key] for key in ("booleanPolicy",) if key in body}


def list_(call: Call) -> Body:
    """listOrgPolicies: what the project itself says."""
    projects.get(call)
    rows = call.cloud.store.sql("SELECT body FROM org_policies WHERE project = ? ORDER BY name", call.id)
    return {"policies": [json.loads(text) for (text,) in rows]} if rows else {}


def set_(call: Call) -> Body:
    """setOrgPolicy: a boolean one."""
    projects.get(call)
    sent = call.body.get("policy", {})
    name = _constraint(sent)
    if "booleanPolicy" not in sent:
        raise unimplemented(f"The local cloud has boolean policies only; the one sent of {name} is none.")
    _same(call, name, sent.get("etag"))
    now = call.cloud.clock
    body = {
        "constraint": name,
        "etag": base64.b64encode(now.rfc3339().encode()).decode(),
        "updateTime": now.rfc3339(),
        "booleanPolicy": {"enforced": True} if sent["booleanPolicy"].get("enforced") else {},
    }
    call.cloud.store.sql("INSERT OR REPLACE INTO org_policies VALUES (?, ?, ?)", call.id, name, json.dumps(body))
    return body


def clear(call: Call) -> Body:
    """clearOrgPolicy: the project says nothing of a constraint any more."""
    projects.get(call)
    name = _constraint(call.body)
    _same(call, name, call.body.get("etag"))
    call.cloud.store.sql("DELETE FROM org_policies WHERE project = ? AND name = ?", call.id, name)
    return {}


def offered(cloud: Cloud) -> Constraints:
    """Whether a boolean constraint holds in a project, for services that obey it."""

    def enforced(project: str, constraint: str) -> bool:
        body = _set(cloud, project, _PREFIX + constraint)
        return body is not None and bool(body["booleanPolicy"].get("enforced"))

    return Constraints(enforced)


def _set(cloud: Cloud, project: str, name: str) -> Body | None:
    row = cloud.store.row("SELECT body FROM org_policies WHERE project = ? AND name = ?", project, name)
    return json.loads(row[0]) if row else None


def _constraint(body: Body) -> str:
    constraint: str = body.get("constraint", "")
    if not constraint.removeprefix(_PREFIX):
        raise invalid("The request names no constraint.", "constraint")
    return constraint if constraint.startswith(_PREFIX) else _PREFIX + constraint


def _same(call: Call, name: str, etag: str | None) -> None:
    body = _set(call.cloud, call.id, name) or {}
    if etag and etag != body.get("etag"):
        raise aborted(f"The policy of {name} has changed since it was read; read it again and retry.")


METHODS: dict[str, Handler] = {
    "getOrgPolicy": get,
    "getEffectiveOrgPolicy": effective,
    "listOrgPolicies": list_,
    "setOrgPolicy": set_,
    "clearOrgPolicy": clear,
}
PERMISSIONS = dict.fromkeys(METHODS, "orgpolicy.policy.get") | {
    "setOrgPolicy": "orgpolicy.policy.set",
    "clearOrgPolicy": "orgpolicy.policy.clear",
}
