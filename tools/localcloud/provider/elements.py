"""Which elements of two sets of blocks are the same one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from localcloud.provider import stored, suppress
from localcloud.provider.schema import Attribute, Block, Child
from localcloud.provider.values import UNKNOWN, Object, Value


@dataclass(frozen=True)
class Elements:
    """The elements of one set block, told apart by what a configuration may say of them."""

    block: Block

    def key(self, element: Object) -> tuple[Any, ...]:
        """A hashable value, equal for elements that are the same after defaults, stored forms and suppression."""
        return _object(self.block, element)


def _object(block: Block, value: Object) -> tuple[Any, ...]:
    return tuple((name, _child(child, value.get(name))) for name, child in block.children.items() if child.configurable)


def _child(child: Child, value: Value) -> Any:
    if value is UNKNOWN:
        return UNKNOWN
    if isinstance(child, Block):
        keys = [_object(child, one or {}) for one in value or []]
        return frozenset(keys) if child.nesting == "set" else tuple(keys)
    return _attribute(child, value)


def _attribute(node: Attribute, value: Value) -> Any:
    if node.collection == "map":
        return frozenset((value or {}).items())
    if node.collection:
        items = [one if one is UNKNOWN else str(one) for one in value or []]
        return frozenset(items) if node.collection == "set" else tuple(items)
    settled = node.default if value is None else stored.form(node.stored, value)
    return suppress.canonical(node.suppress, node.zero if settled is None else settled)
