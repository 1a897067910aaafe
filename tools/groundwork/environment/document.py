"""Reads a YAML file into plain values with line numbers, as Terraform's yamldecode does, and reports its errors."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from groundwork.environment.content import LARGEST, content
from groundwork.environment.yaml_syntax import before_parsing, unreadable

Place = tuple[str | int, ...]
"""The keys that lead to a value, outermost first: ("members", "alice@example.com", "role")."""

# Unquoted, these words are true or false in YAML 1.1 and for Terraform, but not in YAML 1.2.
_TWO_MEANINGS = frozenset({"y", "yes", "on", "n", "no", "off"})
# Terraform reads numbers in any other form, such as 1_000, 0b1 or .inf, as text or not at all.
_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+")
_TAGS = frozenset({"null", "bool", "int", "float", "str", "timestamp", "merge", "value", "map", "seq"})

_DEEPEST = 20
_MOST_VALUES = 50_000


@dataclass(frozen=True, order=True)
class Mistake:
    """A mistake and its line, counted from 1; the sentence does not repeat file and line."""

    line: int
    sentence: str
    place: Place = field(default=(), compare=False)


@dataclass(frozen=True)
class YamlDocument:
    """A parsed YAML file: values as in JSON, the line of each place, and mistakes found while parsing.

    `days` are the places of unquoted dates: text here, but timestamps for Terraform.
    """

    values: Any
    lines: dict[Place, int]
    mistakes: tuple[Mistake, ...] = ()
    days: frozenset[Place] = frozenset()

    def line(self, place: Place) -> int:
        """The line of a place, or of the nearest place around it in the file."""
        while place not in self.lines and place:
            place = place[:-1]
        return self.lines.get(place, 1)


def dotted(place: Place) -> str:
    """A place in dotted form, e.g. "secrets.wandb-api-key.readers.0"."""
    return ".".join(str(step) for step in place)


def read(path: Path) -> YamlDocument:
    """Reads a file; if it cannot be parsed at all, the document has mistakes and no values.

    Raises OSError when the file cannot be opened.
    """
    return parsed(content(path))


def project_of(path: Path) -> Any:
    """The project of an environment file, as far as it can be read; None if it cannot."""
    try:
        values = read(path).values
    except OSError:
        return None
    return values.get("project") if isinstance(values, dict) else None


def parsed(data: bytes) -> YamlDocument:
    """Parses a file's content."""
    if len(data) > LARGEST:
        return YamlDocument(None, {}, (Mistake(1, f"the file has more than {LARGEST // 1024} KiB."),))
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return YamlDocument(None, {}, (Mistake(line, "the file is not UTF-8 text; save it as UTF-8."),))
    if complaints := tuple(Mistake(*complaint) for complaint in before_parsing(text)):
        return YamlDocument(None, {}, complaints)
    try:
        node = reader().compose(text)
    except YAMLError as error:
        return YamlDocument(None, {}, (Mistake(*unreadable(error)),))
    except RecursionError:
        return YamlDocument(None, {}, (_endless(1),))
    return YamlDocument(None, {}) if node is None else _document(node)


def reader() -> YAML:
    """A reader of plain values, which takes an anchor that is defined again, as YAML allows, without a warning."""
    yaml = YAML(typ="safe", pure=True)
    yaml.composer.warn_double_anchors = False
    return yaml


def _endless(line: int) -> Mistake:
    return Mistake(line, "values are nested too deeply, or an alias contains itself; write them out.")


class _Endless(Exception):
    """More levels or values than anybody would write."""


def is_endless(node: Node) -> bool:
    """Whether it has more levels or values than a person writes, with the values of an alias counted at each use."""
    try:
        _NodeReader().value(node, ())
    except _Endless:
        return True
    return False


def _document(node: Node) -> YamlDocument:
    reader = _NodeReader()
    try:
        values = reader.value(node, ())
    except _Endless as error:
        return YamlDocument(None, {}, (_endless(int(str(error))),))
    return YamlDocument(values, reader.lines, tuple(reader.mistakes), frozenset(reader.days))


@dataclass
class _NodeReader:
    """Turns nodes into values and notes lines, mistakes and days on the way."""

    lines: dict[Place, int] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)
    days: list[Place] = field(default_factory=list)

    def value(self, node: Node, place: Place) -> Any:
        line = node.start_mark.line + 1
        self.lines.setdefault(place, line)
        if len(place) > _DEEPEST or len(self.lines) > _MOST_VALUES:
            raise _Endless(line)
        if _kind(node) not in _TAGS:
            sentence = (
                f"{dotted(place) or 'the file'} has the tag {node.tag}, which Terraform does not know; leave it out."
            )
            self.mistakes.append(Mistake(line, sentence, place))
            return None
        if isinstance(node, MappingNode):
            return self._mapping(node, place)
        if isinstance(node, SequenceNode):
            return [self.value(item, (*place, index)) for index, item in enumerate(node.value)]
        assert isinstance(node, ScalarNode)
        return self._scalar(node, place, line)

    def _mapping(self, node: MappingNode, place: Place) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            here, line = (*place, key), key_node.start_mark.line + 1
            if key in values:
                sentence = f"{dotted(here)} is already in line {self.lines[here]}; keep one of the two."
                self.mistakes.append(Mistake(line, sentence, here))
                continue
            self.lines[here] = line
            values[key] = self.value(value_node, here)
        return values

    def _scalar(self, node: ScalarNode, place: Place, line: int) -> Any:
        text: str = node.value
        other = _other_meaning(node)
        if other:
            sentence = f'{dotted(place)} is {text} without quotes, which some parsers read as text and others as {other} or "{text}".'
            self.mistakes.append(Mistake(line, sentence, place))
            return text
        if _kind(node) == "timestamp":
            self.days.append(place)
        return _plain(_kind(node), text)


def _kind(node: Node) -> str:
    """The last part of one of YAML's own tags; "" for any other tag."""
    before, _, kind = str(node.tag).rpartition(":")
    return kind if before == "tag:yaml.org,2002" else ""


def _other_meaning(node: ScalarNode) -> str:
    """What other parsers read where Terraform reads text or fails; "" if all agree."""
    if node.style is None and node.value.lower() in _TWO_MEANINGS:
        return "true or false; write true, false"
    if _kind(node) not in ("int", "float") or (_NUMBER.fullmatch(node.value) and _finite(node.value)):
        return ""
    return "a number; write plain digits"


def _finite(text: str) -> bool:
    return text.lower().startswith(("0o", "0x")) or math.isfinite(float(text))


def _plain(kind: str, text: str) -> Any:
    """The value of a scalar by its kind; dates stay text, as in JSON."""
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind == "int":
        return int(text, 0) if text.lower().startswith(("0o", "0x")) else int(text)
    return float(text) if kind == "float" else text
