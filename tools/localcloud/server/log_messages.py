"""Cloud Logging's messages with log entries, of Google's library; it is imported by the first call that needs them.

An entry's protoPayload may be of any type, also of one that is not known here; it is then sent as jsonPayload.
"""

from __future__ import annotations

import importlib
import json
from typing import Any

from google.protobuf import any_pb2, json_format

LIST = "/google.logging.v2.LoggingServiceV2/ListLogEntries"


def request(data: bytes) -> Any:
    """The TailLogEntriesRequest in these bytes: `resource_names` and `filter`. Raises google.protobuf's DecodeError."""
    return _message("TailLogEntriesRequest").FromString(data)


def tailed(entries: list[dict[str, Any]]) -> bytes:
    """A TailLogEntriesResponse with entries in their JSON form."""
    return _written("TailLogEntriesResponse", {"entries": entries})


def listed(text: str) -> bytes:
    """The ListLogEntriesResponse of a JSON text."""
    return _written("ListLogEntriesResponse", json.loads(text))


def _written(name: str, body: dict[str, Any]) -> bytes:
    message = _message(name)()
    entries = [_readable(one) for one in body.get("entries", [])]
    data: bytes = json_format.ParseDict(
        {**body, "entries": entries}, message, ignore_unknown_fields=True
    ).SerializeToString()
    return data


def _readable(entry: dict[str, Any]) -> dict[str, Any]:
    try:
        json_format.ParseDict(entry.get("protoPayload", {}), any_pb2.Any(), ignore_unknown_fields=True)
    except json_format.ParseError:
        return {"jsonPayload" if field == "protoPayload" else field: value for field, value in entry.items()}
    return entry


def _message(name: str) -> Any:
    return getattr(importlib.import_module("google.cloud.logging_v2.types"), name).pb()
