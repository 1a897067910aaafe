"""Every IAM policy in the project, as it is: on the project, its buckets, repositories, secrets and service accounts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from groundwork.google.cloud import Cloud, CloudProblem
from groundwork.google.waiting import patiently
from groundwork.resources.inventory import AT_ONCE, LISTINGS, Item, take

_CONFLICTS = (409, 412)
_WAITS = (0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8)


@dataclass(frozen=True)
class Door:
    """How a kind of thing gives and takes its policy; {project} and {name} are filled in."""

    api: str
    path: str
    read: str
    question: Mapping[str, Any] | None = None
    plain: bool = False


_DOORS = {
    "project": Door(
        "cloudresourcemanager", "v1/projects/{project}", "POST", {"options": {"requestedPolicyVersion": 3}}
    ),
    "bucket": Door("storage", "v1/b/{name}/iam", "GET", plain=True),
    "secret": Door("secretmanager", "v1/{name}", "GET"),
    "image repository": Door("artifactregistry", "v1/{name}", "GET"),
    "service account": Door("iam", "v1/projects/{project}/serviceAccounts/{name}", "POST"),
}
_ASKED = {
    "storage": {"optionsRequestedPolicyVersion": 3},
    "secretmanager": {"options.requestedPolicyVersion": 3},
    "artifactregistry": {"options.requestedPolicyVersion": 3},
    "iam": {"options.requestedPolicyVersion": 3},
}


@dataclass(frozen=True, order=True)
class Binding:
    """A role that members hold on a thing; `condition` is its title, else its expression, "" without one."""

    item: Item
    role: str
    members: tuple[str, ...] = field(compare=False)
    condition: str = ""


@dataclass(frozen=True)
class Policies:
    """All bindings that were found and, per thing or kind that could not be asked, why."""

    bindings: tuple[Binding, ...]
    unknown: Mapping[str, str]

    def held_by(self, email: str) -> tuple[Binding, ...]:
        """The bindings that name a person, under whatever prefix, deleted or not."""
        return tuple(binding for binding in self.bindings if any(is_of(member, email) for member in binding.members))

    @property
    def people(self) -> tuple[str, ...]:
        """The addresses of all users and groups that hold anything."""
        members = {member for binding in self.bindings for member in binding.members}
        return tuple(sorted({address(member) for member in members if _kind(member) in ("user", "group")}))


def _kind(member: str) -> str:
    return member.removeprefix("deleted:").partition(":")[0]


def address(member: str) -> str:
    """The e-mail address in a member of a policy: "user:Alice@example.com" is alice@example.com."""
    return member.removeprefix("deleted:").partition(":")[2].partition("?")[0].lower()


def is_of(member: str, email: str) -> bool:
    """Whether a member of a policy is this person or group."""
    return _kind(member) in ("user", "group") and address(member) == email.lower()


def read_all(cloud: Cloud) -> Policies:
    """Ask every thing in the project for its policy; what cannot be asked is unknown, never empty."""
    inventory = take(cloud, [row for row in LISTINGS if row.kind in _DOORS])
    unknown = {kind: why for kind, why in {**inventory.off, **inventory.unknown}.items() if kind in _DOORS}
    found: list[Binding] = []
    items = [Item("project", cloud.project), *(item for item in inventory.items if item.kind in _DOORS)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(partial(_asked, cloud), items))
    for item, answer in zip(items, answers, strict=True):
        if isinstance(answer, CloudProblem):
            unknown[f"{item.kind} {item.short}"] = answer.message
        else:
            found += _bindings(item, answer)
    return Policies(tuple(sorted(found)), unknown)


def _asked(cloud: Cloud, item: Item) -> dict[str, Any] | CloudProblem:
    try:
        return read(cloud, item)
    except CloudProblem as problem:
        return problem


def _bindings(item: Item, policy: Mapping[str, Any]) -> Iterator[Binding]:
    for binding in policy.get("bindings", ()):
        condition = binding.get("condition") or {}
        said = condition.get("title") or condition.get("expression", "")
        yield Binding(item, binding["role"], tuple(binding.get("members", ())), said)


def _place(cloud: Cloud, item: Item) -> tuple[Door, str]:
    door = _DOORS[item.kind]
    return door, door.path.format(project=cloud.project, name=item.name)


def read(cloud: Cloud, item: Item) -> dict[str, Any]:
    """A thing's policy, conditions included. Raises CloudProblem."""
    door, path = _place(cloud, item)
    asked = path if door.plain else f"{path}:getIamPolicy"
    return cloud.request(door.read, door.api, asked, params=_ASKED.get(door.api), json=door.question)


def write(cloud: Cloud, item: Item, policy: Mapping[str, Any]) -> None:
    """Replace a thing's policy; its etag must be the one that was read. Raises CloudProblem."""
    door, path = _place(cloud, item)
    if door.plain:
        cloud.request("PUT", door.api, path, json=policy)
    else:
        cloud.request("POST", door.api, f"{path}:setIamPolicy", json={"policy": policy})


def without(policy: Mapping[str, Any], leaves: Callable[[str], bool]) -> dict[str, Any]:
    """A policy without the members that `leaves` is true of; a binding that nobody is left in goes too."""
    kept = [
        {**binding, "members": [member for member in binding["members"] if not leaves(member)]}
        for binding in policy.get("bindings", ())
    ]
    return {**policy, "bindings": [binding for binding in kept if binding["members"]]}


def drop_members(cloud: Cloud, item: Item, leaves: Callable[[str], bool]) -> None:
    """Take the members that `leaves` is true of out of a thing's policy; what somebody else changes meanwhile stays changed.

    Raises CloudProblem.
    """

    def drop() -> None:
        write(cloud, item, without(read(cloud, item), leaves))

    patiently(drop, lambda problem: isinstance(problem, CloudProblem) and problem.code in _CONFLICTS, _WAITS)
