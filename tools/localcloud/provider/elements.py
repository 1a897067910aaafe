"""Matches the elements of sets of blocks, and compares lists of blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from localcloud.provider import stored, suppress
from localcloud.provider.schema import Attribute, Block, Child
from localcloud.provider.values import UNKNOWN, Object, Value, known


@dataclass(frozen=True)
class Elements:
    """The elements of one set block, identified by their configurable attributes."""

    block: Block

    def key(self, element: Object) -> tuple[Any, ...]:
        """A hashable key, equal for elements that are the same after defaults, stored forms and diff suppression."""
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
        items = sorted(items, key=str) if node.suppress == "unordered" else items
        return frozenset(items) if node.collection == "set" else tuple(items)
    settled = node.default if value is None else stored.form(node.stored, value)
    return suppress.canonical(node.suppress, node.zero if settled is None else settled)


def arranged(block: Block, old: list[Object], new: list[Object]) -> list[Object]:
    """The wanted blocks in the places of those they follow on from, by the attribute that orders them; new ones fill the gaps.

    One that stays keeps the computed values that it leaves out.
    """
    if not block.order or any(one.get(block.order) is UNKNOWN for one in new):
        return new
    places = {one[block.order]: at for at, one in enumerate(old)}
    kept: dict[int, Object] = {}
    others: list[Object] = []
    for one in new:
        at = places.get(one[block.order])
        was = old[at] if at is not None else {}
        merged = {name: was.get(name) if value is None else value for name, value in one.items()}
        if at is not None and at < len(new) and at not in kept:
            kept[at] = merged
        else:
            others.append(merged)
    return [kept[at] if at in kept else others.pop(0) for at in range(len(new))]


def reads_alike(block: Block, old: list[Object], new: list[Object]) -> bool:
    """Whether an SDKv2 provider sees two lists of blocks as equal although the new one has unknown values.

    It reads an unknown number, bool or list as zero, and never sees two sets as the same.
    """
    return len(old) == len(new) and all(_alike(block, one, other) for one, other in zip(old, new, strict=True))


def _alike(block: Block, old: Object, new: Object) -> bool:
    if _holds(block, old) != _wants(block, new):
        return False
    return all(_reads_alike(child, old.get(name), new.get(name)) for name, child in block.children.items())


def _holds(block: Block, state: Object) -> bool:
    return any(isinstance(child, Block) or state.get(name) is not None for name, child in block.children.items())


def _wants(block: Block, config: Object) -> bool:
    return any(
        value != [] if isinstance(child, Block) else value is not None or child.default is not None
        for name, child in block.children.items()
        for value in (config.get(name),)
    )


def _reads_alike(child: Child, old: Value, new: Value) -> bool:
    if isinstance(child, Block):
        return child.nesting == "list" and reads_alike(child, old or [], [] if new is UNKNOWN else new or [])
    if child.collection == "set" or (new is UNKNOWN and child.scalar == "string" and not child.collection):
        return False
    unset = child.zero if child.default is None else child.default
    wanted = unset if new is None else new if known(new) else child.zero
    return bool((child.zero if old is None else old) == wanted)
