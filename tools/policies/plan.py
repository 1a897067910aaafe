"""A plan as Terraform prints it (`show -json`), opened up: each resource's values as they will be, open ones marked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from policies.language import Resource, Unknown

_MODULE = re.compile(r"module\.([^.\[]+)(?:\[(?:\d+|\"(?:[^\"\\]|\\.)*\")\])?\.?")


@dataclass(frozen=True)
class Plan:
    """The resources that a plan leaves standing, by address, and the data sources that it read or will read."""

    resources: Mapping[str, Resource]
    data: Mapping[str, Resource]


@dataclass(frozen=True)
class _Written:
    """What the configuration says of a module: its folder's name, and which arguments each block of it gives."""

    folder: str
    arguments: Mapping[str, frozenset[str]]


def read_plan(path: Path) -> Plan:
    """Open a plan's JSON. Raises ValueError when it is not one."""
    document = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(document, dict) or "planned_values" not in document:
        raise ValueError(f"{path} is not a plan in JSON (terraform show -json PLAN).")
    unknown = {one["address"]: one["change"].get("after_unknown") for one in document.get("resource_changes", [])}
    written = dict(_modules(document.get("configuration", {}).get("root_module", {}), "", ""))
    before, after = document.get("prior_state", {}).get("values", {}), document["planned_values"]
    entries = [entry for entry in _entries(before.get("root_module", {})) if entry["mode"] == "data"]
    entries += _entries(after.get("root_module", {}))
    found = [_resource(entry, unknown.get(entry["address"]), written) for entry in entries]
    return Plan(
        resources={one.address: one for one in found if not one.kind.startswith("data.")},
        data={one.address: one for one in found if one.kind.startswith("data.")},
    )


def _entries(module: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from _entries(child)


def _modules(module: Mapping[str, Any], path: str, folder: str) -> Iterator[tuple[str, _Written]]:
    """Every module of the configuration by its path without indices (`a.b`)."""
    blocks = module.get("resources", [])
    yield path, _Written(folder, {block["address"]: frozenset(block.get("expressions", {})) for block in blocks})
    for name, call in module.get("module_calls", {}).items():
        source = PurePosixPath(call.get("source", "").partition("?")[0]).name
        yield from _modules(call.get("module", {}), f"{path}.{name}".lstrip("."), source)


def _resource(entry: Mapping[str, Any], unknown: object, written: Mapping[str, _Written]) -> Resource:
    prefix = "data." if entry["mode"] == "data" else ""
    path = ".".join(_MODULE.findall(entry["address"].rsplit(f"{prefix}{entry['type']}.", 1)[0]))
    module = written.get(path, _Written("", {}))
    arguments = module.arguments.get(f"{prefix}{entry['type']}.{entry['name']}")
    values = _mark_block(entry.get("values") or {}, unknown if isinstance(unknown, dict) else {})
    return Resource(
        kind=f"{prefix}{entry['type']}",
        address=entry["address"],
        module=module.folder,
        source="plan",
        values={name: value for name, value in values.items() if not _left_to_google(name, value, arguments)},
    )


def _left_to_google(name: str, value: object, arguments: frozenset[str] | None) -> bool:
    """Whether a value is open because the configuration does not give it: then it is not set, as it is in code."""
    return isinstance(value, Unknown) and arguments is not None and name not in arguments


def _mark(value: object, unknown: object) -> object:
    if unknown is True:
        return Unknown()
    if isinstance(value, dict) or (isinstance(unknown, dict) and unknown):
        return _mark_block(value if isinstance(value, dict) else {}, unknown if isinstance(unknown, dict) else {})
    if isinstance(value, list):
        marks = unknown if isinstance(unknown, list) else []
        return [_mark(item, marks[index] if index < len(marks) else None) for index, item in enumerate(value)]
    return value


def _mark_block(values: Mapping[str, Any], unknown: Mapping[str, Any]) -> dict[str, object]:
    """The values without their nulls, with `Unknown` where Terraform says that the value comes later."""
    marked = {name: _mark(values.get(name), unknown.get(name)) for name in {**values, **unknown}}
    return {name: value for name, value in marked.items() if value is not None}
