"""Plans attribute changes: takes prior state and proposed values, returns planned values and the paths that force replacement.

The rules are those of Terraform's plugin SDK (SDKv2), found by observing hashicorp/google 7.45.0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from localcloud.provider import replacing, stored, suppress
from localcloud.provider.elements import Elements, arranged, reads_alike
from localcloud.provider.schema import Attribute, Block, Child, null
from localcloud.provider.settings import Settings
from localcloud.provider.values import UNKNOWN, Object, Path, Value, empty, known, text


class Scope(NamedTuple):
    """The planner's position in the schema.

    in_set    whether this is inside an element of a changed set, where no prior values carry over
    suppress  the suppression rules of the enclosing blocks
    set_path  the path of the outermost enclosing set, where replacement paths must stop
    """

    path: Path = ()
    in_set: bool = False
    suppress: tuple[str, ...] = ()
    set_path: Path | None = None

    def into(self, name: str | int) -> Scope:
        """The scope of a child."""
        return Scope((*self.path, name), self.in_set, self.suppress, self.set_path)


@dataclass
class Planner:
    """Plans one resource. With `creating`, nothing exists yet, so that computed values are unknown.

    changes   how many differences were found
    quiet     the same, with changes from null to an explicit zero, which alone make no plan
    replaced  the paths that force replacement
    """

    creating: bool
    prior: Object
    wanted: Object
    settings: Settings
    changes: int = 0
    quiet: int = 0
    replaced: list[Path] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Whether anything differs from the prior state."""
        return self.changes > 0

    def objects(self, block: Block, old: Object | None, new: Object, scope: Scope) -> Object:
        """A block's planned object: each attribute and nested block in turn."""
        before = old or {}
        planned: Object = {}
        for name, child in block.children.items():
            was, wanted = before.get(name), new.get(name)
            unset = not was and not wanted and (isinstance(child, Block) or (was is None and wanted is None))
            if unset and child.settled and not scope.in_set:
                planned[name] = null(child)
            else:
                planned[name] = self.child(child, was, wanted, scope.into(name))
        return planned

    def child(self, child: Child, old: Value, new: Value, scope: Scope) -> Value:
        """The planned value of one attribute or nested block."""
        if isinstance(child, Block):
            return self._set(child, old, new, scope) if child.nesting == "set" else self._list(child, old, new, scope)
        if child.collection:
            return self._collection(child, old, new, scope)
        return self._scalar(child, old, new, scope)

    def _scalar(self, node: Attribute, old: Value, new: Value, scope: Scope) -> Value:
        if node.write_only:
            return None
        if new is UNKNOWN:
            hidden = old is not None and not scope.in_set and self._suppressed(node, old, new, scope)
            return old if hidden else self._change(node, UNKNOWN, scope)
        wanted = node.default if new is None else stored.form(node.stored, new)
        if node.computed and text(wanted) == "":
            fresh = self.creating or scope.in_set
            return self._change(node, UNKNOWN, scope) if fresh and text(old) == "" else old
        if wanted is None and empty(old):
            if scope.in_set:
                return "" if node.scalar == "string" and old is None else None
            return old
        return self._set_scalar(node, old, wanted, scope)

    def _set_scalar(self, node: Attribute, old: Value, wanted: Value, scope: Scope) -> Value:
        if text(old) == text(wanted):
            return wanted if scope.in_set else old
        if self._suppressed(node, old, wanted, scope):
            return old
        if old is None and empty(wanted) and not self.creating:
            return self._quietly(node, wanted, scope)
        if node.replaced_if and not self.creating and replacing.forced(node.replaced_if, old, wanted):
            self.replaced.append(scope.path)
        return self._change(node, wanted, scope)

    def _collection(self, node: Attribute, old: Value, new: Value, scope: Scope) -> Value:
        if isinstance(new, dict) and None in new.values():
            new = {key: one for key, one in new.items() if one is not None}
        new = suppress.without_foreign_keys(node.suppress, old, new) if isinstance(new, dict) else new
        if empty(new):
            return self._emptied(node, old, new, scope)
        if not known(new):
            return self._change(node, UNKNOWN, scope)
        wanted = [stored.form(node.stored, one) for one in new] if isinstance(new, list) else new
        if node.suppress and node.collection == "list":
            wanted = [self._hidden(node, old, at, one, scope) for at, one in enumerate(wanted)]
        if not _equal(node, old, wanted):
            return self._change(node, _merged(node, old, wanted), scope)
        return old if new == wanted or not node.stored else self._quietly(node, old, scope)

    def _hidden(self, node: Attribute, old: Value, at: int, wanted: Value, scope: Scope) -> Value:
        """A list element, or the old one at its index if a suppression rule makes them equal."""
        hidden = at < len(old or []) and self._suppressed(node, old[at], wanted, scope.into(at))
        return old[at] if hidden else wanted

    def _emptied(self, node: Attribute, old: Value, new: Value, scope: Scope) -> Value:
        nothing: Value = {} if node.collection == "map" else []
        if node.computed and new is None:
            return self._change(node, UNKNOWN, scope) if self.creating and empty(old) else old
        if node.computed and old is None and nothing == {}:  # an empty map counts as unset until it has been computed
            return self._change(node, UNKNOWN, scope)
        if not empty(old):
            return self._change(node, nothing, scope)
        if old is None and (new is None or node.collection != "list"):
            return nothing if scope.in_set else None
        return nothing

    def _list(self, block: Block, old: Value, new: Value, scope: Scope) -> Value:
        inner = scope._replace(suppress=(*scope.suppress, block.suppress) if block.suppress else scope.suppress)
        before = old or []
        if new is UNKNOWN:
            hidden = self._suppressed(block, len(before), UNKNOWN, inner.into("#"))
            return before if hidden else self._change(block, UNKNOWN, scope)
        after = arranged(block, before, new or [])
        if block.computed and not after and not (before and self.wanted.get(block.emptied_by) is True):
            return self._change(block, UNKNOWN, scope) if old is None or (self.creating and not before) else before
        if not known(after) and reads_alike(block, before, after):
            return before
        earlier = self.changes
        planned = self._elements(block, before, after, inner)
        if len(before) == len(after):
            return planned
        if self._suppressed(block, len(before), len(after), inner.into("#")):
            return planned if self.creating and self.changes > earlier else planned[: len(before)]
        return self._change(block, planned[: len(after)], scope)

    def _elements(self, block: Block, before: list[Object], after: list[Object], scope: Scope) -> list[Object]:
        """The planned elements at every old or new index."""
        return [
            self.objects(block, _at(before, i), _at(after, i) or block.null, scope.into(i))
            for i in range(max(len(before), len(after)))
        ]

    def _set(self, block: Block, old: Value, new: Value, scope: Scope) -> Value:
        if new is UNKNOWN:
            return self._change(block, UNKNOWN, scope)
        if block.computed and not new:
            return self._change(block, UNKNOWN, scope) if old is None or (self.creating and not old) else old
        elements = Elements(block)
        before, after = {elements.key(one): one for one in old or []}, {elements.key(one): one for one in new or []}
        if before.keys() == after.keys():
            return old or []
        self._change(block, None, scope)
        inner = scope.into("-")._replace(set_path=scope.set_path or scope.path, suppress=(), in_set=True)
        for key in before.keys() - after.keys():
            self.objects(block, before[key], block.null, inner)
        return [self.objects(block, before.get(key), one, inner) for key, one in after.items()]

    def _change(self, node: Child, value: Value, scope: Scope) -> Value:
        self.changes += 1
        return self._quietly(node, value, scope)

    def _quietly(self, node: Child, value: Value, scope: Scope) -> Value:
        """Records a difference that is no change by itself (from null to an explicit zero), only beside others."""
        self.quiet += 1
        if node.force_new and not self.creating:
            self.replaced.append(scope.set_path or scope.path)
        return value

    def _suppressed(self, node: Child, old: Value, new: Value, scope: Scope) -> bool:
        if not node.suppress and not scope.suppress:
            return False
        names = (node.suppress, *reversed(scope.suppress)) if isinstance(node, Attribute) else scope.suppress[-1:]
        comparison = suppress.Comparison(scope.path, old, new, self)
        return any(suppress.equal(name, comparison) for name in names if name)


def _at(items: list[Object], index: int) -> Object | None:
    return items[index] if index < len(items) else None


def _equal(node: Attribute, old: Value, new: Value) -> bool:
    if node.collection != "set":
        return bool(old == new)
    return _folded(node, old).keys() == _folded(node, new).keys()


def _merged(node: Attribute, old: Value, new: Value) -> Value:
    """The wanted value; of set elements that count as equal the old one stays, or else the last one wins."""
    if node.collection != "set":
        return new
    wanted = _folded(node, new)
    return list((wanted | {key: one for key, one in _folded(node, old).items() if key in wanted}).values())


def _folded(node: Attribute, items: Value) -> dict[str, Value]:
    fold: Callable[[Value], str] = (lambda one: text(one).lower()) if node.suppress == "case" else text
    return {fold(one): one for one in items or []}
