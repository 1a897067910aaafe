"""IAM members and bindings for every parent that has a policy, by read-modify-write."""

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
    """One lock per policy, so that changes in one run do not conflict with each other."""

    _guard: threading.Lock = field(default_factory=threading.Lock)
    _locks: dict[str, threading.Lock] = field(default_factory=dict)

    def of(self, name: str) -> threading.Lock:
        """A policy's lock."""
        with self._guard:
            return self._locks.setdefault(name, threading.Lock())


_LOCKS = Locks()


def create(work: Work, planned: Object) -> Object:
    """Adds the member or binding to its parent's policy; returns the state from the stored policy."""
    values = parents.located(work, settled(planned))
    binding = _binding(values)
    policy = modify(work, values, lambda bindings: _with(bindings, binding, whole="members" in values))
    if not parents.of(work).versioned:
        policy = parents.get(work, values)
    state = _state(values | {"id": _id(work, values)}, policy)
    if "member" in state and state["member"] is None:
        raise Problem(
            f"{work.row.type}: {values['member']} was added to the policy, but hashicorp/google 7.45.0 would not find it there.",
            "It does not request conditions here, and cannot read a policy that has any. Leave the condition out, and remove "
            "the new binding from the policy by hand.",
            "condition",
        )
    return state


def read(work: Work, state: Object) -> Object | None:
    """The state from the policy; None if a member is no longer in it. A binding that is gone has no members."""
    values = parents.located(work, state)
    try:
        policy = parents.get(work, values)
    except HttpError as error:
        if error.code == 404:
            return None
        raise
    current = _state(values, policy)
    gone = _find(policy.get("bindings", []), _binding(values)) is None
    return None if "member" in values and (gone or current["member"] is None) else current


def update(work: Work, _prior: Object, planned: Object) -> Object:
    """Sets the binding's members. (A single member is always replaced.)"""
    return create(work, planned)


def delete(work: Work, state: Object) -> None:
    """Removes the member or binding from the policy; does nothing if the parent no longer exists."""
    values = parents.located(work, state)
    binding = _binding(values)
    try:
        modify(work, values, lambda bindings: _without(bindings, binding, whole="members" in values))
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
    """Changes a policy's bindings and returns the policy as stored; starts again if it was changed concurrently."""
    with _LOCKS.of(f"{work.settings.base} {work.row.api} {parents.path(work, values)}"):
        waited = 0.0
        for delay in delays(0.1, 5.0):
            policy = parents.get(work, values)
            changed = {**policy, "bindings": change(policy.get("bindings", [])), "version": POLICY_VERSION}
            try:
                return parents.put(work, values, changed)
            except HttpError as error:
                if waited > PATIENCE_SECONDS or not (conflict(error) or _outdated(work, values, policy, error)):
                    raise
            work.patience.wait(delay)
            waited += delay
    raise AssertionError("the intervals never end")


def _outdated(work: Work, values: Object, policy: Policy, error: HttpError) -> bool:
    """Whether a member "does not exist" because it was deleted meanwhile, which changed the policy, too."""
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
    """The binding that the values describe. Members of a whole binding are sent as written."""
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
    removed = {principals.normal(member) for member in mine["members"]}
    remaining: list[Binding] = []
    for one in bindings if whole else _normalized(bindings):
        members = one.get("members", [])
        if _same(one, mine):
            members = [] if whole else [member for member in members if principals.normal(member) not in removed]
        if members:
            remaining.append({**one, "members": members})
    return remaining


def _normalized(bindings: list[Binding]) -> list[Binding]:
    """All bindings with normalized principals and no duplicates, as a change of one member leaves them."""
    return [{**one, "members": list(dict.fromkeys(map(principals.normal, one.get("members", []))))} for one in bindings]


def _find(bindings: list[Binding], mine: Binding) -> Binding | None:
    return next((one for one in bindings if _same(one, mine)), None)


def _same(one: Binding, other: Binding) -> bool:
    return bool(one.get("role") == other["role"]) and condition_key(one) == condition_key(other)


def _state(values: Object, policy: Policy) -> Object:
    binding = _find(policy.get("bindings", []), _binding(values))
    if binding is None:
        return values | {"members": []} if "members" in values else values | {"member": None}
    common: Object = {"etag": policy.get("etag", ""), "role": binding["role"], "condition": _blocks(binding)}
    if "members" in values:
        return values | common | {"members": list(binding["members"])}
    mine = principals.normal(values["member"]).lower()
    return values | common | {"member": next((one for one in binding["members"] if one.lower() == mine), None)}


def _blocks(binding: Binding) -> list[Object]:
    condition = binding.get("condition")
    return [{name: condition.get(name, "") for name in ("description", "expression", "title")}] if condition else []


def _condition_named(bindings: list[Binding], values: Object, title: str) -> list[Object]:
    """The full condition of the binding with this role and condition title, of which the import id has only the title."""
    matches = [one for one in bindings if one.get("role") == values["role"] and condition_key(one)[0] == title]
    if "member" in values:
        matches = [
            one
            for one in matches
            if principals.normal(values["member"]) in map(principals.normal, one.get("members", []))
        ]
    if len(matches) > 1:
        raise Problem(
            f"The condition title {title!r} matches several bindings of {values['role']}; give the condition a unique title first."
        )
    if not matches and "member" in values:
        raise Problem(
            f"{values['member']} has no binding of {values['role']} with the condition title {title!r} to import."
        )
    return _blocks(matches[0]) if matches else []
