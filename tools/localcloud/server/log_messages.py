"""Cloud Logging's messages for tailing, built here: Google's client library with them is no dependency, and only numbers and types are sent.

Source of the numbers: https://cloud.google.com/logging/docs/reference/v2/rpc/google.logging.v2.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from google.api import monitored_resource_pb2
from google.logging.type import http_request_pb2, log_severity_pb2
from google.protobuf import (
    any_pb2,
    descriptor_pb2,
    descriptor_pool,
    duration_pb2,
    json_format,
    message_factory,
    struct_pb2,
    timestamp_pb2,
)

_PACKAGE = "localcloud.tailing"  # not Google's: its library may be in the same process
_NEEDED = (
    monitored_resource_pb2, http_request_pb2, log_severity_pb2, any_pb2, duration_pb2, struct_pb2, timestamp_pb2,
)  # fmt: skip
_Field = descriptor_pb2.FieldDescriptorProto
_PLAIN = {"string": _Field.TYPE_STRING, "bool": _Field.TYPE_BOOL, "int64": _Field.TYPE_INT64}
_MESSAGES: dict[str, dict[str, tuple[int, str]]] = {
    "Operation": {"id": (1, "string"), "producer": (2, "string"), "first": (3, "bool"), "last": (4, "bool")},
    "SourceLocation": {"file": (1, "string"), "line": (2, "int64"), "function": (3, "string")},
    "Label": {"key": (1, "string"), "value": (2, "string")},
    "Entry": {
        "proto_payload": (2, "google.protobuf.Any"),
        "text_payload": (3, "string"),
        "insert_id": (4, "string"),
        "json_payload": (6, "google.protobuf.Struct"),
        "http_request": (7, "google.logging.type.HttpRequest"),
        "resource": (8, "google.api.MonitoredResource"),
        "timestamp": (9, "google.protobuf.Timestamp"),
        "severity": (10, "google.logging.type.LogSeverity"),
        "labels": (11, f"*{_PACKAGE}.Label"),
        "log_name": (12, "string"),
        "operation": (15, f"{_PACKAGE}.Operation"),
        "trace": (22, "string"),
        "source_location": (23, f"{_PACKAGE}.SourceLocation"),
        "receive_timestamp": (24, "google.protobuf.Timestamp"),
        "span_id": (27, "string"),
        "trace_sampled": (30, "bool"),
    },
    "Request": {
        "resource_names": (1, "*string"),
        "filter": (2, "string"),
        "buffer_window": (3, "google.protobuf.Duration"),
    },
    "Response": {"entries": (1, f"*{_PACKAGE}.Entry")},
}


def request(data: bytes) -> Any:
    """The TailLogEntriesRequest in these bytes: `resource_names` and `filter`. Raises google.protobuf's DecodeError."""
    return _types()["Request"].FromString(data)


def response(entries: list[dict[str, Any]]) -> bytes:
    """A TailLogEntriesResponse with entries in their JSON form."""
    data: bytes = _types()["Response"](entries=[_entry(one) for one in entries]).SerializeToString()
    return data


def entries_of(data: bytes) -> list[dict[str, Any]]:
    """The JSON form of a response's entries."""
    return [json_format.MessageToDict(one) for one in _types()["Response"].FromString(data).entries]


def _entry(body: dict[str, Any]) -> Any:
    labels = [{"key": key, "value": value} for key, value in body.get("labels", {}).items()]
    sent = {**body, "labels": labels}
    try:
        return json_format.ParseDict(sent, _types()["Entry"](), ignore_unknown_fields=True)
    except json_format.ParseError:
        # An Any of a type that is not known here, such as an audit log.
        payload = {"jsonPayload": sent.pop("protoPayload", {})}
        return json_format.ParseDict({**sent, **payload}, _types()["Entry"](), ignore_unknown_fields=True)


@cache
def _types() -> dict[str, Any]:
    pool = descriptor_pool.Default()
    file = descriptor_pb2.FileDescriptorProto(name="localcloud/tailing.proto", package=_PACKAGE, syntax="proto3")
    file.dependency.extend(one.DESCRIPTOR.name for one in _NEEDED)
    for name, fields in _MESSAGES.items():
        file.message_type.add(name=name).field.extend(
            _field(field, number, kind) for field, (number, kind) in fields.items()
        )
    pool.Add(file)
    found = {name: pool.FindMessageTypeByName(f"{_PACKAGE}.{name}") for name in _MESSAGES}
    return {name: message_factory.GetMessageClass(one) for name, one in found.items()}


def _field(name: str, number: int, kind: str) -> descriptor_pb2.FieldDescriptorProto:
    field = _Field(name=name, number=number)
    field.label = _Field.LABEL_REPEATED if kind.startswith("*") else _Field.LABEL_OPTIONAL
    kind = kind.removeprefix("*")
    if kind in _PLAIN:
        field.type = _PLAIN[kind]
        return field
    field.type = _Field.TYPE_ENUM if kind.endswith("LogSeverity") else _Field.TYPE_MESSAGE
    field.type_name = f".{kind}"
    return field
