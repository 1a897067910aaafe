"""References in the older dialect: full URLs in answers, any spelling in requests, stored as "projects/p/zones/z"."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from localcloud.engine.service import Body, Call

HOST = "https://www.googleapis.com"
_URL = re.compile(r"(?:https?://[^/]+)?/?(?:[a-z]+/)?(?:v\d+|beta|alpha)/(projects/.+)")
_PARTIAL = re.compile(r"/?(?:global|zones|regions)/.+")


def relative(text: str, project: str | None) -> str:
    """A reference in its stored form; one without a project means the call's project. Anything that is not a reference is unchanged."""
    match = _URL.fullmatch(text)
    if match:
        return match[1]
    if _PARTIAL.fullmatch(text) and project:
        return f"projects/{project}/{text.lstrip('/')}"
    return text.lstrip("/") if text.startswith("/projects/") else text


def whole(call: Call, name: str) -> str:
    """The full URL of a name, at the host that the caller used."""
    base = call.base if "googleapis.com" not in call.base else HOST
    return f"{base}/{call.service.api}/{call.method.version}/{name}"


def kept(call: Call, body: Body, paths: Sequence[str]) -> Body:
    """The body with its references in the stored, relative form."""
    return _each(body, paths, lambda text: relative(text, call.project))


def shown(call: Call, body: Body, paths: Sequence[str]) -> Body:
    """The body with its references as full URLs."""
    return _each(body, paths, lambda text: whole(call, text) if text.startswith("projects/") else text)


def _each(body: Body, paths: Sequence[str], change: Callable[[str], str]) -> Body:
    for path in paths:
        body = _at(body, path.split("."), change)
    return body


def _at(value: Any, words: Sequence[str], change: Callable[[str], str]) -> Any:
    if isinstance(value, list):
        return [_at(one, words, change) for one in value]
    if not words:
        return change(value) if isinstance(value, str) else value
    if not isinstance(value, dict) or words[0] not in value:
        return value
    return {**value, words[0]: _at(value[words[0]], words[1:], change)}
