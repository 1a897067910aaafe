"""A YAML file as plain values with the line of each: what Terraform's yamldecode would make of it, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

Place = tuple[str | int, ...]
"""Where a value stands, from the outside in: ("members", "alice@example.com", "role")."""

# YAML 1.1 reads these words as true or false where they stand without quotes, YAML 1.2 does not; Terraform does.
_TWO_MEANINGS = frozenset({"y", "yes", "on", "n", "no", "off"})


@dataclass(frozen=True, order=True)
class Mistake:
    """One thing that is wrong, by its line (from 1); the sentence leaves out file and line."""

    line: int
    sentence: str
    place: Place = field(default=(), compare=False)


@dataclass(frozen=True)
class Document:
    """A YAML file read: values as JSON would have them, the line of each place, and mistakes met in reading."""

    values: Any
    lines: dict[Place, int]
    mistakes: tuple[Mistake, ...] = ()

    def line(self, place: Place) -> int:
        """The line of a place, or of the nearest place around it that the file has."""
        while place not in self.lines and place:
            place = place[:-1]
        return self.lines.get(place, 1)


def dotted(place: Place) -> str:
    """A place as sentences name it, e.g. "secrets.wandb-api-key.readers.0"."""
    return ".".join(str(step) for step in place)


def read(path: Path) -> Document:
    """The file's document; what cannot be read at all gives a document without values and the mistakes.

    Raises OSError when the file cannot be opened.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return Document(None, {}, (Mistake(1, "the file is not text in UTF-8; save it as UTF-8."),))
    tabs = tuple(_tabs(text))
    if tabs:
        return Document(None, {}, tabs)
    try:
        node = YAML(typ="safe", pure=True).compose(text)
    except YAMLError as error:
        return Document(None, {}, (_unreadable(error),))
    return Document(None, {}) if node is None else _document(node)


def _tabs(text: str) -> Iterator[Mistake]:
    for number, line in enumerate(text.splitlines(), start=1):
        indentation = line[: len(line) - len(line.lstrip())]
        if "\t" in indentation and line.strip():
            yield Mistake(number, "the line is indented with a tab; YAML allows spaces only.")


def _unreadable(error: YAMLError) -> Mistake:
    if isinstance(error, MarkedYAMLError) and error.problem_mark is not None:
        what = str(error.problem or error.context or "").replace("\n", " ")
        line = error.problem_mark.line + 1
        return Mistake(
            line, f"here the file stops being YAML ({what}); look at indentation, colons and quotes up to here."
        )
    return Mistake(1, f"the file is not YAML ({str(error).splitlines()[0]}).")


def _document(node: Node) -> Document:
    lines: dict[Place, int] = {}
    mistakes: list[Mistake] = []
    values = _value(node, (), lines, mistakes)
    return Document(values, lines, tuple(mistakes))


def _value(node: Node, place: Place, lines: dict[Place, int], mistakes: list[Mistake]) -> Any:
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, MappingNode):
        return _mapping(node, place, lines, mistakes)
    if isinstance(node, SequenceNode):
        return [_value(item, (*place, index), lines, mistakes) for index, item in enumerate(node.value)]
    assert isinstance(node, ScalarNode)
    if node.style is None and node.value.lower() in _TWO_MEANINGS:
        sentence = f'{dotted(place)} is {node.value} without quotes, which some read as text and some as true or false; write true, false or "{node.value}".'
        mistakes.append(Mistake(node.start_mark.line + 1, sentence, place))
    return _scalar(node)


def _mapping(node: MappingNode, place: Place, lines: dict[Place, int], mistakes: list[Mistake]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)
        here, line = (*place, key), key_node.start_mark.line + 1
        if key in values:
            sentence = f"{dotted(here)} is there already, in line {lines[here]}; keep one of the two."
            mistakes.append(Mistake(line, sentence, here))
            continue
        lines[here] = line
        values[key] = _value(value_node, here, lines, mistakes)
    return values


def _scalar(node: ScalarNode) -> Any:
    """The value of a scalar by its tag; a day stays text, as in Terraform and JSON."""
    kind = str(node.tag).rpartition(":")[2]
    text: str = node.value
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind == "int":
        return int(text, 0) if text.lower().startswith(("0o", "0x", "-0x")) else int(text)
    return float(text) if kind == "float" and text.lower().strip("+-") not in (".inf", ".nan") else text
