"""Policies as data: merging bindings, etags, versions, and the view for callers that do not ask for conditions."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from localcloud.errors import aborted, invalid

Policy = dict[str, Any]
EMPTY_ETAG = "ACAB"
CONFLICT = (
    "There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff. "
    "The request's ETag '{sent}' did not match the current policy's ETag '{current}'."
)


def empty() -> Policy:
    """The policy of a resource that has none."""
    return {"etag": EMPTY_ETAG}


def etag(micros: int) -> str:
    """A policy's etag from the moment of its change: canonical base64 of eight bytes, as Google's look."""
    return base64.b64encode(b"\x07" + (micros % (1 << 56)).to_bytes(7, "big")).decode()


def merged(bindings: Sequence[Mapping[str, Any]]) -> list[Policy]:
    """Bindings merged to one per role and condition; members are unique and in their first order, bindings without members are dropped."""
    bindings_by_key: dict[tuple[str, str], Policy] = {}
    for binding in bindings:
        condition = binding.get("condition")
        key = (binding["role"], json.dumps(condition, sort_keys=True) if condition else "")
        entry = bindings_by_key.setdefault(key, {"role": binding["role"], "members": []})
        if condition:
            entry["condition"] = condition
        entry["members"] += [
            member for member in dict.fromkeys(binding.get("members", ())) if member not in entry["members"]
        ]
    return [entry for entry in bindings_by_key.values() if entry["members"]]


def conditional(policy: Mapping[str, Any]) -> bool:
    """Whether some binding has a condition."""
    return any(binding.get("condition") for binding in policy.get("bindings", ()))


def changed(current: Policy, sent: Mapping[str, Any], mask: Sequence[str]) -> Policy:
    """The policy after a setIamPolicy, without etag; refuses stale etags (409) and invalid policies (400).

    `mask` names the fields to take over; empty = bindings and etag, as the documents say of an absent mask.
    """
    _check(current, sent)
    fields = {path.split(".")[0] for path in mask} or {"bindings", "etag"} | ({"auditConfigs"} & sent.keys())
    if "*" in fields:
        fields = {"bindings", "auditConfigs"}
    result: Policy = {}
    bindings = merged(sent.get("bindings", ())) if "bindings" in fields else current.get("bindings", [])
    audit = sent.get("auditConfigs") if "auditConfigs" in fields else current.get("auditConfigs")
    if bindings:
        result["bindings"] = bindings
    if audit:
        result["auditConfigs"] = audit
    result["version"] = 3 if conditional(result) else 1
    return result


def _check(current: Policy, sent: Mapping[str, Any]) -> None:
    given = sent.get("etag")
    if given and _bytes(given) != _bytes(current["etag"]):
        raise aborted(CONFLICT.format(sent=given, current=current["etag"]))
    version = sent.get("version", 0)
    if version not in {0, 1, 3}:
        raise invalid(f"Invalid policy version {version}; 0, 1 and 3 are valid.")
    if conditional(sent) and version != 3:
        raise invalid("A policy with conditional role bindings must specify version 3; this one has another version.")
    for binding in sent.get("bindings", ()):
        if not binding.get("role"):
            raise invalid("A binding of the policy has no role; name one.")


def _bytes(text: str) -> bytes | str:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_" if {"-", "_"} & set(text) else None)
    except ValueError:
        return text


def view(policy: Policy, version: int) -> Policy:
    """The policy for a caller that asked for `version`: below 3, conditions are hidden behind a marked role name.

    Source: https://cloud.google.com/iam/help/conditions/policies.
    """
    if version not in {0, 1, 3}:
        raise invalid(f"Invalid requested policy version {version}; 0, 1 and 3 are valid.")
    if version == 3 or not conditional(policy):
        return policy
    return policy | {"version": 1, "bindings": [_hidden(binding) for binding in policy["bindings"]]}


def _hidden(binding: Policy) -> Policy:
    if "condition" not in binding:
        return binding
    digest = hashlib.sha256(json.dumps(binding["condition"], sort_keys=True).encode()).hexdigest()[:20]
    return {"role": f"{binding['role']}_withcond_{digest}", "members": binding["members"]}
