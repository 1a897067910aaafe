"""What a configuration must be before anything is planned: the refusals of hashicorp/google's own validation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from localcloud.provider.checks import complaint
from localcloud.provider.schema import Attribute, Block, Child, Rules, Schema
from localcloud.provider.values import UNKNOWN, Object, Path, Value, at


@dataclass(frozen=True, slots=True)
class Finding:
    """One refusal: where, and a sentence."""

    path: Path
    text: str


def findings(schema: Schema, config: Object) -> list[Finding]:
    """Everything that is wrong with a configuration; unknown values are not judged."""
    return list(_block(schema.root, config, (), config))


def _block(block: Block, values: Object, path: Path, root: Object) -> Iterator[Finding]:
    for name, child in block.children.items():
        value = values.get(name)
        if value is None and child.required and isinstance(child, Attribute):
            yield Finding((*path, name), f"{name} is required; it is null.")
        if not (child.missed or _given(value) or (value is not None and isinstance(child, Attribute))):
            continue
        here = (*path, name)
        yield from _relations(child, value, here, root)
        if not child.configurable and _given(value):
            yield Finding(here, f"{name} cannot be set: its value comes from the API.")
        if isinstance(child, Block):
            yield from _blocks(child, value, here, root)
        elif value is not None and value is not UNKNOWN:
            yield from _attribute(child, value, here)


def _blocks(block: Block, value: Value, path: Path, root: Object) -> Iterator[Finding]:
    if value is UNKNOWN:
        return
    for index, one in enumerate(value or []):
        yield from _block(block, one or {}, (*path, index) if block.nesting == "list" else path, root)


def _attribute(node: Attribute, value: Value, path: Path) -> Iterator[Finding]:
    if node.collection == "map":
        if node.rules.check and UNKNOWN not in value.values():
            yield from _said(path, complaint(node.rules.check, value))
        return
    items = value if node.collection else [value]
    if node.min and len(items) < node.min:
        yield Finding(path, f"{path[-1]} needs at least {node.min} item{'s' if node.min > 1 else ''}.")
    if node.max and len(items) > node.max:
        yield Finding(path, f"{path[-1]} takes at most {node.max} items.")
    for one in items:
        if one is not UNKNOWN and one is not None:
            for text in _complaints(node.rules, one):
                yield from _said(path, text)


def _said(path: Path, text: str) -> Iterator[Finding]:
    if text:
        yield Finding(path, f"{path[-1]} {text}.")


def _complaints(rules: Rules, value: Value) -> Iterator[str]:
    if rules.one_of and value not in rules.one_of:
        yield f"is {value!r}; it must be one of {', '.join(one or repr(one) for one in rules.one_of)}"
    if rules.pattern and not re.search(rules.pattern, str(value)):
        yield f"is {value!r}; it must match {rules.pattern}"
    if rules.length and not rules.length[0] <= (length := len(str(value).encode())) <= rules.length[1]:
        yield f"must have {rules.length[0]} to {rules.length[1]} characters, it has {length} (as bytes of UTF-8)"
    if rules.range and not rules.range[0] <= value <= rules.range[1]:
        yield f"is {value}; it must be from {rules.range[0]} to {rules.range[1]}"
    if rules.at_least is not None and value < rules.at_least:
        yield f"is {value}; it must be at least {rules.at_least}"
    if rules.check:
        yield complaint(rules.check, value)


def _relations(child: Child, value: Value, path: Path, root: Object) -> Iterator[Finding]:
    rules, name, given = child.rules, ".".join(str(one) for one in path if isinstance(one, str)), _given(value)
    if rules.exactly_one_of:
        yield from _exactly_one(path, name, root, rules.exactly_one_of)
    if rules.at_least_one_of and not any(at(root, other) is not None for other in rules.at_least_one_of):
        yield Finding(path, f"One of {', '.join(rules.at_least_one_of)} must be set.")
    if not given:
        return
    for other in rules.conflicts_with:
        if other != name and at(root, other) not in (None, UNKNOWN):
            yield Finding(path, f"{name} and {other} exclude each other.")
    for other in rules.required_with:
        if at(root, other) is None:
            yield Finding(path, f"{name} needs {other} as well.")


def _exactly_one(path: Path, name: str, root: Object, others: tuple[str, ...]) -> Iterator[Finding]:
    all_of = tuple(dict.fromkeys((*others, name)))
    values = {one: at(root, one) for one in all_of}
    given = [one for one, value in values.items() if value not in (None, UNKNOWN)]
    if len(given) > 1:
        yield Finding(path, f"Only one of {', '.join(all_of)} may be set; {' and '.join(given)} are.")
    elif not given and UNKNOWN not in values.values():
        yield Finding(path, f"One of {', '.join(all_of)} must be set.")


def _given(value: Value) -> bool:
    return value is not None and value != []
