"""Reads variables, outputs and resources of a Terraform module."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import tree_sitter_hcl
from tree_sitter import Language, Node, Parser

from groundwork.errors import GroundworkError

_HEAD = ("identifier", "string_lit")


@dataclass(frozen=True)
class Variable:
    """An input variable: its type as one line of HCL; `default` is HCL too, None where a value is required."""

    name: str
    description: str
    type: str
    default: str | None


@dataclass(frozen=True)
class OutputBlock:
    """An output and its description."""

    name: str
    description: str


@dataclass(frozen=True)
class Module:
    """A module's variables, outputs and resource types, each in file order; types are unique."""

    variables: tuple[Variable, ...]
    outputs: tuple[OutputBlock, ...]
    resources: tuple[str, ...]


@dataclass(frozen=True)
class _Block:
    kind: str
    labels: tuple[str, ...]
    arguments: dict[str, str]

    def text(self, name: str) -> str:
        return str(json.loads(self.arguments[name])) if name in self.arguments else ""


def read_module(folder: Path) -> Module:
    """The module in a folder. Raises GroundworkError for a file that is not HCL."""
    blocks = [block for path in sorted(folder.glob("*.tf")) for block in _blocks(path)]
    return Module(
        variables=tuple(_variable(block) for block in blocks if block.kind == "variable"),
        outputs=tuple(
            OutputBlock(block.labels[0], block.text("description")) for block in blocks if block.kind == "output"
        ),
        resources=tuple(sorted({block.labels[0] for block in blocks if block.kind == "resource"})),
    )


def _variable(block: _Block) -> Variable:
    arguments = block.arguments
    return Variable(block.labels[0], block.text("description"), arguments.get("type", ""), arguments.get("default"))


def _blocks(path: Path) -> Iterator[_Block]:
    """The blocks at a file's top level; the blocks inside them are left out."""
    root = _parser().parse(path.read_bytes()).root_node
    if root.has_error:
        raise GroundworkError(f"{path}:{_first_error(root)}: this is not valid HCL; `terraform fmt` says why.")
    for block in _inside(root, "block"):
        kind, *labels = (_text(node).strip('"') for node in block.named_children if node.type in _HEAD)
        arguments = {
            _text(one.named_children[0]): _one_line(one.named_children[1]) for one in _inside(block, "attribute")
        }
        yield _Block(kind, tuple(labels), arguments)


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_hcl.language()))


def _inside(node: Node, kind: str) -> Iterator[Node]:
    """The nodes of a kind in the body of a file or block."""
    bodies = (child for child in node.named_children if child.type == "body")
    return (child for body in bodies for child in body.named_children if child.type == kind)


def _first_error(root: Node) -> int:
    """The number of the first line that the parser could not read, or that misses something."""
    node = root
    while child := next((one for one in node.children if one.has_error), None):
        node = child
    return node.start_point.row + 1


def _text(node: Node) -> str:
    return (node.text or b"").decode()


def _one_line(expression: Node) -> str:
    parts = [re.sub(r"\s+", " ", line.strip().rstrip(",")) for line in _text(expression).splitlines() if line.strip()]
    joined = ", ".join(parts)
    return re.sub(r"([({\[]), ", r"\1 ", re.sub(r", ([})\]])", r" \1", joined)).replace("({ })", "({})")
