"""Upgrades a state written by an older schema version."""

from __future__ import annotations

from localcloud.provider.rows import ResourceType
from localcloud.provider.schema import Block, Child
from localcloud.provider.values import Object, Value


def upgraded(row: ResourceType, version: int, stored: Object | None) -> Object | None:
    """The state with exactly this schema's attributes: missing ones are null, unknown ones are dropped."""
    if stored is None:
        return None
    state = _object(row.schema.root, stored)
    if row.schema.timeouts:
        timeouts = stored.get("timeouts")
        state["timeouts"] = None if timeouts is None else {step: timeouts.get(step) for step in row.schema.timeouts}
    if version < row.schema.version and "effective_labels" in state and state["effective_labels"] is None:
        # Older versions did not separate labels by who set them: all of them came from the configuration.
        state |= {"effective_labels": state["labels"], "terraform_labels": state["labels"]}
    return state


def _object(block: Block, stored: Object) -> Object:
    return {name: _child(child, stored.get(name)) for name, child in block.children.items()}


def _child(child: Child, value: Value) -> Value:
    if isinstance(child, Block):
        return [_object(child, one or {}) for one in value or []]
    whole_number = child.scalar == "int" and not child.collection
    return int(value) if whole_number and isinstance(value, (str, float)) and value != "" else value
