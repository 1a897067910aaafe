"""The access matrix: members by resources, each cell with the grants behind it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from localcloud.console.views import Views
from localcloud.engine.service import Body

_RANK = {"user": 0, "group": 1, "serviceAccount": 2}


@dataclass(frozen=True)
class Grant:
    """A role on a resource, and its condition, "" for none."""

    role: str
    condition: str = ""

    @property
    def short(self) -> str:
        """The role's id, without "roles/" or its parent."""
        return self.role.rpartition("/")[2]


@dataclass(frozen=True)
class HeldRole:
    """A role that is granted in this project: its title and permissions."""

    name: str
    title: str
    permissions: Sequence[str]


@dataclass(frozen=True)
class Matrix:
    """The resources with a policy, the project first; each member's grants by resource; and the roles among them."""

    things: Sequence[str]
    members: Sequence[tuple[str, Mapping[str, Sequence[Grant]]]]
    roles: Sequence[HeldRole]


def matrix(views: Views, project: str) -> Matrix:
    """The policies of a project and of the resources in it."""
    things: list[str] = [project]
    members: dict[str, dict[str, list[Grant]]] = {}
    for thing, binding in _bindings(views, project):
        if thing not in things:
            things.append(thing)
        grant = Grant(binding["role"], (binding.get("condition") or {}).get("expression", ""))
        for member in binding["members"]:
            members.setdefault(member, {}).setdefault(thing, []).append(grant)
    names = sorted({grant.role for roles in members.values() for grants in roles.values() for grant in grants})
    people_first = sorted(members.items(), key=lambda one: (_RANK.get(one[0].partition(":")[0], len(_RANK)), one[0]))
    return Matrix(things, people_first, [_role(views, name) for name in names])


def _role(views: Views, name: str) -> HeldRole:
    body = views.ask(f"iam/v1/{name}") or {}
    return HeldRole(name, str(body.get("title", "")), sorted(body.get("includedPermissions", ())))


def _bindings(views: Views, project: str) -> Iterator[tuple[str, Body]]:
    buckets = {one["name"] for one in (views.ask("storage/v1/b", project=project) or {}).get("items", [])}
    for api, resource, text in views.cloud.store.sql("SELECT service, resource, body FROM policies ORDER BY resource"):
        words = resource.split("/")
        if words[:2] == ["projects", project] or (api == "storage" and words[-1] in buckets):
            label = project if len(words) == 2 and words[0] == "projects" else f"{words[-2]}/{words[-1]}"
            for binding in json.loads(text).get("bindings", ()):
                yield label, binding
