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
]
_OPTION = re.compile(rf"(?:^| )({'|'.join(_OPTIONS)})=")
_NAMED = ("api", "suppress", "stored", "sent", "read", "link", "absent", "yields_to", "key")
_ZEROS: Mapping[str, Value] = {"string": "", "bool": False, "int": 0, "float": 0}


@dataclass(frozen=True, slots=True)
class Rules:
    """What a value must be at validate; relations hold paths like "website.not_found_page"."""

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


@dataclass(frozen=True)
class Node:
    """What attributes and blocks have in common.

    virtual     known to the provider only: neither sent to the API nor read from it
    unread      sent, but never read back: the configured value stays
    unsent      read, but never sent
    sticky      where the API says nothing, the value stays what it was
    keep_empty  an empty block is sent as an empty object and read back as a block
    always      a block that is read as one without anything where the API has none
    api         API path where it is not the camelCase of the name, dots for nested objects
    key         a set of blocks that is a map in the API: the attribute that is the map's key
    suppress    named equality of old and new value
    stored      named change before it is stored; `sent` before it is sent; `read` after it was read
    link        the full name that is sent where the configuration may give a short one, a template over the resource's values
    absent      what is read where the API says nothing
    yields_to   an attribute that is sent instead of this one where both have a value
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
    rules: Rules = field(default_factory=Rules)

    @cached_property
    def configurable(self) -> bool:
        """Whether a configuration may set it."""
        return self.required or self.optional

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """The path of its field in the API's resource."""
        return tuple(self.api.split(".")) if self.api else (camel(self.name),)

    @cached_property
    def missed(self) -> bool:
        """Whether it may be wrong to leave it out, which a relation to others says."""
        return bool(self.rules.exactly_one_of or self.rules.at_least_one_of)


@dataclass(frozen=True)
class Attribute(Node):
    """A value: a scalar, or a list, set or map of scalars."""

    scalar: Scalar = "string"
    collection: Collection = ""
    default: Value = None

    @cached_property
    def settled(self) -> bool:
        """Whether it stays null where nothing was and nothing is wanted."""
        return not self.computed and self.default is None

    @property
    def zero(self) -> Value:
        """What a reader sees where there is no value."""
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
        """Whether it stays empty where nothing was and nothing is wanted."""
        return not self.computed

    @cached_property
    def null(self) -> Object:
        """An object of this block with nothing set: null attributes and no blocks."""
        return {name: null(child) for name, child in self.children.items()}


Child = Attribute | Block


def null(child: Child) -> Value:
    """What is there when nothing was set: no blocks, a null attribute."""
    return [] if isinstance(child, Block) else None


@dataclass(frozen=True)
class Schema:
    """A resource type's or data source's schema. `timeouts` maps create, read, update, delete to default seconds (0: no default)."""

    root: Block
    version: int = 0
    timeouts: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def null(self) -> Object:
        """An object of this schema with nothing set."""
        return self.root.null | ({"timeouts": None} if self.timeouts else {})

    def walk(self) -> Iterator[tuple[tuple[str, ...], Child]]:
        """Every attribute and block with its path of names, outer first."""
        yield from _walk(self.root, ())


def _walk(block: Block, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Child]]:
    for name, child in block.children.items():
        yield (*path, name), child
        if isinstance(child, Block):
            yield from _walk(child, (*path, name))


def parse(raw: Mapping[str, Any], *, version: int = 0, timeouts: Mapping[str, int] | None = None) -> Schema:
    """A schema from a row's tree: attribute name -> "type flags option=value …", block name -> a tree with its own flags under "$"."""
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
    found = _TYPE.fullmatch(kind)
    if not found:
        raise ValueError(f"The attribute {name} has no type that is known: {text!r}.")
    options = _options(text)
    default = json.loads(options["default"]) if "default" in options else None
    return Attribute(**common, scalar=found[2], collection=found[1] or "", default=default)  # type: ignore[arg-type]


def _common(name: str, text: str) -> tuple[str, dict[str, Any]]:
    plain = _OPTION.split(text, maxsplit=1)[0].split()
    wrong = [word for word in plain[1:] if word not in _FLAGS]
    if wrong:
        raise ValueError(f"The flags of {name} are unknown: {' '.join(wrong)}.")
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
        **many,
    )


_RELATIONS = ("exactly_one_of", "at_least_one_of", "conflicts_with", "required_with")


def _span(options: Mapping[str, str], name: str) -> tuple[int, int] | None:
    if name not in options:
        return None
    low, _, high = options[name].partition("..")
    return int(low), int(high)
