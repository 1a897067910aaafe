"""Validates a configuration before planning, by the rules of hashicorp/google's own validation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from localcloud.provider.checks import complaint
from localcloud.provider.schema import Attribute, Block, Child, Schema
from localcloud.provider.values import UNKNOWN, Object, Path, Value, at, known


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One validation error: the attribute's path, and a sentence."""

    path: Path
    text: str


def findings(schema: Schema, config: Object) -> list[Diagnostic]:
    """Every validation error in a configuration; unknown values are skipped."""
    return list(_block(schema.root, config, (), config))


def nulls(value: Value, path: Path = ()) -> list[Diagnostic]:
    """Errors for null elements of lists and sets, which an SDKv2 provider cannot represent."""
    if isinstance(value, dict):
        return [one for name, inner in value.items() if inner for one in nulls(inner, (*path, name))]
    if not isinstance(value, list):
        return []
    here = [Diagnostic(path, f"{path[-1]} has a null element.")] if None in value else []
    return here + [one for index, inner in enumerate(value) for one in nulls(inner, (*path, index))]


def _block(block: Block, values: Object, path: Path, root: Object) -> Iterator[Diagnostic]:
    for name, child in block.children.items():
        value = values.get(name)
        if value is not None or child.required or child.missed:
            yield from _child(child, value, (*path, name), root)


def _child(child: Child, value: Value, path: Path, root: Object) -> Iterator[Diagnostic]:
    """Errors in one attribute or nested block. If it contains unknown values, only its relations to others are checked."""
    if child.missed:
        yield from _alternatives(child, path, root)
    if not _is_set(child, value):
        if child.required:
            yield Diagnostic(path, f"{child.name} is required, but it is null.")
        return
    if not child.configurable:
        yield Diagnostic(path, f"{child.name} cannot be set: its value comes from the API.")
        return
    for other in child.rules.required_with:
        if at(root, other) is None:
            yield Diagnostic(path, f"{_name(path)} needs {other} as well.")
    if not known(value):
        return
    for other in child.rules.conflicts_with:
        if at(root, other) not in (None, UNKNOWN):
            yield Diagnostic(path, f"{_name(path)} and {other} cannot both be set.")
    if isinstance(child, Block):
        for index, one in enumerate(value):
            yield from _block(child, one or {}, (*path, index) if child.nesting == "list" else path, root)
    else:
        yield from _attribute(child, value, path)


def _attribute(node: Attribute, value: Value, path: Path) -> Iterator[Diagnostic]:
    if node.collection == "map":
        present = {key: one for key, one in value.items() if one is not None}
        yield from _diagnostic(path, complaint(node.rules.check, present) if node.rules.check else "")
        return
    items = value if node.collection else [value]
    if node.min and len(items) < node.min:
        yield Diagnostic(path, f"{path[-1]} needs at least {node.min} item{'s' if node.min > 1 else ''}.")
    if node.max and len(items) > node.max:
        yield Diagnostic(path, f"{path[-1]} takes at most {node.max} items.")
    for one in items:
        if one is not None:
            for text in _complaints(node, one):
                yield from _diagnostic(path, text)


def _diagnostic(path: Path, text: str) -> Iterator[Diagnostic]:
    if text:
        yield Diagnostic(path, f"{path[-1]} {text}.")


def _complaints(node: Attribute, value: Value) -> Iterator[str]:
    if node.scalar == "int" and not isinstance(value, int):
        yield f"is {value}; it must be a whole number"
        return
    rules = node.rules
    if rules.one_of and value not in rules.one_of:
        yield f"is {value!r}; it must be one of {', '.join(one or repr(one) for one in rules.one_of)}"
    in_python = rules.pattern.replace("$", r"\Z")  # a Go pattern, where $ matches only at the very end
    if rules.pattern and not re.search(in_python, str(value)):
        yield f"is {value!r}; it must match {rules.pattern}"
    if rules.length and not rules.length[0] <= (length := len(str(value).encode())) <= rules.length[1]:
        yield f"must have {rules.length[0]} to {rules.length[1]} characters; it has {length} (counted as UTF-8 bytes)"
    if rules.range and not rules.range[0] <= value <= rules.range[1]:
        yield f"is {value}; it must be from {rules.range[0]} to {rules.range[1]}"
    if rules.at_least is not None and value < rules.at_least:
        yield f"is {value}; it must be at least {rules.at_least}"
    if rules.check:
        yield complaint(rules.check, value)


def _alternatives(child: Child, path: Path, root: Object) -> Iterator[Diagnostic]:
    """Errors from relations that require a value, whether this one is set or not."""
    rules = child.rules
    if rules.exactly_one_of:
        yield from _exactly_one(path, root, tuple(dict.fromkeys((*rules.exactly_one_of, _name(path)))))
    if rules.at_least_one_of and not any(at(root, other) is not None for other in rules.at_least_one_of):
        yield Diagnostic(path, f"One of {', '.join(rules.at_least_one_of)} must be set.")
    attribute, _, value = rules.unless.partition(":")
    if (
        rules.any_of
        and root.get(attribute) not in (value, UNKNOWN)
        and all(root.get(one) is None for one in rules.any_of)
    ):
        yield Diagnostic(path, f"One of {', '.join(rules.any_of)} must be set, unless {attribute} is {value}.")


def _exactly_one(path: Path, root: Object, all_of: tuple[str, ...]) -> Iterator[Diagnostic]:
    values = {one: value for one in all_of if (value := at(root, one)) is not None}
    present = [one for one, value in values.items() if known(value)]
    if len(present) > 1:
        yield Diagnostic(path, f"Only one of {', '.join(all_of)} may be set; {' and '.join(present)} are.")
    elif not values:
        yield Diagnostic(path, f"One of {', '.join(all_of)} must be set.")


def _name(path: Path) -> str:
    return ".".join(one for one in path if isinstance(one, str))


def _is_set(child: Child, value: Value) -> bool:
    return value is not None and not (isinstance(child, Block) and value == [])
