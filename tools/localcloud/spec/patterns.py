"""Regular expressions that callers send: RE2, whose time grows with the text only, whatever the expression.

Source: github.com/google/re2/wiki/Syntax.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2

_OPTIONS = re2.Options()
_OPTIONS.dot_nl = True
_OPTIONS.log_errors = False
_OPTIONS.max_mem = 1 << 20
_OF_LINES = re2.Options()
_OF_LINES.log_errors = False
_OF_LINES.max_mem = 1 << 20


class BadPattern(ValueError):
    """The text is not an expression, or one that would take too much memory."""


@lru_cache(maxsize=256)
def compiled(expression: str, *, of_lines: bool = False) -> Any:
    """The expression, ready to be matched; `of_lines`: its dot is any character of one line. Raises Unreadable."""
    try:
        return re2.compile(expression, _OF_LINES if of_lines else _OPTIONS)
    except re2.error as problem:
        raise BadPattern(str(problem)) from None


def matches(expression: str, text: str) -> bool:
    """Whether the whole of a text matches an expression."""
    return compiled(expression).fullmatch(text) is not None
