"""Schemas of resource types: attributes and blocks with their flags, parsed from the short strings of a row."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from localcloud.provider.values import Object, Value
from localcloud.spec.discovery import camel

Scalar = Literal["string", "bool", "int", "float"]
Collection = Literal["", "list", "set", "map"]

_TYPE = re.compile(r"(?:(list|set|map)\()?(string|bool|int|float)\)?")
_FLAGS = [
    "required",
    "optional",
    "computed",
    "force_new",
    "sensitive",
    "write_only",
    "virtual",
    "unread",
    "unsent",
    "keep_empty",
    "send_zero",
    "sticky",
    "always",
    "returned",
]
_OPTIONS = [
    "default",
    "one_of",
    "pattern",
    "length",
    "range",
    "at_least",
    "min",
    "max",
    "check",
    "exactly_one_of",
    "at_least_one_of",
    "conflicts_with",
    "required_with",
    "api",
    "suppress",
    "stored",
    "sent",
    "read",
    "link",
    "absent",
    "yields_to",
    "key",
    "switch",
    "order",
    "emptied_by",
    "replaced_if",
    "any_of",
    "unless",
]
_OPTION = re.compile(rf"(?:^| )({'|'.join(_OPTIONS)})=")
_NAMED = ("api", "suppress", "stored", "sent", "read", "link", "absent", "yields_to", "key", "switch", "order",
          "emptied_by", "replaced_if")  # fmt: skip
_ZEROS: Mapping[str, Value] = {"string": "", "bool": False, "int": 0, "float": 0}


@dataclass(frozen=True, slots=True)
class Rules:
    """Validation rules for a value; relations hold attribute paths like "website.not_found_page".

    any_of  attributes of which one must be set, if only to an empty list, unless `unless` ("attribute:VALUE") holds
    """

    one_of: tuple[str, ...] = ()
    pattern: str = ""
    length: tuple[int, int] | None = None
    range: tuple[int, int] | None = None
    at_least: int | None = None
    check: str = ""
    exactly_one_of: tuple[str, ...] = ()
    at_least_one_of: tuple[str, ...] = ()
    conflicts_with: tuple[str, ...] = ()
    required_with: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    unless: str = ""


@dataclass(frozen=True)
class Node:
    """What attributes and blocks have in common.

    virtual     known to the provider only: neither sent to the API nor read from it
    unread      sent, but never read back: the configured value stays
    unsent      read, but never sent
    sticky      keeps its old value where the API returns none
    keep_empty  an empty block is sent as an empty object and read back as a block
    send_zero   a zero value is sent as well
    always      a block that is read as an empty one where the API has none
    returned    a value that only the API gives, but that an update sends back
    api         the API's field path if it is not the name in camelCase; dots separate nested objects
    key         for a set of blocks that is a map in the API: the attribute that holds the map's key
    suppress    the name of a diff suppression rule (see suppress.py)
    stored      the name of a conversion before the value is stored (see stored.py); `sent`: before it is sent; `read`: after it was read
    link        a template over the resource's values for the full name to send, where a configuration may give a short one
    absent      the value to read where the API returns none
    yields_to   an attribute that is sent instead of this one if both have a value
    switch      the API's boolean in a block's object that is true where there is a block, and false where there is none
    order       the attribute of a list's blocks by which they keep their places, however the configuration orders them
    emptied_by  the attribute with which a computed block that is left out is emptied, instead of keeping what it has
    replaced_if the name of a rule by which some changes of the value force replacement (see replacing.py)
    """

    name: str
    required: bool = False
    optional: bool = False
    computed: bool = False
    force_new: bool = False
    sensitive: bool = False
    write_only: bool = False
    virtual: bool = False
    unread: bool = False
    unsent: bool = False
    keep_empty: bool = False
    send_zero: bool = False
    sticky: bool = False
    always: bool = False
    returned: bool = False
    min: int = 0
    max: int = 0
    api: str = ""
    key: str = ""
    suppress: str = ""
    stored: str = ""
    sent: str = ""
    read: str = ""
    link: str = ""
    absent: str = ""
    yields_to: str = ""
    switch: str = ""
    order: str = ""
    emptied_by: str = ""
    replaced_if: str = ""
    rules: Rules = field(default_factory=Rules)

    @cached_property
    def configurable(self) -> bool:
        """Whether a configuration may set it."""
        return self.required or self.optional

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """Its field path in the API's resource."""
        return tuple(self.api.split(".")) if self.api else (camel(self.name),)

    @cached_property
    def missed(self) -> bool:
        """Whether leaving it out can be an error, because of a relation to other attributes."""
        return bool(self.rules.exactly_one_of or self.rules.at_least_one_of or self.rules.any_of)


