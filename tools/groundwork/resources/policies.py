"""Every IAM policy in the project, as it is: on the project, its buckets, repositories, secrets and service accounts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from groundwork.environment.values import Environment
from groundwork.errors import GroundworkError
from groundwork.google.cloud import Cloud, CloudProblem
from groundwork.google.waiting import patiently
from groundwork.resources import acls
from groundwork.resources.bindings import Binding, Policies
from groundwork.resources.inventory import AT_ONCE, LISTINGS, Item, take

_CONFLICTS = (409, 412)
_WAITS = (0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8)


@dataclass(frozen=True)
class Door:
    """How a kind of thing gives and takes its policy, by API and by gcloud; {project}, {name}, {short} and {verb} are filled in."""

    api: str
    path: str
    read: str
    gcloud: str
    question: Mapping[str, Any] | None = None
    plain: bool = False


_DOORS = {
    "project": Door(
        "cloudresourcemanager",
        "v1/projects/{project}",
        "POST",
        "projects {verb} {project}",
        {"options": {"requestedPolicyVersion": 3}},
    ),
    "bucket": Door("storage", "v1/b/{name}/iam", "GET", "storage buckets {verb} gs://{name}", plain=True),
    "secret": Door("secretmanager", "v1/{name}", "GET", "secrets {verb} {short} --project={project}"),
    "image repository": Door(
        "artifactregistry",
        "v1/{name}",
        "GET",
        "artifacts repositories {verb} {short} --project={project} --location={location}",
    ),
    "service account": Door(
        "iam",
        "v1/projects/{project}/serviceAccounts/{name}",
        "POST",
        "iam service-accounts {verb} {name} --project={project}",
    ),
}
_ASKED = {
    "storage": {"optionsRequestedPolicyVersion": 3},
    "secretmanager": {"options.requestedPolicyVersion": 3},
    "artifactregistry": {"options.requestedPolicyVersion": 3},
    "iam": {"options.requestedPolicyVersion": 3},
}


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
    listed = _lists(cloud, items, unknown)
    return Policies(tuple(sorted(found)), unknown, tuple(sorted(listed)))


def _lists(cloud: Cloud, items: Sequence[Item], unknown: dict[str, str]) -> list[Binding]:
    """The entries of access control lists, where buckets have such; what cannot be read is put into `unknown`."""
    found: list[Binding] = []
    for item in items:
        if item.kind == "bucket" and not acls.is_uniform(item):
            try:
                found += acls.read(cloud, item)
            except GroundworkError as problem:
                unknown[f"access control lists of bucket {item.name}"] = problem.message
            except (KeyError, TypeError, AttributeError) as problem:
                unknown[f"access control lists of bucket {item.name}"] = f"the answer cannot be read ({problem!r})"
    return found


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


def granting(environment: Environment, item: Item, member: str, role: str) -> str:
    """gcloud's line that gives a member a role on a thing."""
    return f"{_gcloud(environment, item, 'add-iam-policy-binding')} --member={member} --role={role}"


def revoking(environment: Environment, binding: Binding, member: str) -> str:
    """gcloud's line that takes a binding, or an entry of an access control list, from a member."""
    if not binding.listed:
        line = _gcloud(environment, binding.item, "remove-iam-policy-binding")
        return f"{line} --member={member} --role={binding.role}"
    entity = member.replace(":", "-", 1)
    if binding.item.kind == acls.OBJECT:
        name = binding.item.name
        return f"gcloud storage objects update 'gs://{name}' --remove-acl-grant={entity}"
    return f"gcloud storage buckets update gs://{binding.item.name} --remove-default-object-acl-grant={entity}"


def _gcloud(environment: Environment, item: Item, verb: str) -> str:
    location = item.name.partition("/locations/")[2].partition("/")[0]
    names = {"project": environment.project, "name": item.name, "short": item.short, "location": location}
    return f"gcloud {_DOORS[item.kind].gcloud.format(verb=verb, **names)}"
