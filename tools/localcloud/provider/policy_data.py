"""IAM policies as JSON text, as configurations and states hold them, ordered as hashicorp/google orders them."""

from __future__ import annotations

import json
from typing import Any

from localcloud.provider import principals
from localcloud.provider.values import Value

Policy = dict[str, Any]
_KEPT = ("auditConfigs", "bindings")
# Go's encoder escapes these so that the JSON is safe to embed in HTML.
_ESCAPED = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def written(policy: Policy) -> str:
    """The JSON text of a policy's bindings and audit settings, without empty fields."""
    kept = {name: policy[name] for name in _KEPT if policy.get(name)}
    text = json.dumps(_dense(kept), ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return text.translate(_ESCAPED)


def parsed(text: str) -> Policy:
    """The policy in a JSON text; raises ValueError if it is not one."""
    policy = json.loads(text)
    bindings = (policy.get("bindings") or []) if isinstance(policy, dict) else None
    if not isinstance(bindings, list) or not all(_is_binding(one) for one in bindings):
        raise ValueError("it must be an object, and its bindings a list of objects with a role and members")
    found: Policy = policy
    return found


def same(old: str, new: str) -> bool:
    """Whether two texts mean the same policy, in any order; text that is no policy equals nothing."""
    if not old or not new:
        return old == new
    try:
        one, other = parsed(old), parsed(new)
    except ValueError:
        return False
    plain = [(policy.get("etag") or "", policy.get("version") or 0) for policy in (one, other)]
    return plain[0] == plain[1] and _grants(one) == _grants(other) and _audited(one) == _audited(other)


def condition_key(binding: Policy) -> tuple[str, ...]:
    """A condition's title, description and expression, which identify it; three empty strings without one."""
    condition = binding.get("condition") or {}
    return tuple(condition.get(name) or "" for name in ("title", "description", "expression"))


def _is_binding(value: Value) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("role", ""), str):
        return False
    members = value.get("members") or []
    return isinstance(members, list) and all(isinstance(one, str) for one in members)


def _grants(policy: Policy) -> dict[tuple[str, ...], set[str]]:
    """(role, condition) -> members, for bindings that have any."""
    grants: dict[tuple[str, ...], set[str]] = {}
    for one in policy.get("bindings") or []:
        if one.get("members"):
            key = (one.get("role") or "", *condition_key(one))
            grants.setdefault(key, set()).update(map(principals.normal, one["members"]))
    return grants


def _audited(policy: Policy) -> dict[tuple[str, str], set[str]]:
    """(service, log type) -> exempted members."""
    exempted: dict[tuple[str, str], set[str]] = {}
    for one in policy.get("auditConfigs") or []:
        for log in one.get("auditLogConfigs") or [{}]:
            key = (one.get("service") or "", log.get("logType") or "")
            exempted.setdefault(key, set()).update(log.get("exemptedMembers") or [])
    return exempted


def _dense(value: Value) -> Value:
    """The value without empty fields, as Go's omitempty leaves them out."""
    if isinstance(value, list):
        return [_dense(one) for one in value]
    if isinstance(value, dict):
        return {name: _dense(one) for name, one in value.items() if one not in (None, "", [])}
    return value
