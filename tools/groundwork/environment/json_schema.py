"""Validates a value against a JSON schema, with messages that say where, what, and what is allowed; and the schema's defaults."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from groundwork.environment.document import Place, dotted
from groundwork.text import allowed, listed, most_similar

Objection = tuple[Place, str]
"""A place and the sentence about it."""

Schema = Mapping[str, Any]
"""A JSON schema. The keyword x-allowed describes in words what a pattern allows."""

_TYPOGRAPHIC = "“”„«»\u2018\u2019\u201a"
_KINDS = {
    "object": "names with a value each, or {}",
    "array": "a list such as [a, b]",
    "string": "text, in quotes where it looks like something else",
    "boolean": "true and false",
    "integer": "whole numbers",
    "number": "numbers",
}


def completed(schema: Schema, value: Any) -> Any:
    """The value with the defaults of its schema, at every depth; an optional null counts as omitted."""
    if not isinstance(value, dict) or schema.get("type") != "object":
        is_list = isinstance(value, list) and isinstance(schema.get("items"), dict)
        return [completed(schema["items"], item) for item in value] if is_list else value
    properties = schema.get("properties", {})
    present = {key: item for key, item in value.items() if item is not None or key not in properties}
    defaults = {key: part["default"] for key, part in properties.items() if "default" in part}
    others = schema.get("additionalProperties")
    rest = others if isinstance(others, dict) else {}
    return {key: completed(properties.get(key, rest), item) for key, item in {**defaults, **present}.items()}


def part_at(schema: Schema, place: Place) -> Schema:
    """The subschema for a place; an empty one if there is none."""
    for step in place:
        inside = schema.get("items") if isinstance(step, int) else schema.get("properties", {}).get(step)
        others = schema.get("additionalProperties")
        schema = inside or (others if isinstance(others, dict) else {})
    return schema


def objections(schema: Schema, value: Any) -> list[Objection]:
    """Everything that is wrong with a value, each place and sentence once."""
    found: dict[Objection, None] = {}
    for error in Draft202012Validator(dict(schema)).iter_errors(value):
        for objection in _sentences(error):
            found.setdefault(objection)
    return list(found)


def _sentences(error: ValidationError) -> Iterator[Objection]:
    place: Place = tuple(error.absolute_path)
    assert isinstance(error.schema, Mapping)
    schema: Schema = error.schema
    value: Any = error.instance
    if "propertyNames" in error.absolute_schema_path:
        name = (*place, str(value))
        yield name, disallowed_name(name, schema)
    elif error.validator == "additionalProperties":
        yield from _unknown_keys(place, schema, value)
    elif error.validator == "required":
        yield from _missing_keys(place, schema, value)
    else:
        explain = _EXPLAIN.get(str(error.validator), _unexpected)
        yield place, f"{dotted(place) or 'the file'} {explain(schema, value)}"


def _unknown_keys(place: Place, schema: Schema, value: Mapping[str, Any]) -> Iterator[Objection]:
    known = list(schema.get("properties", {}))
    for key in value:
        if key not in known:
            here = (*place, str(key))
            yield here, unknown_key(here, known)


def unknown_key(place: Place, known: Iterable[str]) -> str:
    """The sentence about a key that the schema does not have, with the one probably meant."""
    return f"{dotted(place)} is not known; {allowed(known, str(place[-1]))}"


def disallowed_name(place: Place, schema: Schema, near: str = "") -> str:
    """The sentence about a name that a schema of names does not allow, with the one probably meant."""
    right = f"did you mean {near}? Allowed" if near else "allowed"
    return f"{dotted(place)} has a name that is not allowed; {right} are {_expected(schema)}."


def _missing_keys(place: Place, schema: Schema, value: Mapping[str, Any]) -> Iterator[Objection]:
    for key in schema["required"]:
        if key not in value:
            here = (*place, key)
            yield here, f"{dotted(here)} is missing; allowed are {_expected(schema['properties'][key])}."


def _expected(schema: Schema) -> str:
    if "x-allowed" in schema:
        return str(schema["x-allowed"])
    return listed(schema["enum"]) if "enum" in schema else _KINDS[schema["type"]]


def _quoted(value: Any) -> str:
    match value:
        case None:
            return "empty"
        case dict():
            return "names with values"
        case list():
            return "a list"
        case _:
            return json.dumps(value, ensure_ascii=False)


def _unexpected(schema: Schema, value: Any) -> str:
    if isinstance(value, str) and value[:1] in _TYPOGRAPHIC:
        return f'is {value}, in typographic quotes, which YAML takes for a part of the text; write "{value.strip(_TYPOGRAPHIC)}".'
    return f"is {_quoted(value)}; allowed are {_expected(schema)}."


def not_listed(schema: Schema, value: Any) -> str:
    """The rest of a sentence about a value that is none of those allowed, with the one probably meant."""
    near = most_similar(str(value), map(str, schema["enum"]))
    if not near:
        return _unexpected(schema, value)
    return f"is {_quoted(value)}; did you mean {near}? Allowed are {_expected(schema)}."


def _other_kind(schema: Schema, value: Any) -> str:
    if value is None and schema["type"] == "object":
        return "has no value; write {} for the defaults."
    if schema["type"] == "string" and isinstance(value, (bool, int, float)):
        return f"is {_quoted(value)}, which is not text; put it in quotes."
    return _unexpected(schema, value)


def _out_of_range(schema: Schema, value: Any) -> str:
    return f"is {_quoted(value)}; allowed are {_KINDS[schema['type']]} {span(schema)}."


def span(schema: Schema) -> str:
    """The range of numbers that a schema allows, e.g. "from 1 to 1000"."""
    if "exclusiveMinimum" in schema:
        return f"above {schema['exclusiveMinimum']}"
    least, most = schema.get("minimum"), schema.get("maximum")
    return f"from {least} to {most}" if most is not None else f"from {least} upwards"


def _length(schema: Schema, value: Any) -> str:
    least, most = schema.get("minLength", 0), schema.get("maxLength")
    span = f"{least} to {most} characters" if most else f"at least {least} character"
    return f"has {len(value)} characters; allowed are {span}."


def _repeated(_: Schema, value: Any) -> str:
    twice = sorted({str(item) for item in value if value.count(item) > 1})
    return f"names {listed(twice)} more than once; name it once."


_EXPLAIN: Mapping[str, Callable[[Schema, Any], str]] = {
    "enum": not_listed,
    "type": _other_kind,
    "minimum": _out_of_range,
    "maximum": _out_of_range,
    "exclusiveMinimum": _out_of_range,
    "minLength": _length,
    "maxLength": _length,
    "uniqueItems": _repeated,
}
