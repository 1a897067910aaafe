"""The registry of kinds: every file in `kinds/` is one. Commands iterate over them and know none by name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from graphlib import TopologicalSorter
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from groundwork.resources import kinds as folder
from groundwork.resources.bindings import Binding
from groundwork.resources.item import Item
from groundwork.resources.kind import FileSection, Kind, PolicyAccess, Provisioning, given, several
from groundwork.resources.listing import Listing

GRANT = re.compile(r"(?P<on>google_\w+)_iam_(?:member|binding|policy|audit_config)")


@cache
def kinds() -> Mapping[str, Kind]:
    """Every kind by its name, in the order in which resources can be deleted."""
    read = [import_module(f"{folder.__name__}.{module.name}").KIND for module in iter_modules(folder.__path__)]
    found: dict[str, Kind] = {kind.name: kind for kind in sorted(read, key=lambda kind: str(kind.name))}
    removals = {name: given(kind.removal) for name, kind in found.items()}
    order = TopologicalSorter({name: removal.after if removal else () for name, removal in removals.items()})
    for kind in found.values():
        for listing in several(kind.listings):
            if listing.of:
                order.add(listing.of, kind.name)
    return {name: found[name] for name in order.static_order()}


@cache
def listings() -> tuple[Listing, ...]:
    """Every list call, with its kind, in the order in which resources can be deleted."""
    return tuple(replace(row, kind=kind.name) for kind in kinds().values() for row in several(kind.listings))


@cache
def provisionings() -> Mapping[str, Provisioning]:
    """How Terraform provisions each resource type."""
    return {one.type: one for kind in kinds().values() for one in several(kind.terraform)}


@cache
def policy_access() -> Mapping[str, PolicyAccess]:
    """How policies are read and written, by kind."""
    return {name: access for name, kind in kinds().items() if (access := given(kind.policy))}


def parts() -> Iterator[tuple[Kind, FileSection]]:
    """The sections of the environment file, each with its kind."""
    for kind in kinds().values():
        for part in several(kind.parts):
            yield kind, part


def kind_of(resource_type: str) -> Kind | None:
    """The kind of a resource type; a grant belongs to the kind that it is on."""
    grant = GRANT.fullmatch(resource_type)
    wanted = grant["on"] if grant else resource_type
    return next((kind for kind in kinds().values() if any(one.type == wanted for one in several(kind.terraform))), None)


def granted(resource_type: str, values: Mapping[str, Any]) -> Binding | None:
    """What a grant in Terraform gives; None for a type that is no grant of a role. The item's name is the last part of its full name."""
    kind = kind_of(resource_type) if GRANT.fullmatch(resource_type) and "role" in values else None
    access = given(kind.policy) if kind else None
    if not kind or not access:
        return None
    item = Item(kind.name, str(values[access.attribute]).rpartition("/")[2])
    return Binding(item, str(values["role"]), tuple(values.get("members") or [values.get("member", "")]))


def imported(resource_type: str, planned: Mapping[str, Any], project: str) -> str:
    """The import ID of a resource, from its planned values; "" if it is unknown or cannot be imported."""
    how = provisionings().get(resource_type)
    template = given(how.imported) if how else None
    values = {"project": project, **{key: value for key, value in planned.items() if isinstance(value, str) and value}}
    try:
        return template.format_map(values) if template else ""
    except KeyError:
        return ""


def maker(item: Item, project: str) -> str:
    """What created an item, and how that is known: by its name, or only because that usually creates its kind."""
    kind = kinds()[item.kind]
    for pattern, text in kind.makers:
        if re.fullmatch(pattern.replace("{project}", re.escape(project)), item.short):
            return f"{text}, judging by its name"
    return f"usually {kind.maker}"
