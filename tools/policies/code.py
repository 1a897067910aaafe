"""Converts a resource that checkov parsed from code to plain values; expressions stay unknown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from policies.language import Resource, Unknown

# The remains of an expression that could not be evaluated: a template, a reference, a call, a conditional.
_EXPRESSION = re.compile(
    r"""\$\{ | ^[!(\-\s]*(var|local|each|count|module|data|self|path|terraform|google_\w+)[.\[] | ^[\w.]+\.(value|key)\b
    | ^[!(\s]*[a-z_0-9]+\( | \s\?\s.*\s:\s | ^[\[{]\s*for\s""",
    re.VERBOSE | re.DOTALL,
)
_ABOUT_THE_RESOURCE = {"count", "depends_on", "dynamic", "for_each", "lifecycle", "provider"}


def resource_from_code(kind: str, address: str, file: str, conf: Mapping[str, Any]) -> Resource:
    """The resource in checkov's `conf` (every attribute in a list of one, blocks as dicts), from `file`."""
    return Resource(
        kind=kind, address=address, module=PurePosixPath(file).parent.name, source="code", values=_block(conf)
    )


def _block(conf: Mapping[str, Any]) -> dict[str, object]:
    kept = {
        name: value for name, value in conf.items() if name not in _ABOUT_THE_RESOURCE and not name.startswith("__")
    }
    plain = {name: _value(value) for name, value in kept.items()}
    known = {name: value for name, value in plain.items() if value is not None}
    return known | {name: Unknown() for name in _open_blocks(conf.get("dynamic"), known)}


def _value(value: object) -> object:
    if isinstance(value, list) and len(value) == 1 and not isinstance(value[0], dict):
        return _inner(value[0])
    return _inner(value)


def _inner(value: object) -> object:
    if isinstance(value, dict):
        return _block(value)
    if isinstance(value, list):
        # checkov uses an empty list for a variable without a default.
        return [_inner(item) for item in value] or Unknown()
    if isinstance(value, str):
        return _text(value)
    return value


def _text(value: str) -> object:
    if value == "null":
        return None
    return Unknown(value) if _EXPRESSION.search(value) else value


def _open_blocks(dynamic: object, known: Mapping[str, object]) -> Iterator[str]:
    """Names of the `dynamic` blocks whose number or values could not be evaluated."""
    for entry in dynamic if isinstance(dynamic, list) else []:
        for name, body in entry.items() if isinstance(entry, dict) else ():
            if (isinstance(body, dict) and "for_each" in body) or _holds_iterator(known.get(name)):
                yield name


def _holds_iterator(value: object) -> bool:
    if isinstance(value, Unknown):
        return re.match(r"[\w.]+\.(value|key)\b", value.text) is not None
    if isinstance(value, dict):
        return any(map(_holds_iterator, value.values()))
    return isinstance(value, list) and any(map(_holds_iterator, value))
