"""Changes values inside the text of a YAML file and leaves every other character alone: comments, order, quotes, line ends."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import dedent, indent
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

_ALIAS = re.compile(r"\s*:\s*\*[^\s,\[\]{}]+")
_COMMA = re.compile(r"\s*,")
_REST = re.compile(r"[ \t]*(#.*)?$")


@dataclass(frozen=True, order=True)
class _Cut:
    """Characters of the text, from `start` to before `end`, that give way to others."""

    start: int
    end: int
    text: str = ""


def spliced(text: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """The text with what it says changed from `before` to `after`; new keys and items come last.

    Not for every text there is, such as one in which an anchor goes: the caller reads the outcome back.
    """
    node = YAML(typ="safe", pure=True).compose(text)
    for cut in sorted(_Splicer(text).mapping(node, before, after), reverse=True):
        text = text[: cut.start] + cut.text + text[cut.end :]
    return text


@dataclass(frozen=True)
class _Splicer:
    text: str

    def mapping(self, node: MappingNode, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[_Cut]:
        """The cuts that make a mapping with entries say something else."""
        for index, (key, value) in enumerate(node.value):
            name = key.value
            if name not in after:
                yield self._without_entry(node, index)
            elif before[name] != after[name]:
                yield from self._value(node, key, value, before[name], after[name])
        new = {name: value for name, value in after.items() if name not in before}
        if new:
            yield from self._with_entries(node, new)

    def _value(self, parent: MappingNode, key: Node, value: Node, before: Any, after: Any) -> Iterator[_Cut]:
        end = self._end_of_entry(key, value)
        if _alias(key, value):
            yield _Cut(self.text.index("*", key.end_mark.index), end, _flow(after))
        elif isinstance(value, MappingNode) and isinstance(after, Mapping) and before and after:
            yield from self.mapping(value, before, after)
        elif isinstance(value, SequenceNode) and isinstance(after, Sequence) and before:
            yield from self._sequence(value, before, after)
        elif not before and isinstance(after, Mapping | list) and not parent.flow_style:
            colon = self.text.index(":", key.end_mark.index) + 1
            yield _Cut(colon, end)
            yield self._lines(end, after, key.start_mark.column + 2)
        elif isinstance(value, MappingNode) and before and not after:
            yield from self._emptied(key, value)
        else:
            yield _Cut(value.start_mark.index, end, _flow(after))

    def _emptied(self, key: Node, value: MappingNode) -> Iterator[_Cut]:
        if value.flow_style:
            yield _Cut(value.start_mark.index, value.end_mark.index, "{}")
            return
        colon = self.text.index(":", key.end_mark.index) + 1
        yield _Cut(colon, colon, " {}")
        for index in range(len(value.value)):
            yield self._without_entry(value, index)

    def _sequence(self, node: SequenceNode, before: Sequence[Any], after: Sequence[Any]) -> Iterator[_Cut]:
        for item, was, now in zip(node.value, before, after, strict=False):
            if was != now and isinstance(item, MappingNode) and isinstance(now, Mapping):
                yield from self.mapping(item, was, now)
        new = list(after[len(before) :])
        if new and node.flow_style:
            end = self._end(node.value[-1])
            yield _Cut(end, end, f", {_flow(new)[1:-1]}")
        elif new:
            yield self._lines(self._end(node), new, node.start_mark.column)

    def _with_entries(self, node: MappingNode, new: Mapping[str, Any]) -> Iterator[_Cut]:
        first, last = node.value[0][0], node.value[-1]
        end = self._end_of_entry(*last)
        if not node.flow_style:
            yield self._lines(end, new, first.start_mark.column)
            return
        entries = _flow(new)[1:-1]
        comma = _COMMA.match(self.text, end)
        if last[0].start_mark.line == node.start_mark.line or node.end_mark.line == node.value[-1][1].end_mark.line:
            yield _Cut(end, end, f", {entries}")
            return
        if not comma:
            yield _Cut(end, end, ",")
        line = " " * first.start_mark.column + entries + ("," if comma else "") + self._newline
        yield _Cut(self._next_line(end), self._next_line(end), line)

    def _without_entry(self, node: MappingNode, index: int) -> _Cut:
        key, value = node.value[index]
        start, end = key.start_mark.index, self._end_of_entry(key, value)
        if not node.flow_style:
            return _Cut(self._line(start), self._next_line(end))
        comma = _COMMA.match(self.text, end)
        end = comma.end() if comma else end
        if not self.text[self._line(start) : start].strip() and _REST.match(
            self.text[end : self._next_line(end)].rstrip()
        ):
            return _Cut(self._line(start), self._next_line(end))
        if index + 1 < len(node.value):
            return _Cut(start, node.value[index + 1][0].start_mark.index)
        return _Cut(self._end_of_entry(*node.value[index - 1]) if index else start, end)

    def _lines(self, after: int, value: Any, column: int) -> _Cut:
        """A value on lines of its own, below the line that the place is in."""
        place = self._next_line(after)
        lines = indent(dedent(_dumped(value, flow=False)), " " * column).replace("\n", self._newline)
        return _Cut(place, place, lines if self.text[:place].endswith("\n") else self._newline + lines)

    def _end_of_entry(self, key: Node, value: Node) -> int:
        if _alias(key, value):
            alias = _ALIAS.match(self.text, key.end_mark.index)
            return alias.end() if alias else key.end_mark.index
        if value.start_mark.index == value.end_mark.index:  # nothing stands there, wherever its mark is
            return self.text.index(":", key.end_mark.index) + 1
        return self._end(value)

    def _end(self, node: Node) -> int:
        """Where the content of a node ends; the mark of a block stands behind the comments that follow it."""
        if isinstance(node, MappingNode) and not node.flow_style:
            return self._end_of_entry(*node.value[-1])
        if isinstance(node, SequenceNode) and not node.flow_style:
            return self._end(node.value[-1])
        start: int = node.start_mark.index
        return start + len(self.text[start : node.end_mark.index].rstrip())

    def _line(self, place: int) -> int:
        return self.text.rfind("\n", 0, place) + 1

    def _next_line(self, place: int) -> int:
        found = self.text.find("\n", place)
        return found + 1 if found >= 0 else len(self.text)

    @property
    def _newline(self) -> str:
        return "\r\n" if "\r\n" in self.text else "\n"


def _alias(key: Node, value: Node) -> bool:
    """Whether the value is another place's, by its anchor."""
    return bool(value.start_mark.index < key.start_mark.index)


def _flow(value: Any) -> str:
    """A value in one line; a scalar as it stands in a list."""
    text = _dumped(value if isinstance(value, Mapping | list) else [value], flow=True).strip()
    return text if isinstance(value, Mapping | list) else text[1:-1]


def _dumped(value: Any, *, flow: bool) -> str:
    yaml = YAML()
    yaml.width = 4096
    yaml.default_flow_style = flow
    yaml.indent(mapping=2, sequence=4, offset=2)
    stream = io.StringIO()
    yaml.dump(value, stream)
    return stream.getvalue()
