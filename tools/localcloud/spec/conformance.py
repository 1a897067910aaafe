"""Validates request bodies against a document's schemas, with Google's messages, and normalises them to the documented form."""

from __future__ import annotations

import base64
import binascii
import re
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.errors import CloudError, bad_request
from localcloud.spec import timestamps
from localcloud.spec.discovery import Document, Param, camel, snake

_DURATION = re.compile(r"-?\d+(\.\d{1,9})?s")
_PREFIX = re.compile(r"^Google[A-Z]\w*?V\d+(?:(?:alpha|beta)\d+)?(?=[A-Z])")
_KEPT = {"name", "etag"}
_LIMITS = {"int32": (31, True), "uint32": (32, False), "int64": (63, True), "uint64": (64, False)}
Schema = Mapping[str, Any]
Numbers = Mapping[str, Mapping[int, str]]


@dataclass
class _Check:
    """One body's check: what to look things up in, and the violations found so far."""

    document: Document
    numbers: Numbers
    older: bool
    lenient: bool
    found: list[tuple[str, str]] = field(default_factory=list)

    def refuse(self, path: str, text: str) -> None:
        self.found.append((path, text))

    def wrong(self, path: str, kind: str, value: object) -> None:
        shown = f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else value
        self.refuse(path, f"Invalid value at '{path}' ({kind}), {shown}")


def check(
    document: Document,
    schema: str,
    body: Any,
    *,
    numbers: Numbers | None = None,
    older: bool = False,
    lenient: bool = False,
    bound: Collection[str] = (),
) -> dict[str, Any]:
    """The body as documented: camelCase names, int64 as strings, enum names; 400 with every violation named.

    Output-only fields are dropped, so are nulls and null list elements. `older` is the dialect of Compute, BigQuery and Storage, where null
    stays (it removes a field on patch); `lenient` drops unknown fields instead of refusing them. `bound` are the fields that the path
    holds: they may also stand in a body that is the whole request message, where the path wins.
    """
    run = _Check(document, numbers or {}, older, lenient)
    if not isinstance(body, dict):
        raise _payload([("", 'Invalid JSON payload received. Unexpected token: the body must be an object ("{…}").')])
    if whole := schema.endswith("Request"):
        fields = document.schemas.get(schema, {}).get("properties", {})
        body = {key: value for key, value in body.items() if key in fields or camel(key) not in bound}
    root = "" if whole else snake(message(schema)).lower()
    result = _object(run, document.schemas.get(schema, {}), schema, body, root)
    if run.found:
        raise _payload(run.found)
    return result


def message(schema: str) -> str:
    """The name of a schema's message in its package: GoogleCloudRunV2Service is Service."""
    return _PREFIX.sub("", schema)


def mistyped(param: Param, value: str) -> CloudError:
    """The 400 for a query parameter's text that is not of its type."""
    kind = "TYPE_ENUM" if param.enum else f"TYPE_{(param.format or param.type).upper().replace('INTEGER', 'INT32')}"
    path = snake(param.name)
    return _payload([(path, f"Invalid value at '{path}' ({kind.replace('BOOLEAN', 'BOOL')}), \"{value}\"")])


def typed(param: Param, value: str, refuse: Callable[[Param, str], CloudError] = mistyped) -> Any:
    """A query parameter's text as its documented type; raises what `refuse` returns when it does not match."""
    if param.type == "boolean":
        if value.lower() in {"true", "false", "1", "0", ""}:
            return value.lower() in {"true", "1", ""}
    elif param.type == "number":
        number = _finite(value)
        if number is not None:
            return number
    elif param.type == "integer" or param.format in _LIMITS:
        whole = _whole(value)
        if whole is not None and _fits(whole, param.format):
            return whole
    elif not param.enum or value in param.enum:
        return value
    elif (at := _whole(value)) is not None and 0 <= at < len(param.enum):
        return param.enum[at]
    raise refuse(param, value)


def unknown_parameter(name: str) -> CloudError:
    """The 400 for a query parameter that the method does not have."""
    text = (
        f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. '
        f"Field '{name}' could not be found in request message."
    )
    return _payload([("", text)])


