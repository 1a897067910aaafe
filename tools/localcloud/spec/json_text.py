"""Parses JSON from outside with limits on its size and depth, and strictly."""

from __future__ import annotations

import json
import re
from typing import Any

Body = dict[str, Any]
"""A JSON object, such as a resource."""
MOST_BYTES = 10 * 1024 * 1024
"""Source: the limit in Google's own refusal, 'Request payload size exceeds the limit: 10485760 bytes.'."""
MOST_LEVELS = 100
"""Source: https://protobuf.dev/programming-guides/proto-limits."""
_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKETS = re.compile(rb"[\[\]{}]")


def read(data: bytes) -> Any:
    """Parses a JSON text; ValueError with a sentence when it is invalid, too large, too deep or cannot be written again."""
    if len(data) > MOST_BYTES:
        raise ValueError(f"Request payload size exceeds the limit: {MOST_BYTES} bytes.")
    if data.count(b"[") + data.count(b"{") > MOST_LEVELS and _too_deep(data):
        raise ValueError(f"Message too deep. It may have {MOST_LEVELS} levels.")
    value = _DECODER.decode(data.decode(json.detect_encoding(data)))
    if b"\\u" in data:
        json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair can be written in JSON, but not stored
    return value


def _too_deep(data: bytes) -> bool:
    level = 0
    for bracket in _BRACKETS.finditer(_TEXT.sub(b"", data)):
        level += 1 if bracket[0] in b"[{" else -1
        if level > MOST_LEVELS:
            return True
    return False


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON value")


def _finite(text: str) -> float:
    number = float(text)
    return number if abs(number) != float("inf") else _no_constant(text)


write = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
"""The compact text of a value."""
_DECODER = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite)
_WRITTEN = json.JSONDecoder()


def written(text: str) -> Any:
    """Parses what `write` has written, without the looks around it that a text from outside needs."""
    return _WRITTEN.raw_decode(text)[0]
