"""Terraform values as Python values: None is null, UNKNOWN is unknown, sets are lists, objects and maps are dicts."""

from __future__ import annotations

import json
from typing import Any, Final

import msgpack

Value = Any
Object = dict[str, Any]
Path = tuple[str | int, ...]


class _Unknown:
    """The one unknown value; it equals only itself."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __copy__(self) -> _Unknown:
        return self

    def __deepcopy__(self, _memo: dict[int, Any]) -> _Unknown:
        return self


UNKNOWN: Final = _Unknown()
_NESTING = (dict, list, _Unknown)
# Go strings hold arbitrary bytes, and Terraform passes them on: a secret need not be valid UTF-8.
BYTES: Final = "surrogateescape"
_UNKNOWN_BYTES: Final = msgpack.ExtType(0, b"\x00")


def decode(raw: bytes) -> Value:
    """Decodes a msgpack DynamicValue. Terraform marks unknowns with extension types 0 and 12 (refined); both become UNKNOWN."""
    if not raw:
        return None
    return msgpack.unpackb(raw, ext_hook=_extension, strict_map_key=False, unicode_errors=BYTES)


def encode(value: Value) -> bytes:
    """Encodes a value as a msgpack DynamicValue; raises TypeError for anything that is not a Terraform value."""
    packed: bytes = msgpack.packb(value, default=_unknown_bytes, unicode_errors=BYTES)
    return packed


def decode_json(raw: bytes) -> Value:
    """Decodes the JSON form of a DynamicValue or of a stored state; it has no unknowns."""
    return json.loads(raw) if raw else None


def _extension(_code: int, _data: bytes) -> Value:
    return UNKNOWN


def _unknown_bytes(value: object) -> msgpack.ExtType:
    if value is UNKNOWN:
        return _UNKNOWN_BYTES
    raise TypeError(f"{type(value).__name__} is not a Terraform value.")


def known(value: Value) -> bool:
    """Whether nothing in the value is unknown."""
    if not isinstance(value, (dict, list)):
        return value is not UNKNOWN
    for one in value.values() if isinstance(value, dict) else value:
        if one is UNKNOWN or (isinstance(one, (dict, list)) and not known(one)):
            return False
    return True


def settled(value: Value) -> Value:
    """The value with unknown parts as null (in lists, left out), ready to be sent or stored."""
    if isinstance(value, dict):
        return {key: settled(one) if isinstance(one, _NESTING) else one for key, one in value.items()}
    if isinstance(value, list):
        return [settled(one) if isinstance(one, _NESTING) else one for one in value if one is not UNKNOWN]
    return None if value is UNKNOWN else value


def at(root: Object, path: str) -> Value:
    """The value at a dotted path, through the first block of each list; None if nothing is set."""
    value: Value = root
    for name in path.split("."):
        if isinstance(value, list):
            value = value[0] if value else None
        if value is None or value is UNKNOWN:
            return value
        value = value.get(name)
    return None if value == [] else value


def without_unknown(values: Object, names: tuple[str, ...]) -> Object:
    """The values, without unknown elements in the maps with these names."""
    maps = {name: values[name] for name in names if isinstance(values.get(name), dict)}
    return values | {
        name: {key: one for key, one in elements.items() if one is not UNKNOWN} for name, elements in maps.items()
    }


def text(value: Value) -> str:
    """A scalar as SDKv2 compares it: null equals "", but false does not equal null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def empty(value: Value) -> bool:
    """Whether the value is null or its type's zero: "", 0, false, [], {}."""
    return value is None or (isinstance(value, (str, bool, int, float, list, dict)) and not value)


def last_segment(path: str) -> str:
    """The part after the last slash: the short name in a full resource name."""
    return path.rpartition("/")[2]
