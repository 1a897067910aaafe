"""The most recent requests and their responses, for debugging clients."""

from __future__ import annotations

import json
import re
from collections import deque
from typing import Any

from localcloud.engine import tokens
from localcloud.engine.dispatch import Request

_KEPT = 1000
_MOST_SAID = 8192
_SECRET = re.compile(r"((?:^|&)(?:access_token|key|secret)=)[^&]*")
"""Parameters by which a caller proves who it is."""


class RequestLog:
    """The last 1,000 requests without their bodies, in memory."""

    def __init__(self) -> None:
        self._rows: deque[tuple[Request, str, int, float, bytes | str | None]] = deque(maxlen=_KEPT)

    def add(
        self, request: Request, method: str, status: int, seconds: float, refusal: bytes | str | None = None
    ) -> None:
        """Notes one request; status 0 = its connection was dropped, `refusal` the body of an error."""
        logged = request if request.content is None else request._replace(content=None)
        self._rows.append((logged, method, status, seconds, refusal and refusal[:_MOST_SAID]))

    def rows(self) -> list[dict[str, Any]]:
        """The requests, oldest first; status 0 = the connection was dropped."""
        return [
            {
                "verb": request.verb,
                "path": "/" + request.path,
                "query": _SECRET.sub(r"\1…", request.query),
                "method": method,
                "status": status,
                "principal": tokens.named(request.headers.get("authorization", "").partition(" ")[2]),
                "milliseconds": round(seconds * 1000, 2),
                "reason": _reason(refusal),
            }
            for request, method, status, seconds, refusal in self._rows
        ]


def _reason(refusal: bytes | str | None) -> str:
    """An error response's message; "" if it has none."""
    try:
        return str(json.loads(refusal or "{}")["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return ""