def _payload(reasons: list[tuple[str, str]]) -> CloudError:
    violations = [bad_request(path, text)["fieldViolations"][0] for path, text in reasons]
    details = [{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": violations}]
    return CloudError(400, "INVALID_ARGUMENT", "\n".join(text for _, text in reasons), "", details)


def _object(run: _Check, schema: Schema, owner: str, body: Mapping[str, Any], path: str) -> dict[str, Any]:
    properties: Mapping[str, Schema] = schema.get("properties", {})
    result: dict[str, Any] = {}
    for key, value in body.items():
        name = key if key in properties else camel(key)
        if name not in properties:
            if not run.lenient and not key.startswith("@"):
                where = f" at '{path}'" if path else ""
                run.refuse(path, f'Invalid JSON payload received. Unknown name "{key}"{where}: Cannot find field.')
            continue
        wanted = properties[name]
        if wanted.get("readOnly") and name not in _KEPT:
            continue
        if value is None:
            if run.older:
                result[name] = None
            continue
        result[name] = _value(run, wanted, f"{owner}.{name}", value, f"{path}.{snake(name)}".removeprefix("."))
    return result


def _value(run: _Check, schema: Schema, owner: str, value: Any, path: str) -> Any:
    if "$ref" in schema:
        owner = schema["$ref"]
        schema = run.document.schemas.get(owner, {})
    kind = schema.get("type", "any")
    if kind == "array":
        return _array(run, schema.get("items", {}), owner, value, path)
    if isinstance(value, list) and kind != "any":
        run.refuse(
            path,
            f"Invalid JSON payload received. Unknown name \"{path.rpartition('.')[2]}\" at '{path.rpartition('.')[0]}': Proto field is not repeating, cannot start list.",
        )
        return None
    if kind == "object":
        return _message(run, schema, owner, value, path)
    if kind == "any":
        return value
    return _scalar(run, schema, owner, value, path)


def _array(run: _Check, items: Schema, owner: str, value: Any, path: str) -> Any:
    if not isinstance(value, list):
        run.wrong(path, "TYPE_LIST", value if not isinstance(value, dict) else "{…}")
        return None
    return [_value(run, items, owner, one, f"{path}[{at}]") for at, one in enumerate(value) if one is not None]


def _message(run: _Check, schema: Schema, owner: str, value: Any, path: str) -> Any:
    if not isinstance(value, dict):
        run.wrong(path, f"type.googleapis.com/{owner}", value)
        return None
    if "properties" in schema:
        return _object(run, schema, owner, value, path)
    if "additionalProperties" not in schema:
        return value if schema.get("format") else {}
    of = schema["additionalProperties"]
    return {
        key: None if one is None else _value(run, of, owner, one, f"{path}[{key}]")
        for key, one in value.items()
        if one is not None or run.older
    }


def _scalar(run: _Check, schema: Schema, owner: str, value: Any, path: str) -> Any:
    if "enum" in schema:
        return _enum(run, schema["enum"], owner, value, path)
    form = schema.get("format", "")
    kind = schema["type"]
    if form in _LIMITS or kind == "integer":
        return _integer(run, form or "int32", kind, value, path)
    if kind == "boolean":
        if not isinstance(value, bool):
            run.wrong(path, "TYPE_BOOL", value)
        return value
    if kind == "number":
        return _number(run, form, value, path)
    return _text(run, form, value, path)


def _text(run: _Check, form: str, value: Any, path: str) -> Any:
    if not isinstance(value, str):
        run.wrong(path, "TYPE_STRING", value)
        return value
    test = None if run.older else _TEXTS.get(form)
    try:
        return test(value) if test else value
    except ValueError as problem:
        run.refuse(path, f"Invalid value at '{path}' ({problem}")
        return value


def _whole(value: Any) -> int | None:
    if isinstance(value, str):
        return int(value) if re.fullmatch(r"-?\d{1,30}", value) else None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _fits(number: int, form: str) -> bool:
    bits, signed = _LIMITS.get(form, (63, True))
    return (-(1 << bits) if signed else 0) <= number < 1 << bits


def _integer(run: _Check, form: str, kind: str, value: Any, path: str) -> Any:
    number = _whole(value)
    if number is None or not _fits(number, form):
        run.wrong(path, f"TYPE_{form.upper()}", value)
        return value
    return str(number) if kind == "string" else number


def _number(run: _Check, form: str, value: Any, path: str) -> Any:
    number = None if isinstance(value, bool) else _finite(value)
    if number is None:
        run.wrong(path, f"TYPE_{(form or 'double').upper()}", value)
    return number


def _finite(value: Any) -> int | float | None:
    """A number that JSON can hold, from a number or its text; None for any other."""
    try:
        number = value if isinstance(value, int) else float(value)
        return number if abs(number) <= sys.float_info.max else None
    except (ValueError, TypeError, OverflowError):
        return None


def _enum(run: _Check, names: list[str], owner: str, value: Any, path: str) -> Any:
    if run.older and value == "":  # for these APIs a name that says nothing is none
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        known = run.numbers.get(owner)
        name = known.get(value) if known else names[value] if 0 <= value < len(names) else None
        if name is not None:
            return name
    elif isinstance(value, str) and value.upper() in names:
        return value.upper()  # gcloud sends "Delete" and "any" from policy files, and Google takes them
    elif value in names:
        return value
    run.wrong(path, f"type.googleapis.com/{owner}", value)
    return value


# Each returns the text to store, or raises ValueError with the end of Google's message.


def _bytes(value: str) -> str:
    """In standard base64 with its padding, however it was spelt."""
    try:
        data = base64.b64decode(value.translate(_URL_SAFE) + "=" * (-len(value) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f'TYPE_BYTES), Base64 decoding failed for "{value}"') from None
    return base64.b64encode(data).decode()


def _timestamp(value: str) -> str:
    try:
        timestamps.parse(value)
    except ValueError:
        raise ValueError(
            f'type.googleapis.com/google.protobuf.Timestamp), Illegal timestamp format; timestamps must be RFC 3339: "{value}"'
        ) from None
    return value


def _duration(value: str) -> str:
    if not _DURATION.fullmatch(value):
        raise ValueError(
            f"type.googleapis.com/google.protobuf.Duration), Illegal duration format; duration must end with 's': \"{value}\""
        )
    return value


_URL_SAFE = str.maketrans("-_", "+/")
_TEXTS: Mapping[str, Callable[[str], str]] = {
    "byte": _bytes,
    "google-datetime": _timestamp,
    "google-duration": _duration,
}
