"""Matches URL paths to methods, the most literal route first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar
from urllib.parse import unquote

T = TypeVar("T")
Slot = tuple[str, int, int | None]  # parameter, first segment, end segment (None: to the end)


class _Node(Generic[T]):
    """One segment of a path: its possible successors, and the route that ends here."""

    __slots__ = ("any", "ends", "literals", "tail", "verbs")

    def __init__(self) -> None:
        self.literals: dict[str, _Node[T]] = {}
        self.verbs: dict[str, _Node[T]] = {}
        self.any: _Node[T] | None = None
        self.ends: tuple[T, tuple[Slot, ...]] | None = None
        self.tail: tuple[T, tuple[Slot, ...]] | None = None


class Routes(Generic[T]):
    """Routes of one HTTP verb each, looked up by path segments.

    A template is a flatPath: literals, `{param}` (one segment), `{param}:verb`. A literal wins over a custom verb,
    a custom verb over a plain parameter, so that `x:getIamPolicy` is never taken for a resource called that.
    """

    def __init__(self) -> None:
        self._roots: dict[str, _Node[T]] = {}

    def add(self, http: str, template: str, target: T, slots: Sequence[Slot]) -> None:
        """Adds a route; an existing route with the same shape stays."""
        node = self._roots.setdefault(http, _Node())
        for segment in template.split("/"):
            node = _step(node, segment)
        entry = (target, tuple(slots))
        if slots and slots[-1][2] is None:
            node.tail = node.tail or entry
        node.ends = node.ends or entry

    def find(self, http: str, path: str) -> tuple[T, dict[str, str]] | None:
        """The target for a raw (still percent-encoded) path without leading slash, and its decoded parameters."""
        root = self._roots.get(http)
        if root is None:
            return None
        segments = path.split("/")
        match = _walk(root, segments, 0)
        if match is None and "%2" in path:
            segments = path.replace("%2F", "/").replace("%2f", "/").split("/")
            match = _walk(root, segments, 0)
        if match is None:
            return None
        (target, slots), verb = match
        if verb:
            segments[-1] = segments[-1][: -len(verb) - 1]
        return target, {name: unquote("/".join(segments[start:stop])) for name, start, stop in slots}

    def verbs(self, path: str) -> list[str]:
        """The HTTP verbs that some route at this path answers."""
        return [http for http in self._roots if self.find(http, path)]


def _step(node: _Node[T], segment: str) -> _Node[T]:
    if not segment.startswith("{"):
        return node.literals.setdefault(segment, _Node())
    _, _, verb = segment.partition("}")
    if verb.startswith(":"):
        return node.verbs.setdefault(verb[1:], _Node())
    if node.any is None:
        node.any = _Node()
    return node.any


def _walk(node: _Node[T], segments: Sequence[str], depth: int) -> tuple[tuple[T, tuple[Slot, ...]], str] | None:
    if depth == len(segments):
        return (node.ends, "") if node.ends is not None else None
    segment = segments[depth]
    literal = node.literals.get(segment)
    if literal is not None:
        match = _walk(literal, segments, depth + 1)
        if match is not None:
            return match
    if node.verbs and depth == len(segments) - 1 and segment:
        name, _, verb = segment.replace("%3A", ":").rpartition(":")
        ending = node.verbs.get(verb) if name else None
        if ending is not None and ending.ends is not None:
            return ending.ends, verb
    # What reaches to the end may begin with a slash: the object "/a" of /bucket//a.
    if node.any is not None and (segment or (node.any.tail is not None and depth + 1 < len(segments))):
        match = _walk(node.any, segments, depth + 1)
        if match is not None:
            return match
    return (node.tail, "") if node.tail is not None and depth else None
