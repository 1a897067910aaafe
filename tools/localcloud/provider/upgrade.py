"""Upgrades states that an older version of a schema wrote."""

from __future__ import annotations

from localcloud.provider.rows import ResourceType
from localcloud.provider.schema import Attribute, Block, Child
from localcloud.provider.values import Object, Value


def upgraded(row: ResourceType, version: int, stored: Object | None) -> Object | None:
    """The state with exactly this schema's attributes: what it lacked is null, what is no longer known is gone."""
    if stored is None:
        return None
    state = _object(row.schema.root, stored)
    if row.schema.timeouts:
        state["timeouts"] = _timeouts(row, stored.get("timeouts"))
    if version < row.schema.version:
        state |= _labels(row, state)
    return state


def _object(block: Block, stored: Object) -> Object:
    return {name: _child(child, stored.get(name)) for name, child in block.children.items()}


def _child(child: Child, value: Value) -> Value:
    if isinstance(child, Block):
        return [_object(child, one or {}) for one in value or []]
    return _number(child, value) if child.scalar == "int" and not child.collection else value


def _number(_node: Attribute, value: Value) -> Value:
    return int(value) if isinstance(value, (str, float)) and value != "" else value


def _timeouts(row: ResourceType, stored: Object | None) -> Object | None:
    return None if stored is None else {step: stored.get(step) for step in row.schema.timeouts}


def _labels(row: ResourceType, state: Object) -> Object:
    """Before labels were told apart by who set them, all of them were the configuration's."""
    if "effective_labels" not in row.schema.root.children or state["effective_labels"] is not None:
        return {}
    return {"effective_labels": state["labels"], "terraform_labels": state["labels"]}
