"""The most recent requests and their responses, for debugging clients."""

from __future__ import annotations

import json
import re
from collections import deque
from functools import lru_cache
from typing import Any

from localcloud.engine import tokens
from localcloud.engine.dispatch import Request

_KEPT = 1000
_MOST_SAID = 8192
_SECRET = re.compile(r"((?:^|&)(?:access_token|key|secret)=)[^&]*")
"""Parameters by which a caller proves who it is."""


_Row = tuple[str, str, str, str, int, str, float, bytes | str | None]
"""Verb, path, query, method, status, principal, seconds, and the body of a refusal."""


class RequestLog:
    """The last 1,000 requests without their bodies, in memory.

    A row keeps no more of its request than is shown: a thousand sets of headers would not fit into the processor's cache.
    """

    def __init__(self) -> None:
        self._rows: deque[_Row] = deque(maxlen=_KEPT)

    def add(
        self, request: Request, method: str, status: int, seconds: float, refusal: bytes | str | None = None
    ) -> None:
        """Notes one request; status 0 = its connection was dropped, `refusal` the body of an error."""
        principal = _named(request.headers.get("authorization", ""))
        said = refusal and refusal[:_MOST_SAID]
        self._rows.append((request.verb, request.path, request.query, method, status, principal, seconds, said))

    def rows(self) -> list[dict[str, Any]]:
        """The requests, oldest first; status 0 = the connection was dropped."""
        return [
            {
                "verb": verb,
                "path": "/" + path,
                "query": _SECRET.sub(r"\1…", query),
                "method": method,
                "status": status,
                "principal": principal,
                "milliseconds": round(seconds * 1000, 2),
                "reason": _reason(refusal),
            }
            for verb, path, query, method, status, principal, seconds, refusal in self._rows
        ]


@lru_cache(maxsize=256)
def _named(authorization: str) -> str:
    return tokens.named(authorization.partition(" ")[2])


def _reason(refusal: bytes | str | None) -> str:
    """An error response's message; "" if it has none."""
    try:
        return str(json.loads(refusal or "{}")["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return ""
