"""IAM members and bindings for every parent that has a policy, by one read-modify-write."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from localcloud.provider import parents, principals
from localcloud.provider.client import HttpError
from localcloud.provider.parents import POLICY_VERSION, Policy
from localcloud.provider.policy_data import condition_key
from localcloud.provider.retries import PATIENCE_SECONDS, conflict, delays
from localcloud.provider.values import Object, settled
from localcloud.provider.work import Problem, Work

Binding = dict[str, Any]
Change = Callable[[list[Binding]], list[Binding]]


@dataclass(frozen=True)
class Locks:
    """One lock for each policy, so that the changes of one run do not conflict with each other."""

    _guard: threading.Lock = field(default_factory=threading.Lock)
    _locks: dict[str, threading.Lock] = field(default_factory=dict)

    def of(self, name: str) -> threading.Lock:
        """The lock of a policy."""
        with self._guard:
            return self._locks.setdefault(name, threading.Lock())


_LOCKS = Locks()


def create(work: Work, planned: Object) -> Object:
    """Puts the member or binding into its parent's policy; the state as the policy then has it."""
    values = parents.located(work, settled(planned))
    binding = _binding(values)
    policy = modify(work, values, lambda found: _with(found, binding, whole="members" in values))
    if not parents.of(work).versioned:
        policy = parents.get(work, values)
    state = _state(values | {"id": _id(work, values)}, policy)
    if "member" in state and state["member"] is None:
        raise Problem(
            f"{work.row.type}: {values['member']} was put into the policy, but hashicorp/google 7.45.0 does not find it there.",
            "It does not ask for conditions here, and cannot read a policy that has any. Leave the condition out, and take "
            "the binding that is there now out of the policy by hand.",
            "condition",
        )
    return state


def read(work: Work, state: Object) -> Object | None:
    """The state as the policy has it; None when a member is not in it any more. A binding that is gone has no members."""
    values = parents.located(work, state)
    try:
        policy = parents.get(work, values)
    except HttpError as error:
        if error.code == 404:
            return None
        raise
    found = _state(values, policy)
    gone = _find(policy.get("bindings", []), _binding(values)) is None
    return None if "member" in values and (gone or found["member"] is None) else found


def update(work: Work, _prior: Object, planned: Object) -> Object:
    """Sets the binding's members; members of a policy are never updated in place."""
    return create(work, planned)


def delete(work: Work, state: Object) -> None:
    """Takes the member or binding out of the policy; a parent that is gone has no policy to change."""
    values = parents.located(work, state)
    binding = _binding(values)
    try:
        modify(work, values, lambda found: _without(found, binding, whole="members" in values))
    except HttpError as error:
        if error.code != 404:
            raise


def import_(work: Work, name: str) -> Object:
    """The state for "parent role member [condition title]", or "parent role [condition title]" for a binding."""
    member = work.row.kind == "member"
    words = name.split()
    needed = 3 if member else 2
    if len(words) < needed:
        form = "parent role member [condition title]" if member else "parent role [condition title]"
        raise Problem(f"{work.row.type}: the import id {name!r} is not of the form {form!r}.")
    given = {"role": words[1]} | ({"member": principals.normal(words[2])} if member else {})
    values = parents.located(work, work.row.schema.null | given | {parents.attribute(work): words[0]})
    title = " ".join(words[needed:])
    values["condition"] = _condition_named(parents.get(work, values).get("bindings", []), values, title)
    kept = {key: value for key, value in values.items() if key in (*given, "condition", parents.attribute(work))}
    return work.row.schema.null | kept | {"id": _id(work, values)}


def modify(work: Work, values: Object, change: Change) -> Policy:
    """Changes the bindings of a policy and returns the policy as it was stored; starts again when somebody else was faster."""
    with _LOCKS.of(f"{work.settings.base} {work.row.api} {parents.path(work, values)}"):
        waited = 0.0
        for delay in delays(0.1, 5.0):
            policy = parents.get(work, values)
            wanted = {**policy, "bindings": change(policy.get("bindings", [])), "version": POLICY_VERSION}
            try:
                return parents.put(work, values, wanted)
            except HttpError as error:
                if waited > PATIENCE_SECONDS or not (conflict(error) or _outdated(work, values, policy, error)):
                    raise
            work.patience.wait(delay)
            waited += delay
    raise AssertionError("the intervals never end")


