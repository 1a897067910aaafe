"""Reads variables, outputs and resources of a Terraform module, from files formatted by `terraform fmt`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from groundwork.errors import GroundworkError

_BLOCK = re.compile(r'(?P<kind>variable|output|resource) "(?P<first>[\w-]+)"(?: "(?P<second>[\w-]+)")? \{')
_ARGUMENT = re.compile(r"  (?P<name>\w+) += (?P<value>.+)")


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
    """The module in a folder. Raises GroundworkError for a block that does not end as `terraform fmt` ends it."""
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
    lines = iter(enumerate(path.read_text(encoding="utf-8").splitlines(), start=1))
    for number, line in lines:
        if head := _BLOCK.fullmatch(line):
            body: list[str] = []
            for _, inner in lines:
                if inner == "}":
                    break
                body.append(inner)
            else:
                raise GroundworkError(f"{path}:{number}: this block does not end; run `terraform fmt` on the file.")
            labels = tuple(label for label in head.group("first", "second") if label)
            yield _Block(head["kind"], labels, _arguments(body))


def _arguments(body: list[str]) -> dict[str, str]:
    """The arguments of a block by name, a value over several lines as one; inner blocks are left out."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in body:
        if argument := _ARGUMENT.fullmatch(line):
            current = found.setdefault(argument["name"], [])
            current.append(argument["value"])
        elif line.startswith("  ") and not line.startswith("   ") and line[2] not in "})]":
            current = []
        else:
            current.append(line)
    return {name: _one_line(lines) for name, lines in found.items()}


def _one_line(lines: list[str]) -> str:
    parts = [re.sub(r"\s+", " ", line.strip().rstrip(",")) for line in lines if line.strip()]
    joined = ", ".join(parts)
    return re.sub(r"([({\[]), ", r"\1 ", re.sub(r", ([})\]])", r" \1", joined)).replace("({ })", "({})")
