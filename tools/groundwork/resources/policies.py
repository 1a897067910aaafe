"""Reads and changes IAM policies: the project's own, and those of everything in it that has one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from groundwork.environment.values import Environment
from groundwork.errors import GroundworkError
from groundwork.google.cloud import CloudProblem, GoogleCloud
from groundwork.google.waiting import patiently
from groundwork.resources import acls
from groundwork.resources.bindings import Binding, Policies
from groundwork.resources.inventory import AT_ONCE, take
from groundwork.resources.item import Item
from groundwork.resources.kind import PolicyAccess
from groundwork.resources.registry import listings, policy_access

_CONFLICTS = (409, 412)
_WAITS = (0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8)


def read_all(cloud: GoogleCloud) -> Policies:
    """Reads all policies in the project; what cannot be read is unknown, never empty."""
    rows = [row for row in listings() if row.kind in policy_access() and not row.ends]
    inventory = take(cloud, rows)
    # If an optional API is off, nothing of it can be used.
    needed = {row.kind for row in rows if row.platform}
    unknown = dict(inventory.unknown) | {kind: why for kind, why in inventory.off.items() if kind in needed}
    found: list[Binding] = []
    items = [Item("project", cloud.project), *inventory.items]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(partial(_asked, cloud), items))
    for item, answer in zip(items, answers, strict=True):
        if isinstance(answer, CloudProblem):
            unknown[f"{item.kind} {item.short}"] = answer.message
        else:
            for binding in answer.get("bindings", ()):
                condition = binding.get("condition") or {}
                said = condition.get("title") or condition.get("expression", "")
                found.append(Binding(item, binding["role"], tuple(binding.get("members", ())), said))
    listed = _lists(cloud, items, unknown)
    return Policies(tuple(sorted(found)), unknown, tuple(sorted(listed)))


def _lists(cloud: GoogleCloud, items: Sequence[Item], unknown: dict[str, str]) -> list[Binding]:
    """The entries of buckets' access control lists; what cannot be read is put into `unknown`."""
    found: list[Binding] = []
    for item in items:
        if acls.has_lists(item):
            try:
                found += acls.read(cloud, item)
            except GroundworkError as problem:
                unknown[f"access control lists of {item.kind} {item.name}"] = problem.message
            except (KeyError, TypeError, AttributeError) as problem:
                unknown[f"access control lists of {item.kind} {item.name}"] = (
                    f"the response could not be understood ({problem!r})"
                )
    return found


def _asked(cloud: GoogleCloud, item: Item) -> dict[str, Any] | CloudProblem:
    try:
        return read(cloud, item)
    except CloudProblem as problem:
        return problem


def _place(cloud: GoogleCloud, item: Item) -> tuple[PolicyAccess, str, str]:
    """How to access an item's policy: the access, the API and the path."""
    access = policy_access()[item.kind]
    row = next((row for row in listings() if row.kind == item.kind), None)
    api = access.api or (row.at(item.location) if row else "")
    return access, api, access.path.format(project=cloud.project, name=item.name)


def read(cloud: GoogleCloud, item: Item) -> dict[str, Any]:
    """An item's policy, with conditions. Raises CloudProblem."""
    access, api, path = _place(cloud, item)
    params = {access.version: 3} if access.version else None
    body = None if access.version or access.read == "GET" else {"options": {"requestedPolicyVersion": 3}}
    return cloud.request(access.read, api, f"{path}{access.getter}", params=params, json=body)


def write(cloud: GoogleCloud, item: Item, policy: Mapping[str, Any]) -> None:
    """Replaces an item's policy; its etag must be the one that was read. Raises CloudProblem."""
    access, api, path = _place(cloud, item)
    cloud.request(access.write, api, f"{path}{access.setter}", json=policy if access.whole else {"policy": policy})


def without(policy: Mapping[str, Any], leaves: Callable[[str], bool]) -> dict[str, Any]:
    """A policy without the members for which `leaves` is true, and without bindings that this empties."""
    kept = [
        {**binding, "members": [member for member in binding["members"] if not leaves(member)]}
        for binding in policy.get("bindings", ())
    ]
    return {**policy, "bindings": [binding for binding in kept if binding["members"]]}


def drop_members(cloud: GoogleCloud, item: Item, leaves: Callable[[str], bool]) -> None:
    """Remove the members for which `leaves` is true from a policy; what others change at the same time is kept.

    Raises CloudProblem.
    """

    def drop() -> None:
        write(cloud, item, without(read(cloud, item), leaves))

    patiently(drop, lambda problem: isinstance(problem, CloudProblem) and problem.code in _CONFLICTS, _WAITS)


def granting(environment: Environment, item: Item, member: str, role: str) -> str:
    """The command, or instruction, that grants a member a role on an item."""
    line = _gcloud(environment, item, "add-iam-policy-binding")
    return (
        f"{line} --member={member} --role={role}"
        if line
        else f"grant {member} {role} on {item.kind} {item.short} in the console"
    )


def revoking(environment: Environment, binding: Binding, member: str) -> str:
    """The command, or instruction, that revokes a member's binding or access control list entry."""
    if not binding.listed:
        line = _gcloud(environment, binding.item, "remove-iam-policy-binding")
        if not line:
            return f"revoke {binding.role} on {binding.where} from {member} in the console"
        return f"{line} --member={member} --role={binding.role}"
    entity = member.replace(":", "-", 1)
    if binding.item.kind == acls.OBJECT:
        name = binding.item.name
        return f"gcloud storage objects update 'gs://{name}' --remove-acl-grant={entity}"
    return f"gcloud storage buckets update gs://{binding.item.name} --remove-default-object-acl-grant={entity}"


def _gcloud(environment: Environment, item: Item, verb: str) -> str:
    """gcloud's command for an item's policy, "" if there is none."""
    words = policy_access()[item.kind].gcloud
    names = {"project": environment.project, "name": item.name, "short": item.short, "location": item.location}
    return f"gcloud {words.format(verb=verb, **names)}" if words else ""
