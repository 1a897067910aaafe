"""Null or zero: which of the two a planned, applied or refreshed value keeps.

An SDKv2 provider does not distinguish null from zero internally, so the choice comes from the previous value: the
configuration's for a plan, the plan's for an apply, the state's for a refresh.
"""

from __future__ import annotations

from typing import Literal

from localcloud.provider.schema import Attribute, Block, Child
from localcloud.provider.values import UNKNOWN, Object, Value, known

Stage = Literal["plan", "apply", "refresh"]


def objects(block: Block, now: Object, before: Object, stage: Stage) -> Object:
    """`now` with nulls and zeros as in `before`, where the two are equivalent."""
    values: Object = {}
    for name, child in block.children.items():
        value, was = now.get(name), before.get(name)
        alike = value == was and (value is not None or isinstance(child, Attribute))
        values[name] = value if alike else _child(child, value, was, stage)
    return values


def filled(block: Block, value: Object) -> Object:
    """The state as an SDKv2 provider sees it: inside a block with any value, null is zero."""
    values = {name: value.get(name) for name in block.children}
    for name, child in block.children.items():
        if isinstance(child, Block):
            elements = values[name] or []
            values[name] = [
                _filled_block(child, one) if any(item is not None for item in one.values()) else one for one in elements
            ]
    return values


def unread(root: Block, prior: Object, values: Object) -> Object:
    """An update's plan as the state it leaves when nothing is read back: removed values are zero, too."""
    removed = {name for name, value in values.items() if value is None and prior.get(name) is not None}
    zeros = {name: child.zero for name in removed if isinstance(child := root.children.get(name), Attribute)}
    return values | filled(root, values) | zeros


def _filled_block(block: Block, value: Object) -> Object:
    inner = filled(block, value)
    return {
        name: child.zero if isinstance(child, Attribute) and inner[name] is None else inner[name]
        for name, child in block.children.items()
    }


def _child(child: Child, now: Value, before: Value, stage: Stage) -> Value:
    if before is UNKNOWN or now is UNKNOWN:
        return now
    if isinstance(child, Block):
        return _blocks(child, now or [], before or [], stage)
    if child.collection:
        return _collection(child, now, before, stage)
    unset = now is None and (before == "" or (stage == "apply" and before is not None))
    return before if unset else now


def _collection(node: Attribute, now: Value, before: Value, stage: Stage) -> Value:
    if stage == "apply":
        if (before is None and now in ([], {})) or (now is None and before in ([], {})):
            return before
        if node.collection == "set" and before is not None and known(before):
            return before
    return now


def _blocks(block: Block, now: list[Object], before: list[Object], stage: Stage) -> Value:
    if block.nesting == "set":
        return before if stage == "apply" and known(before) else now
    if now == before or len(now) != len(before):
        return now
    return [objects(block, one, other, stage) for one, other in zip(now, before, strict=True)]