def _outdated(work: Work, values: Object, policy: Policy, error: HttpError) -> bool:
    """Whether a member that "does not exist" was deleted while the policy was being changed: then the policy is another one now."""
    gone = error.code == 400 and "does not exist" in error.message
    return gone and parents.get(work, values).get("etag") != policy.get("etag")


def _id(work: Work, values: Object) -> str:
    who = [principals.normal(values["member"])] if "member" in values else []
    condition = _condition(values)
    what = (
        [condition.get("title", ""), condition.get("description", ""), condition.get("expression", "")]
        if condition
        else []
    )
    return "/".join([parents.path(work, values), values["role"], *who, *what])


def _binding(values: Object) -> Binding:
    """What the values say, as a binding. Members of a whole binding are sent as they were written."""
    members = list(values["members"] or []) if "members" in values else [principals.normal(values["member"])]
    condition = _condition(values)
    return {"role": values["role"], "members": members} | ({"condition": condition} if condition else {})


def _condition(values: Object) -> Object:
    blocks = values.get("condition") or []
    return {name: text for name, text in (blocks[0] or {}).items() if text} if blocks else {}


def _with(bindings: list[Binding], mine: Binding, *, whole: bool) -> list[Binding]:
    bindings = bindings if whole else _normalized(bindings)
    others = [one for one in bindings if not _same(one, mine)]
    before = [] if whole else [member for one in bindings if _same(one, mine) for member in one.get("members", [])]
    known = {principals.normal(member) for member in mine["members"]}
    members = [member for member in before if principals.normal(member) not in known] + mine["members"]
    return [*others, {**mine, "members": members}] if members else others


def _without(bindings: list[Binding], mine: Binding, *, whole: bool) -> list[Binding]:
    gone = {principals.normal(member) for member in mine["members"]}
    kept: list[Binding] = []
    for one in bindings if whole else _normalized(bindings):
        members = one.get("members", [])
        if _same(one, mine):
            members = [] if whole else [member for member in members if principals.normal(member) not in gone]
        if members:
            kept.append({**one, "members": members})
    return kept


def _normalized(bindings: list[Binding]) -> list[Binding]:
    """The whole policy as a change of one member leaves it: everybody's principals as policies keep them, once each."""
    return [{**one, "members": list(dict.fromkeys(map(principals.normal, one.get("members", []))))} for one in bindings]


def _find(bindings: list[Binding], mine: Binding) -> Binding | None:
    return next((one for one in bindings if _same(one, mine)), None)


def _same(one: Binding, other: Binding) -> bool:
    return bool(one.get("role") == other["role"]) and condition_key(one) == condition_key(other)


def _state(values: Object, policy: Policy) -> Object:
    binding = _find(policy.get("bindings", []), _binding(values))
    if binding is None:
        return values | {"members": []} if "members" in values else values | {"member": None}
    found: Object = {"etag": policy.get("etag", ""), "role": binding["role"], "condition": _blocks(binding)}
    if "members" in values:
        return values | found | {"members": list(binding["members"])}
    mine = principals.normal(values["member"]).lower()
    return values | found | {"member": next((one for one in binding["members"] if one.lower() == mine), None)}


def _blocks(binding: Binding) -> list[Object]:
    condition = binding.get("condition")
    return [{name: condition.get(name, "") for name in ("description", "expression", "title")}] if condition else []


def _condition_named(bindings: list[Binding], values: Object, title: str) -> list[Object]:
    """The condition of the binding with this role and title, which the import id does not say in full."""
    found = [one for one in bindings if one.get("role") == values["role"] and condition_key(one)[0] == title]
    if "member" in values:
        found = [
            one
            for one in found
            if principals.normal(values["member"]) in map(principals.normal, one.get("members", []))
        ]
    if len(found) > 1:
        raise Problem(
            f"The condition title {title!r} matches several bindings of {values['role']}; give it a title of its own first."
        )
    if not found and "member" in values:
        raise Problem(
            f"{values['member']} has no binding of {values['role']} with the condition title {title!r} to import."
        )
    return _blocks(found[0]) if found else []
