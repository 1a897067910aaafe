"""Google's predefined roles: which permissions each of them holds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

TABLES = Path(__file__).parent / "predefined"
"""One file per service with its roles and its share of the basic roles.

A row holds ``title``, ``description``, ``stage`` (GA where unsaid), ``includes`` (roles that it contains whole) and ``permissions``
(verbs by collection: ``{"secretmanager.versions": "access get"}``). Rows of one role in several files add up: a new
service brings its own part of owner, editor and viewer. Source: IAM permissions reference, November 2026.
"""


@dataclass(frozen=True)
class Role:
    """A predefined role: full name ("roles/viewer"), what the console shows, and every permission it holds."""

    name: str
    title: str
    description: str
    stage: str
    permissions: frozenset[str]


@cache
def predefined() -> Mapping[str, Role]:
    """Every predefined role of the tables by full name, in the order of names."""
    rows = _rows()
    return {name: _role(name, rows) for name in sorted(rows)}


@cache
def known_permissions() -> frozenset[str]:
    """Every permission that some predefined role of the tables holds."""
    return frozenset[str]().union(*(role.permissions for role in predefined().values()))


def _rows() -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = {}
    for file in sorted(TABLES.glob("*.json")):
        for name, row in json.loads(file.read_text("utf-8")).items():
            rows.setdefault(name, []).append(row)
    return rows


def _role(name: str, rows: Mapping[str, list[dict[str, Any]]]) -> Role:
    said = {key: value for row in rows[name] for key, value in row.items()}
    return Role(
        name=name,
        title=said["title"],
        description=said["description"],
        stage=said.get("stage", "GA"),
        permissions=frozenset(_permissions(name, rows)),
    )


def _permissions(name: str, rows: Mapping[str, list[dict[str, Any]]]) -> Iterator[str]:
    for row in rows[name]:
        for included in row.get("includes", ()):
            yield from _permissions(included, rows)
        for collection, verbs in row.get("permissions", {}).items():
            yield from (f"{collection}.{verb}" for verb in verbs.split())
