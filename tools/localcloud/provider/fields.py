"""Converts between Terraform's attributes and the API's fields: snake and camel case, one-item blocks and objects, sets and maps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.provider import paths, stored
from localcloud.provider.schema import Attribute, Block, Child
from localcloud.provider.values import UNKNOWN, Object, Value, empty

Wire = Mapping[str, Any]
_NOTHING: Wire = {}


@dataclass(frozen=True)
class Fields:
    """Converts the values of one resource type. `schemas` are the discovery document's, `kind` is the resource's schema name.

    `project` is the provider block's; `around` holds the resource's values, which fill in links to other resources.
    """

    root: Block
    schemas: Mapping[str, Wire]
    kind: str
    project: str = ""
    around: Object = field(default_factory=dict)

    def expand(self, values: Object, only: frozenset[str] | None = None) -> Object:
        """The request body for the values, without zeros and empty objects. `only` limits it to some attributes."""
        body: Object = {}
        here = self._in(values)
        for name, child in self.root.children.items():
            if child.unsent or (only is not None and name not in only):
                continue
            yields = (only is None or child.yields_to in only) and not empty(values.get(child.yields_to))
            if not yields:
                _put(body, child.fields, here.encoded(child, values, self._wire))
        return body

    def value(self, name: str, values: Object) -> Value:
        """One attribute's value for its setter, even if the resource's own request cannot include it."""
        child = self.root.children[name]
        if not child.configurable:
            return values.get(name) or _zero(child)
        return self._in(values).encoded(child, values, self._wire) or _zero(child)

    def _in(self, values: Object) -> Fields:
        context = values | {"project": values.get("project") or self.project}
        return Fields(self.root, self.schemas, self.kind, self.project, context)

    def encoded(self, child: Child, values: Object, wire: Wire) -> Value:
        """The field's value for one attribute or block of an object with this schema; None to leave it out."""
        value = values.get(child.name)
        if child.virtual or child.write_only or not (child.configurable or child.returned) or value is UNKNOWN:
            return None
        if isinstance(child, Block):
            return self._blocks(child, value or [], self._at(wire, child)) if value or child.switch else None
        if value is None:
            return None
        return _sent(child, self._linked(child, value) if child.link else value, self._at(wire, child))

    def flatten(self, resource: Object, state: Object) -> Object:
        """The values of everything that can be read from the API's resource; `state` supplies the rest."""
        readable = {
            name: child
            for name, child in self.root.children.items()
            if not (child.virtual or child.unread or child.write_only)
        }
        return {
            name: self._read(child, resource, state.get(name), self._wire)
            for name, child in readable.items()
            if name != "id"
        }

    def _linked(self, node: Child, value: Value) -> Value:
        """The full names of resources that a configuration may give by short name."""
        if isinstance(value, list):
            return [self._linked(node, one) for one in value]
        return paths.full(node.link, self.around | {node.name: value}, value) if isinstance(value, str) else value

    @property
    def _wire(self) -> Wire:
        return self.schemas[self.kind]

    def _blocks(self, block: Block, items: list[Object], wire: Wire) -> Value:
        if block.key:
            element = self._resolve(wire.get("additionalProperties", _NOTHING))
            return {one[block.key]: self._object(block, one, element, skip=block.key) for one in items} or None
        if _is_list(block, wire):
            element = self._resolve(wire.get("items", _NOTHING))
            return [self._object(block, one, element) for one in items if _has_value(one)] or None
        if not items:
            return {block.switch: False} if block.switch else None
        body = self._object(block, items[0] or {}, wire) | ({block.switch: True} if block.switch else {})
        return body if body or block.keep_empty else None

    def _object(self, block: Block, values: Object, wire: Wire, skip: str = "") -> Object:
        body: Object = {}
        for name, child in block.children.items():
            if name != skip and not child.unsent:
                _put(body, child.fields, self.encoded(child, values, wire))
        return body

    def _read(self, child: Child, resource: Object, before: Value, wire: Wire) -> Value:
        raw = _get(resource, child.fields)
        if isinstance(child, Block):
            raw = {} if raw is None and child.always else raw
            return self._read_blocks(child, raw, before or [], self._at(wire, child))
        if raw is None and child.sticky:
            return before
        return _scalar(child, raw)

    def _read_blocks(self, block: Block, raw: Value, before: list[Object], wire: Wire) -> list[Object]:
        if block.key:
            element = self._resolve(wire.get("additionalProperties", _NOTHING))
            return [
                self._read_object(block, one, {block.key: key}, element) | {block.key: key}
                for key, one in (raw or {}).items()
            ]
        if _is_list(block, wire):
            element = self._resolve(wire.get("items", _NOTHING))
            items = [one for one in raw or [] if one]
            return [self._read_object(block, one, _item(before, i), element) for i, one in enumerate(items)]
        if block.switch and (raw or {}).get(block.switch) is False:
            return []
        if raw is None or (raw == {} and not (block.keep_empty or block.always)):
            return []
        return [self._read_object(block, raw, _item(before, 0), wire)]

    def _read_object(self, block: Block, raw: Object, before: Object, wire: Wire) -> Object:
        return {
            name: _kept(child, before.get(name))
            if child.virtual or child.unread
            else self._read(child, raw, before.get(name), wire)
            for name, child in block.children.items()
        }

    def _at(self, wire: Wire, child: Child) -> Wire:
        for name in child.fields:
            wire = self._resolve(wire.get("properties", _NOTHING).get(name, _NOTHING))
        return wire

    def _resolve(self, wire: Wire) -> Wire:
        return self.schemas.get(wire["$ref"], _NOTHING) if "$ref" in wire else wire


def api_name(child: Child) -> str:
    """An attribute's or block's API field path, as written in an update mask."""
    return ".".join(child.fields)


def _has_value(item: Object | None) -> bool:
    """Whether anything is set in a list item; empty items are dropped."""
    return any(value not in (None, "", [], {}) for value in (item or {}).values())


def _sent(node: Attribute, value: Value, wire: Wire) -> Value:
    if empty(value) and not (node.send_zero and value is not None):
        return None
    if node.collection == "set":
        return sorted(value)
    if isinstance(value, int) and not isinstance(value, bool) and wire.get("type") == "string":
        return str(value)
    return stored.form(node.sent, value)


def _is_list(block: Block, wire: Wire) -> bool:
    """Whether the API has a list here; without a schema, a repeatable block means one."""
    return wire.get("type") == "array" or (not wire and block.max != 1)


def _zero(child: Child) -> Value:
    return [] if isinstance(child, Block) else child.zero


def _scalar(node: Attribute, raw: Value) -> Value:
    raw = stored.read(node.read, raw)
    if empty(raw) and node.absent:
        return node.absent
    if raw is None:
        return node.zero
    if node.collection:
        return dict(raw) if node.collection == "map" else list(raw)
    if node.scalar == "int":
        return int(raw)
    return str(raw) if node.scalar == "string" else raw


def _kept(child: Child, before: Value) -> Value:
    if isinstance(child, Block):
        return before or []
    return child.zero if before is None else before


def _item(before: list[Object], index: int) -> Object:
    return before[index] or {} if index < len(before) else {}


def _get(resource: Object, names: tuple[str, ...]) -> Value:
    value: Value = resource
    for name in names:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def _put(body: Object, names: tuple[str, ...], value: Value) -> None:
    """Adds a field to a body; an attribute of its own for a field inside an object wins over the object's block."""
    if value is None:
        return
    for name in names[:-1]:
        body = body.setdefault(name, {})
    there = body.get(names[-1])
    body[names[-1]] = value | there if isinstance(value, dict) and isinstance(there, dict) else value