@dataclass(frozen=True)
class Attribute(Node):
    """A value: a scalar, or a list, set or map of scalars."""

    scalar: Scalar = "string"
    collection: Collection = ""
    default: Value = None

    @cached_property
    def settled(self) -> bool:
        """Whether it stays null if it was null and nothing is configured."""
        return not self.computed and self.default is None

    @property
    def zero(self) -> Value:
        """The value that is read where there is none; Terraform takes none for what is only written."""
        if self.write_only:
            return None
        if self.collection:
            return {} if self.collection == "map" else []
        return _ZEROS[self.scalar]


@dataclass(frozen=True)
class Block(Node):
    """Nested blocks: a list or a set of objects."""

    nesting: Literal["list", "set"] = "list"
    children: Mapping[str, Attribute | Block] = field(default_factory=dict)

    @cached_property
    def settled(self) -> bool:
        """Whether it stays empty if it was empty and nothing is configured."""
        return not self.computed

    @cached_property
    def null(self) -> Object:
        """An object of this block with nothing set: null attributes, no nested blocks."""
        return {name: null(child) for name, child in self.children.items()}


Child = Attribute | Block


def null(child: Child) -> Value:
    """The value when nothing is set: null for an attribute, no blocks for a block."""
    return [] if isinstance(child, Block) else None


@dataclass(frozen=True)
class Schema:
    """The schema of a resource type or data source.

    `timeouts` maps create, read, update and delete to default seconds (0: none). `framework`: Google's provider has the type in
    its newer framework, which keeps no private data.
    """

    root: Block
    version: int = 0
    timeouts: Mapping[str, int] = field(default_factory=dict)
    framework: bool = False

    @cached_property
    def null(self) -> Object:
        """An object of this schema with nothing set."""
        return self.root.null | ({"timeouts": None} if self.timeouts else {})

    def walk(self) -> Iterator[tuple[tuple[str, ...], Child]]:
        """Every attribute and block with its path of names, outermost first."""
        yield from _walk(self.root, ())


def _walk(block: Block, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Child]]:
    for name, child in block.children.items():
        yield (*path, name), child
        if isinstance(child, Block):
            yield from _walk(child, (*path, name))


def parse(raw: Mapping[str, Any], *, version: int = 0, timeouts: Mapping[str, int] | None = None) -> Schema:
    """A schema from a row's tree: attribute name -> "type flags option=value …"; block name -> a tree with the block's flags under "$"."""
    return Schema(Block(name="", children=_children(raw)), version, timeouts or {})


def _children(raw: Mapping[str, Any]) -> dict[str, Child]:
    return {name: _child(name, raw[name]) for name in sorted(raw) if name != "$"}


def _child(name: str, raw: str | Mapping[str, Any]) -> Child:
    if isinstance(raw, str):
        return _attribute(name, raw)
    kind, common = _common(name, raw["$"])
    return Block(**common, nesting="set" if kind == "set" else "list", children=_children(raw))


def _attribute(name: str, text: str) -> Attribute:
    kind, common = _common(name, text)
    match = _TYPE.fullmatch(kind)
    if not match:
        raise ValueError(f"The attribute {name} has an unknown type: {text!r}.")
    options = _options(text)
    try:
        default = json.loads(options["default"]) if "default" in options else None
    except ValueError:
        raise ValueError(f"{name} has no JSON as its default, or flags after it: {options['default']}.") from None
    return Attribute(**common, scalar=match[2], collection=match[1] or "", default=default)  # type: ignore[arg-type]


def _common(name: str, text: str) -> tuple[str, dict[str, Any]]:
    plain = _OPTION.split(text, maxsplit=1)[0].split()
    wrong = [word for word in plain[1:] if word not in _FLAGS]
    if wrong:
        raise ValueError(f"{name} has unknown flags: {' '.join(wrong)}.")
    options = _options(text)
    common: dict[str, Any] = {"name": name, **dict.fromkeys(plain[1:], True)}
    common |= {key: options[key] for key in _NAMED if key in options}
    common |= {key: int(options[key]) for key in ("min", "max") if key in options}
    return plain[0], common | {"rules": _rules(options)}


def _options(text: str) -> dict[str, str]:
    parts = _OPTION.split(text)
    return {name: value.strip() for name, value in zip(parts[1::2], parts[2::2], strict=True)}


def _rules(options: Mapping[str, str]) -> Rules:
    many = {key: tuple(options[key].split(",")) for key in _RELATIONS if key in options}
    one_of = (
        tuple("" if one == "(empty)" else one for one in options["one_of"].split("|")) if "one_of" in options else ()
    )
    return Rules(
        one_of=one_of,
        pattern=options.get("pattern", ""),
        length=_span(options, "length"),
        range=_span(options, "range"),
        at_least=int(options["at_least"]) if "at_least" in options else None,
        check=options.get("check", ""),
        unless=options.get("unless", ""),
        **many,
    )


_RELATIONS = ("exactly_one_of", "at_least_one_of", "conflicts_with", "required_with", "any_of")


def _span(options: Mapping[str, str], name: str) -> tuple[int, int] | None:
    if name not in options:
        return None
    low, _, high = options[name].partition("..")
    return int(low), int(high)
