"""Reads a plan as JSON (`show -json`): the planned values of each resource, with unknown ones marked."""

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
    """The resources that exist after a plan, by address, and the data sources that it read or will read."""

    resources: Mapping[str, Resource]
    data: Mapping[str, Resource]


@dataclass(frozen=True)
class _Written:
    """A module in the configuration: its folder's name, and which arguments each of its blocks sets."""

    folder: str
    arguments: Mapping[str, Mapping[str, object]]


def read_plan(path: Path) -> Plan:
    """Reads a plan's JSON. Raises ValueError when it is not one."""
    document = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(document, dict) or "planned_values" not in document:
        raise ValueError(f"{path} is not a JSON plan (terraform show -json PLAN).")
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
    yield path, _Written(folder, {block["address"]: block.get("expressions", {}) for block in blocks})
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
        values=values if arguments is None else _given(values, arguments),
    )


def _given(values: Mapping[str, object], arguments: Mapping[str, object]) -> dict[str, object]:
    """The values without those that are unknown only because the configuration does not set them: as in code, they count as not set."""
    kept = {name: value for name, value in values.items() if name in arguments or not isinstance(value, Unknown)}
    return {name: _given_inside(value, arguments.get(name)) for name, value in kept.items()}


def _given_inside(value: object, written: object) -> object:
    """The same of each block, where as many are written as there are: those that a dynamic block makes are not written out."""
    if isinstance(value, list) and isinstance(written, list) and len(value) == len(written):
        pairs = zip(value, written, strict=True)
        return [
            _given(one, block) if isinstance(one, dict) and isinstance(block, dict) else one for one, block in pairs
        ]
    return value


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
    """The values without nulls, with `Unknown` where Terraform marks them as known after apply."""
    marked = {name: _mark(values.get(name), unknown.get(name)) for name in {**values, **unknown}}
    return {name: value for name, value in marked.items() if value is not None}
