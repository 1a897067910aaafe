"""What a JSON schema has against a value, in sentences that say where, what, and what is allowed; and the defaults it gives."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from groundwork.document import Place, dotted

Objection = tuple[Place, str]
"""A place and the sentence about it."""

_KINDS = {
    "object": "names with a value each, or {}",
    "array": "a list such as [a, b]",
    "string": "text, in quotes where it looks like something else",
    "boolean": "true and false",
    "integer": "whole numbers",
    "number": "numbers",
}


def listed(words: Iterable[Any]) -> str:
    """Words as a sentence lists them, e.g. "a, b, c"; nothing is "none"."""
    return ", ".join(str(word) for word in words) or "none"


def allowed(words: Iterable[str], wrong: str) -> str:
    """The end of a sentence about a word that is not one of `words`, with the nearest one first if one is near."""
    known = sorted(words)
    near = get_close_matches(wrong, known, n=1)
    return (f"did you mean {near[0]}? A" if near else "a") + f"llowed are {listed(known)}."


def completed(schema: Mapping[str, Any], value: Any) -> Any:
    """The value with the defaults of its schema, at every depth; what is null and may be left out counts as left out."""
    if not isinstance(value, dict) or schema.get("type") != "object":
        return [completed(schema["items"], item) for item in value] if _is_list(schema, value) else value
    properties = schema.get("properties", {})
    given = {key: item for key, item in value.items() if item is not None or key not in properties}
    defaults = {key: part["default"] for key, part in properties.items() if "default" in part}
    others = schema.get("additionalProperties")
    rest = others if isinstance(others, dict) else {}
    return {key: completed(properties.get(key, rest), item) for key, item in {**defaults, **given}.items()}


def _is_list(schema: Mapping[str, Any], value: Any) -> bool:
    return isinstance(value, list) and isinstance(schema.get("items"), dict)


def objections(schema: Mapping[str, Any], value: Any) -> list[Objection]:
    """All that is wrong with a value, each place and sentence once."""
    found: dict[Objection, None] = {}
    for error in Draft202012Validator(dict(schema)).iter_errors(value):
        for objection in _sentences(error):
            found.setdefault(objection)
    return list(found)


def _sentences(error: ValidationError) -> Iterator[Objection]:
    place: Place = tuple(error.absolute_path)
    if "propertyNames" in error.absolute_schema_path:
        name = (*place, str(error.instance))
        yield name, f"{dotted(name)} has a name that is not allowed; allowed are {_stated(error)}."
    elif error.validator == "additionalProperties":
        yield from _unknown_keys(place, error)
    elif error.validator == "required":
        yield from _missing_keys(place, error)
    else:
        explain = _EXPLAIN.get(str(error.validator), _other)
        yield place, f"{dotted(place) or 'the file'} {explain(error)}"


def _unknown_keys(place: Place, error: ValidationError) -> Iterator[Objection]:
    known: Sequence[str] = list(error.schema.get("properties", {}))
    for key in error.instance:
        if key not in known:
            here = (*place, str(key))
            yield here, f"{dotted(here)} is not known; {allowed(known, str(key))}"


def _missing_keys(place: Place, error: ValidationError) -> Iterator[Objection]:
    for key in error.validator_value:
        if key not in error.instance:
            here = (*place, key)
            yield here, f"{dotted(here)} is missing; allowed are {_expected(error.schema['properties'][key])}."


def _stated(error: ValidationError) -> str:
    return str(error.schema.get("x-allowed") or f"what matches {error.validator_value}")


def _shown(value: Any) -> str:
    if isinstance(value, (dict, list, type(None))):
        return {dict: "names with values", list: "a list"}.get(type(value), "empty")
    return json.dumps(value, ensure_ascii=False)


def _expected(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return str(schema.get("x-allowed") or listed(schema["enum"]))
    return str(schema.get("x-allowed") or _KINDS[schema["type"]])


def _enum(error: ValidationError) -> str:
    options = [str(option) for option in error.validator_value]
    if stated := error.schema.get("x-allowed"):
        near = get_close_matches(str(error.instance), options, n=1)
        hint = f"did you mean {near[0]}? A" if near else "a"
        return f"is {_shown(error.instance)}; {hint}llowed are {stated}."
    return f"is {_shown(error.instance)}; allowed are {listed(options)}."


def _kind(error: ValidationError) -> str:
    if error.instance is None and error.schema["type"] == "object":
        return "has no value; write {} where nothing is to be said."
    if error.schema["type"] == "string" and not isinstance(error.instance, (dict, list, type(None))):
        return f"is {_shown(error.instance)}, which is not text; put it in quotes."
    return f"is {_shown(error.instance)}; allowed are {_expected(error.schema)}."


def _pattern(error: ValidationError) -> str:
    return f"is {_shown(error.instance)}; allowed are {_stated(error)}."


def _range(error: ValidationError) -> str:
    schema = error.schema
    kind = _KINDS[schema["type"]]
    if "exclusiveMinimum" in schema:
        return f"is {_shown(error.instance)}; allowed are {kind} above {schema['exclusiveMinimum']}."
    return f"is {_shown(error.instance)}; allowed are {kind} from {schema['minimum']} to {schema['maximum']}."


def _length(error: ValidationError) -> str:
    least, most = error.schema.get("minLength", 0), error.schema.get("maxLength")
    span = f"{least} to {most} characters" if most else f"at least {least} character"
    return f"has {len(error.instance)} characters; allowed are {span}."


def _repeated(error: ValidationError) -> str:
    twice = sorted({str(item) for item in error.instance if error.instance.count(item) > 1})
    return f"names {listed(twice)} more than once; once is enough."


def _other(error: ValidationError) -> str:
    return f"is not allowed: {error.message}."


_EXPLAIN: Mapping[str, Callable[[ValidationError], str]] = {
    "enum": _enum,
    "type": _kind,
    "pattern": _pattern,
    "minimum": _range,
    "maximum": _range,
    "exclusiveMinimum": _range,
    "minLength": _length,
    "maxLength": _length,
    "uniqueItems": _repeated,
}
