"""Definitions of schemas: Avro and protocol buffers, read by their own libraries, and messages checked against them.

Source: https://cloud.google.com/pubsub/docs/schemas, …/publish-topics-with-schema.
"""

from __future__ import annotations

import base64
import io
import json
import re
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from localcloud.engine.service import Body
from localcloud.errors import CloudError, invalid
from localcloud.services.pubsub.avro_types import AvroTypes
from localcloud.spec import json_text

_MOST_BYTES = 300 << 10
_DEEPEST = 60
_BRACKET = re.compile(r"[][{}()<>]")
Check = Callable[[bytes, str], None]
"""(message, encoding) -> None; raises ValueError for one that does not fit."""


def check(schema: Body) -> None:
    """400 for a schema whose definition cannot be read."""
    reader(schema)


def reader(schema: Body) -> Check:
    """What checks messages against a schema; 400 for a definition that cannot be read."""
    kind, text = schema.get("type", ""), schema.get("definition", "")
    if len(text.encode()) > _MOST_BYTES:
        raise invalid(f"The schema's definition is larger than {_MOST_BYTES} bytes.", "schema.definition")
    try:
        if kind == "AVRO":
            return _avro(text)
        if kind == "PROTOCOL_BUFFER":
            compiled = schema.get("compiledProtoSchema")
            if not compiled:
                return _protobuf(_compile(text), "")
            data = base64.b64decode(compiled.get("compiledBytes", ""), validate=True)
            return _protobuf(data, compiled.get("rootMessage", ""))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise invalid(f"Invalid schema definition: {_first_line(error)}.", "schema.definition") from error
    raise invalid("The schema's type must be AVRO or PROTOCOL_BUFFER.", "schema.type")


def check_message(fits: Check, message: bytes, encoding: str) -> None:
    """400 for a message that does not fit its schema."""
    try:
        fits(message, encoding)
    except (
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        EOFError,
        AttributeError,
        RecursionError,
        OverflowError,
    ) as error:
        raise unfit(_first_line(error)) from error


def unfit(why: str) -> CloudError:
    """The refusal of a message that does not fit its topic's schema."""
    return invalid(f"Invalid data in message: Message failed schema validation. ({why})", "message")


def _avro(text: str) -> Check:
    import fastavro
    from fastavro import _read_py
    from fastavro.schema import SchemaParseException
    from fastavro.validation import ValidationError, validate

    described = json_text.read(text.encode())
    _check_depth(described)
    try:
        parsed: Any = fastavro.parse_schema(described, expand=False)
    except SchemaParseException as error:
        raise ValueError(str(error)) from error
    if not isinstance(described, dict) or described.get("type") != "record" or not described.get("fields"):
        raise ValueError("an Avro definition is one record with its fields")
    types = AvroTypes(parsed["__named_schemas"])
    types.measure(parsed)
    _check_items(parsed, types.named)
    # The compiled reader would recurse until the process has no stack left.
    binary = _read_py.schemaless_reader if types.recursive else fastavro.schemaless_reader

    def fits(message: bytes, encoding: str) -> None:
        if encoding == "BINARY":
            stream = io.BytesIO(message)
            binary(stream, parsed, None)
            if stream.read(1):
                raise ValueError("there are bytes after the record")
            return
        sent = json_text.read(message)
        _check_depth(sent)
        if not isinstance(sent, dict):
            raise TypeError("it is not a JSON object")
        unknown = sent.keys() - {one["name"] for one in described["fields"]}
        if unknown:
            raise ValueError(f"the record has no field {min(unknown)}")
        (found,) = fastavro.json_reader(io.StringIO(json.dumps(sent)), parsed)
        try:
            validate(found, parsed)
        except ValidationError as error:
            raise ValueError(str(error)) from error

    return fits


def _compile(text: str) -> bytes:
    """The descriptors of a definition in the language of .proto files."""
    from grpc_tools import protoc

    _check_brackets(text)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "schema.proto").write_text(text, "utf-8")
        into = Path(folder, "descriptors")
        if "\0" in text or protoc.main(
            ["protoc", f"-I{folder}", f"--descriptor_set_out={into}", f"{folder}/schema.proto"]
        ):
            raise ValueError("it is not a valid .proto file without imports")
        return into.read_bytes()


def _protobuf(descriptors: bytes, root: str) -> Check:
    from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message, message_factory

    files = descriptor_pb2.FileDescriptorSet()
    pool = descriptor_pool.DescriptorPool()
    try:
        files.ParseFromString(descriptors)
        for file in files.file:
            pool.Add(file)
        names = [f"{file.package}.{one.name}".lstrip(".") for file in files.file for one in file.message_type]
        if not root and len(names) != 1:
            raise ValueError("a definition of protocol buffers has one message at its top")
        found = pool.FindMessageTypeByName(root or names[0])
        kind: Any = message_factory.GetMessageClass(found)
    except message.DecodeError as error:
        raise ValueError(str(error)) from error

    def fits(sent: bytes, encoding: str) -> None:
        try:
            if encoding == "BINARY":
                kind.FromString(sent)
            else:
                json_format.Parse(sent.decode(), kind(), max_recursion_depth=_DEEPEST)
        except (message.DecodeError, json_format.ParseError) as error:
            raise ValueError(str(error)) from error

    return fits


def _check_items(kind: Any, named: Mapping[str, Any]) -> None:
    """Raises ValueError for an array whose items take no bytes: a message of a few bytes could have as many of them as it says."""
    for one in kind if isinstance(kind, list) else [kind]:
        if isinstance(one, dict):
            if one["type"] == "array" and not _takes_bytes(one["items"], named, frozenset()):
                raise ValueError("the local cloud takes no array whose items are empty, such as null")
            for part in (*(each["type"] for each in one.get("fields", ())), one.get("items"), one.get("values")):
                _check_items(part, named)


def _takes_bytes(kind: Any, named: Mapping[str, Any], around: frozenset[str]) -> bool:
    """Whether every value of a parsed type takes a byte at least; `around` names the records that it is in."""
    if isinstance(kind, str):
        return kind != "null" and (
            kind not in named or (kind not in around and _takes_bytes(named[kind], named, around))
        )
    if not isinstance(kind, dict):
        return True
    inside = around | {str(kind.get("name", ""))}
    if kind["type"] == "record":
        return any(_takes_bytes(each["type"], named, inside) for each in kind["fields"])
    if kind["type"] == "fixed":
        return bool(kind["size"])
    return kind["type"] in {"array", "map", "enum"} or _takes_bytes(kind["type"], named, inside)


def _check_brackets(text: str) -> None:
    """Raises ValueError for a definition that is nested too deep: its errors would take the compiler more memory than there is."""
    depth = 0
    for bracket in _BRACKET.findall(text):
        depth += 1 if bracket in "{[(<" else -1
        if depth > _DEEPEST:
            raise ValueError(f"it is nested more than {_DEEPEST} deep")


def _check_depth(value: Any, depth: int = 0) -> None:
    if depth > _DEEPEST:
        raise ValueError(f"it is nested more than {_DEEPEST} deep")
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _check_depth(one, depth + 1)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200].rstrip(".")
