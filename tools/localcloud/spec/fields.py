"""Field masks: the fields that an update touches, and the fields of an answer that are asked for."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from localcloud.errors import CloudError, invalid
from localcloud.spec.discovery import camel
from localcloud.spec.json_text import Body

Schemas = Mapping[str, Any]
_PART = re.compile(r"`([^`]*)`|([^.`]+)")
_PATH = re.compile(r"(?:`[^`]+`|[^.`]+)(?:\.(?:`[^`]+`|[^.`]+))*")
_LONGEST, _DEEPEST = 4096, 32


def paths(mask: str) -> list[str]:
    """The paths of a mask as written: "labels,display_name" → ["labels", "display_name"]."""
    return [path.strip() for path in mask.split(",") if path.strip()]


def updated(old: Body, sent: Mapping[str, Any], mask: str, schemas: Schemas, kind: str) -> Body:
    """`old` with the masked fields taken from `sent`; a masked field that `sent` lacks is cleared.

    Paths may be camelCase or snake_case; `*` replaces every field but the output-only ones; map keys may be quoted with
    backticks. An unknown path is a 400. Source: https://google.aip.dev/134, https://google.aip.dev/161.
    """
    result = copy.deepcopy(old)
    for path in paths(mask):
        if path == "*":
            return replaced(old, sent, schemas, kind)
        words = resolved(path, schemas, kind)
        if words is not None:
            _set(result, words, _found(sent, words))
    return result


def replaced(old: Body, sent: Mapping[str, Any], schemas: Schemas, kind: str) -> Body:
    """`sent` with the output-only fields and the name of `old`: a full replacement, for updates without a mask."""
    properties = schemas.get(kind, {}).get("properties", {})
    kept = {
        key: value
        for key, value in old.items()
        if key == "name" or properties.get(key, {"readOnly": True}).get("readOnly")
    }
    return {**copy.deepcopy(dict(sent)), **kept}


def resolved(path: str, schemas: Schemas, kind: str) -> list[str] | None:
    """A mask path as documented field names; None for an output-only field, which is ignored; 400 for an unknown one."""
    schema = schemas.get(kind, {})
    paths: list[str] = []
    if not _PATH.fullmatch(path):
        raise invalid(f"Invalid update mask: '{path[:200]}' is not a path of fields.", "update_mask")
    for quoted, plain in _PART.findall(path):
        word = quoted or plain
        properties = schema.get("properties")
        if properties is None:
            paths.append(word)
            schema = _target(schema.get("additionalProperties", {}), schemas)
            continue
        name = word if word in properties else camel(word)
        if name not in properties:
            raise invalid(
                f"Invalid update mask: '{path}' names no field of {kind}. Fields are: {', '.join(sorted(properties))}.",
                "update_mask",
            )
        if properties[name].get("readOnly"):
            return None
        paths.append(name)
        schema = _target(properties[name], schemas)
    return paths


def _target(schema: Mapping[str, Any], schemas: Schemas) -> Mapping[str, Any]:
    target: Mapping[str, Any] = schemas.get(schema["$ref"], {}) if "$ref" in schema else schema
    return target


class _Absent:
    """What a path leads to when nothing is there."""


_ABSENT = _Absent()


def _found(sent: Mapping[str, Any], words: Sequence[str]) -> Any:
    here: Any = sent
    for word in words:
        if not isinstance(here, Mapping) or word not in here:
            return _ABSENT
        here = here[word]
    return copy.deepcopy(here)


def _set(body: Body, words: Sequence[str], value: Any) -> None:
    here = body
    for word in words[:-1]:
        inner = here.get(word)
        if not isinstance(inner, dict):
            if isinstance(value, _Absent):
                return
            inner = here[word] = {}
        here = inner
    if isinstance(value, _Absent):
        here.pop(words[-1], None)
    else:
        here[words[-1]] = value


def without_zeros(body: Body, *messages: str) -> Body:
    """A body without top-level fields with zero values, which proto JSON omits; empty fields in `messages` stay."""
    return {key: value for key, value in body.items() if key in messages or value not in (False, 0, "", [], {}, None)}


def selected(body: Any, selector: str) -> Any:
    """The part of an answer that `fields=` selects: "services/name,nextPageToken", "items(id,name)", "*"."""
    tree = _parsed(selector)
    return _pick(body, tree) if tree else body


def check_selector(selector: str, schemas: Schemas, kind: str, refuse: Callable[[str], CloudError]) -> None:
    """Refuses a selector with a field that this kind of answer lacks; `refuse` makes the error from its path."""
    unknown = _unknown(_parsed(selector), schemas.get(kind, {}), schemas, "")
    if unknown is not None:
        raise refuse(unknown)


def _unknown(tree: Mapping[str, Any], schema: Mapping[str, Any], schemas: Schemas, at: str) -> str | None:
    """The first path of the tree that the schema does not know; anything may lie where the schema names no fields."""
    schema = _target(schema.get("items", schema), schemas)
    properties = schema.get("properties")
    if properties is None:
        return None
    for name, below in tree.items():
        path = f"{at}.{name}" if at else name
        if name != "*" and name not in properties:
            return path
        if name != "*" and (found := _unknown(below, properties[name], schemas, path)) is not None:
            return found
    return None


def _pick(value: Any, tree: Mapping[str, Any]) -> Any:
    if not tree or tree.get("*") == {}:
        return value
    if isinstance(value, list):
        return [_pick(one, tree) for one in value]
    if not isinstance(value, Mapping):
        return value
    chosen = ((key, tree.get(key, tree.get("*"))) for key in value)
    return {key: _pick(value[key], inner) for key, inner in chosen if inner is not None}


def _parsed(selector: str) -> dict[str, Any]:
    """The selector as a tree of names; 400 for one that is none, or is too long or too deep."""
    if len(selector) > _LONGEST:
        raise _no_selection(selector)
    try:
        return _level(iter(re.findall(r"[^,/()]+|[,/()]", selector.replace(" ", ""))), 0)
    except ValueError:
        raise _no_selection(selector) from None


def _no_selection(selector: str) -> CloudError:
    excerpt = selector if len(selector) < 200 else f"{selector[:200]}…"
    return invalid(f"Invalid field selection {excerpt}", "fields", reason="invalidParameter")


def _level(words: Iterator[str], depth: int) -> dict[str, Any]:
    """One level up to its closing parenthesis; ValueError when a sign stands where a name must, or the end is another."""
    tree: dict[str, Any] = {}
    here = tree
    last = ""
    for word in words:
        if word not in ",/()":
            if last:
                raise ValueError(word)
            last = word if word == "*" else camel(word)
            here.setdefault(last, {})
            continue
        if not last or depth > _DEEPEST:
            raise ValueError(word)
        if word == ")":
            if not depth:
                raise ValueError(word)
            return tree
        if word == ",":
            here, last = tree, ""
        elif word == "/":
            here, last = here[last], ""
        else:
            here[last].update(_level(words, depth + 1))
    if depth or not last:
        raise ValueError("unfinished")
    return tree
