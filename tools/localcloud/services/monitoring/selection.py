"""Monitoring's filters, which select time series: metric.type = "…" AND resource.type = "…" AND metric.labels.a = one_of("b", "c").

Source: https://cloud.google.com/monitoring/api/v3/filters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from localcloud.errors import CloudError
from localcloud.services.monitoring.names import wrong
from localcloud.spec import filters, patterns

_ONE_TYPE = re.compile(r'\bmetric\.type\s*=\s*"?([A-Za-z0-9._/-]+)"?(?![\w(])')
_TYPE = re.compile(r"\bmetric\.type\s*[=:]")
_RESOURCE = re.compile(r"\bresource\.type\s*[=:]")
_RESOURCES = "https://cloud.google.com/monitoring/api/resources"


class Selection(NamedTuple):
    """What a filter selects: `test` of {"metric": {type, labels}, "resource": {type, labels}}, and the one metric type that it names, if it does."""

    test: filters.Test
    metric: str


def compiled(text: str, field: str, *, of_resource: bool = False) -> Selection:
    """The selection of a filter; 400 without a metric type, and, where it is needed, a type of resource."""
    if not text:
        raise wrong(field, text, 'must specify a restriction on "metric.type".')
    for pattern, what, more in (
        (_TYPE, "metric.type", ""),
        (_RESOURCE, "resource.type", f'; see "{_RESOURCES}" for a list of available resource types'),
    ):
        found = len(pattern.findall(text))
        if not found and (what == "metric.type" or of_resource):
            raise wrong(field, text, f'must specify a restriction on "{what}" in the filter{more}.')
    try:
        test = _test(text)
    except CloudError as problem:
        raise wrong(field, text, f"Could not parse filter: {problem.message}") from None
    kinds = set(_ONE_TYPE.findall(text))
    return Selection(test, kinds.pop() if len(kinds) == 1 else "")


@lru_cache(maxsize=256)
def _test(text: str) -> filters.Test:
    test = filters.compiled(text, values=_FUNCTIONS)
    return lambda series: test(_both_spellings(series))


def _both_spellings(series: Mapping[str, Any]) -> Mapping[str, Any]:
    """A series whose labels are found as metric.labels.x and as metric.label.x, both of which Google takes."""
    return {part: {**one, "label": one.get("labels", {})} for part, one in series.items()}


def _one_of(words: Sequence[str]) -> Callable[[str], bool]:
    return lambda value: value in words


def _starts(words: Sequence[str]) -> Callable[[str], bool]:
    return lambda value: value.startswith(tuple(words))


def _ends(words: Sequence[str]) -> Callable[[str], bool]:
    return lambda value: value.endswith(tuple(words))


def _within(words: Sequence[str]) -> Callable[[str], bool]:
    return lambda value: any(word in value for word in words)


def _matched(words: Sequence[str]) -> Callable[[str], bool]:
    try:
        pattern = patterns.compiled(words[0])
    except patterns.BadPattern as problem:
        raise wrong("filter", words[0], f"is no regular expression: {problem}.") from None
    return lambda value: pattern.fullmatch(value) is not None


_FUNCTIONS: filters.ValueTests = {
    "one_of": _one_of,
    "starts_with": _starts,
    "ends_with": _ends,
    "has_substring": _within,
    "monitoring.regex.full_match": _matched,
}
