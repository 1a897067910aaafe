"""Google's predefined roles and their permissions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

BASIC = Path(__file__).parent / "basic_roles.json"
"""Owner, editor and viewer, of which each service brings its own share."""


@dataclass(frozen=True, slots=True)
class RoleTable:
    """The predefined roles of one service, and its share of the basic ones.

    file    JSON, a row a role: ``title``, ``description``, ``stage`` (GA where unsaid), ``includes`` (roles that it contains whole) and
            ``permissions`` (verbs by collection: ``{"secretmanager.versions": "access get"}``). Rows of one role in several files add up.
            Source: IAM permissions reference, November 2026
    whole   beginnings of the permissions of which the file has all there are ("secretmanager.")
    """

    file: Path
    whole: tuple[str, ...] = ()


def beside(module: str, *whole: str) -> RoleTable:
    """The table from the roles.json next to a module (its `__file__`)."""
    return RoleTable(Path(module).with_name("roles.json"), whole)


@dataclass(frozen=True)
class Role:
    """A predefined role: full name ("roles/viewer"), what the console shows, and every permission it holds."""

    name: str
    title: str
    description: str
    stage: str
    permissions: frozenset[str]


class Roles:
    """The predefined roles of some tables, loaded on first use."""

    def __init__(self, tables: Iterable[RoleTable]) -> None:
        self._tables = tuple(dict.fromkeys((RoleTable(BASIC), *tables)))

    @cached_property
    def predefined(self) -> Mapping[str, Role]:
        """Every role by full name, in the order of names."""
        rows = self._rows()
        known: dict[str, frozenset[str]] = {}
        return {name: _role(name, rows[name], _permissions(name, rows, known)) for name in sorted(rows)}

    @cached_property
    def permissions(self) -> frozenset[str]:
        """Every permission in any role."""
        return frozenset[str]().union(*(role.permissions for role in self.predefined.values()))

    @cached_property
    def collections(self) -> frozenset[str]:
        """The collections that the permissions refer to: "secretmanager.versions"."""
        return frozenset(permission.rpartition(".")[0] for permission in self.permissions)

    def may_exist(self, permission: str) -> bool:
        """Whether Google may have a permission: False if a complete table lacks it."""
        whole = tuple(prefix for table in self._tables for prefix in table.whole)
        return not permission.startswith(whole) or permission in self.permissions

    def _rows(self) -> dict[str, list[dict[str, Any]]]:
        rows: dict[str, list[dict[str, Any]]] = {}
        for table in self._tables:
            for name, row in json.loads(table.file.read_text("utf-8")).items():
                rows.setdefault(name, []).append(row)
        return rows


def _role(name: str, rows: list[dict[str, Any]], permissions: frozenset[str]) -> Role:
    texts = {key: value for row in rows for key, value in row.items()}
    return Role(
        name=name,
        title=texts["title"],
        description=texts["description"],
        stage=texts.get("stage", "GA"),
        permissions=permissions,
    )


def _permissions(
    name: str, rows: Mapping[str, list[dict[str, Any]]], known: dict[str, frozenset[str]]
) -> frozenset[str]:
    """Every permission of a role; `known` gets those of the roles that it includes, since many roles include the same ones."""
    if name not in known:
        found: set[str] = set()
        for row in rows[name]:
            found.update(*(_permissions(included, rows, known) for included in row.get("includes", ())))
            for collection, verbs in row.get("permissions", {}).items():
                found.update(f"{collection}.{verb}" for verb in verbs.split())
        known[name] = frozenset(found)
    return known[name]
