"""Lists of objects: prefixes, delimiters, offsets, globs and pages.

Source: cloud.google.com/storage/docs/json_api/v1/objects/list.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from localcloud.engine import paging
from localcloud.services.storage import globs, refusals
from localcloud.services.storage.rows import LIVE, NONCURRENT, SOFT_DELETED, ObjectVersion, Span
from localcloud.spec import patterns

MOST = 1000
_BATCH = 200
FOLDER = -1
"""The state of a row that stands for a folder: it is shown as a prefix only."""

Fetch = Callable[[Span, int], list[ObjectVersion]]


@dataclass(frozen=True, slots=True)
class Query:
    """The parameters of a list request; `span` is the range of names that can match."""

    span: Span
    prefix: str
    delimiter: str
    trailing: bool
    glob: str | None
    limit: int


@dataclass(slots=True)
class Page:
    """One page: object versions, common prefixes in order, and where the next page starts (None: no more)."""

    rows: list[ObjectVersion] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    token: str | None = None

    def __len__(self) -> int:
        return len(self.rows) + len(self.prefixes)


def query(bucket: str, params: Mapping[str, Any]) -> Query:
    """The request's parameters, validated."""
    if params.get("filter"):
        raise refusals.unsupported("the parameter `filter` of object lists; list by prefix or matchGlob instead")
    prefix = params.get("prefix", "")
    name, generation = max(prefix, params.get("startOffset", "")), 0
    if params.get("pageToken"):
        name, generation = json.loads(paging.after(params["pageToken"], _question(bucket)))
    ends = [end for end in (successor(prefix), params.get("endOffset")) if end]
    glob = params.get("matchGlob")
    return Query(
        span=Span(bucket, name, generation, min(ends, default=None), _states(params)),
        prefix=prefix,
        delimiter=params.get("delimiter", ""),
        trailing=bool(params.get("includeTrailingDelimiter")),
        glob=globs.expression(glob) if glob else None,
        limit=paging.size(params.get("maxResults"), MOST, MOST),
    )


def _states(params: Mapping[str, Any]) -> tuple[int, ...]:
    if params.get("softDeleted"):
        if params.get("versions"):
            raise refusals.invalid("softDeleted and versions cannot both be true.")
        return (SOFT_DELETED,)
    return (LIVE, NONCURRENT) if params.get("versions") else (LIVE,)


def page(query: Query, fetch: Fetch, wanted: Callable[[ObjectVersion], bool]) -> Page:
    """The page of a request, read by `fetch` from spans of rows; rows that are not `wanted` are skipped."""
    result = Page()
    span: Span | None = query.span
    while span is not None and len(result) < query.limit:
        span = _collect(query, span, fetch(span, min(_BATCH, query.limit + 1)), result, wanted)
    if span is not None and fetch(span, 1):
        result.token = paging.token(json.dumps([span.name, span.generation]), _question(span.bucket))
    return result


def _collect(
    query: Query, span: Span, rows_: list[ObjectVersion], result: Page, wanted: Callable[[ObjectVersion], bool]
) -> Span | None:
    """Adds rows to the page until it is full or a prefix lets names be skipped; where to go on, None at the end."""
    for row in rows_:
        if len(result) == query.limit:
            return replace(span, name=row.name, generation=row.generation)
        if not wanted(row):
            continue
        group = _group(query, row.name)
        shown = row.state != FOLDER and (group is None or (query.trailing and row.name == group))
        if shown and _matches(query, row.name):
            result.rows.append(row)
        if group is not None:
            if _matches(query, group) or _matches(query, group.removesuffix(query.delimiter)):
                result.prefixes.append(group)
            beyond = successor(group)
            return replace(span, name=beyond, generation=0) if beyond else None
    if not rows_ or len(rows_) < min(_BATCH, query.limit + 1):
        return None
    return replace(span, name=rows_[-1].name, generation=rows_[-1].generation + 1)


def _group(query: Query, name: str) -> str | None:
    if not query.delimiter:
        return None
    at = name.find(query.delimiter, len(query.prefix))
    return None if at < 0 else name[: at + len(query.delimiter)]


def _matches(query: Query, name: str) -> bool:
    return query.glob is None or patterns.matches(query.glob, name)


def successor(prefix: str) -> str | None:
    """The first string that sorts after everything that starts with `prefix`; None when there is none."""
    while prefix:
        last = ord(prefix[-1])
        if last < 0x10FFFF:
            # The code points between are surrogates, which no name contains.
            return prefix[:-1] + chr(0xE000 if last == 0xD7FF else last + 1)
        prefix = prefix[:-1]
    return None


def _question(bucket: str) -> str:
    return f"objects of {bucket}"
