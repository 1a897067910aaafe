"""Compute Engine's list filters: those of AIP-160, and older ones with regular expressions, which gcloud sends.

Source: the description of `filter` in https://cloud.google.com/compute/docs/reference/rest/v1/images/list.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from localcloud.errors import invalid
from localcloud.spec import filters, patterns
from localcloud.spec.filters import Test

_ALONE = re.compile(r"\s*(?P<field>[A-Za-z][\w.-]*)\s+(?P<operator>eq|ne)\s+(?P<literal>\S.*)", re.DOTALL)
_ONE = r"""[A-Za-z][\w.-]*\s+(?:eq|ne)\s+(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s()]+)"""
_SEVERAL = re.compile(rf"\s*(?:\(\s*{_ONE}\s*\)\s*)+")
_LONGEST = 16_384


def compiled(text: str) -> Test:
    """The predicate of a filter; 400 when it is invalid.

    ``field eq "expression"`` and ``ne``, alone or each in parentheses, of which all must hold; the expression matches the whole field.
    """
    if len(text) <= _LONGEST and _SEVERAL.fullmatch(text):
        tests = [_compared(part) for part in re.findall(_ONE, text)]
        return lambda body: all(test(body) for test in tests)
    return _compared(text) if len(text) <= _LONGEST and _ALONE.fullmatch(text) else filters.compiled(text)


def _compared(text: str) -> Test:
    term = _ALONE.fullmatch(text)
    assert term is not None
    path, wanted = term["field"].split("."), term["operator"] == "eq"
    literal = term["literal"].rstrip()
    if literal[0] in "\"'" and literal[0] == literal[-1]:
        literal = literal[1:-1].replace(f"\\{literal[0]}", literal[0])
    try:
        patterns.compiled(literal)
    except patterns.BadPattern as problem:
        raise invalid(f"Invalid value for field 'filter': {text[:200]!r}. {problem}", "filter") from None

    def test(body: Mapping[str, Any]) -> bool:
        found = any(patterns.matches(literal, filters.written(value)) for value in filters.reach(body, path))
        return found is wanted

    return test
