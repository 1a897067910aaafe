"""Paging of lists, with opaque tokens that are valid only for the list they came from."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from typing import TypeVar

from localcloud.errors import invalid
from localcloud.spec import json_text

T = TypeVar("T")


def token(after: str, question: str) -> str:
    """The token for the page after a name, bound to one question (path and filter)."""
    return base64.urlsafe_b64encode(json.dumps([_mark(question), after]).encode()).decode().rstrip("=")


def after(text: str, question: str) -> str:
    """The name that a token continues after ("" without a token); 400 for an invalid token or one of another list."""
    if not text:
        return ""
    try:
        mark, name = json_text.read(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, TypeError):
        mark, name = "", ""
    if mark != _mark(question):
        raise invalid("The page token is not one that this list gave; begin again without pageToken.", "page_token")
    return str(name)


def size(requested: int | None, usual: int, most: int) -> int:
    """The page size: the default for none or 0, at most `most`, 400 below 0."""
    if requested is not None and requested < 0:
        raise invalid(f"The page size {requested} is negative; give 0 or more.", "page_size")
    return min(requested or usual, most)


def cut(items: Sequence[T], size: int, name: Callable[[T], str], question: str) -> tuple[Sequence[T], dict[str, str]]:
    """The page, and the field with the next page token; `found` has more items than the page if there is another one."""
    page = items[:size]
    return page, {"nextPageToken": token(name(page[-1]), question)} if len(items) > size else {}


def _mark(question: str) -> str:
    return hashlib.sha256(question.encode()).hexdigest()[:8]
