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
    """The token that continues after a name, for one question (path and filter)."""
    return base64.urlsafe_b64encode(json.dumps([_mark(question), after]).encode()).decode().rstrip("=")


def after(text: str, question: str) -> str:
    """The name that a token continues after ("" without token); 400 for a token of another list or of none."""
    if not text:
        return ""
    try:
        mark, name = json_text.read(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, TypeError):
        mark, name = "", ""
    if mark != _mark(question):
        raise invalid("The page token is not one that this list gave; begin again without pageToken.", "page_token")
    return str(name)


def size(asked: int | None, usual: int, most: int) -> int:
    """How many to answer: the usual number for none or 0, never more than `most`, 400 below 0."""
    if asked is not None and asked < 0:
        raise invalid(f"The page size {asked} is negative; give 0 or more.", "page_size")
    return min(asked or usual, most)


def cut(found: Sequence[T], size: int, name: Callable[[T], str], question: str) -> tuple[Sequence[T], dict[str, str]]:
    """The page of what was found, and the field that says where the next one begins; `found` goes on beyond the page if there is one."""
    page = found[:size]
    return page, {"nextPageToken": token(name(page[-1]), question)} if len(found) > size else {}


def _mark(question: str) -> str:
    return hashlib.sha256(question.encode()).hexdigest()[:8]
