"""Google's list filters, such as ``state:ENABLED AND labels.team=cats``, compiled to a predicate over one body."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from localcloud.errors import CloudError, invalid
from localcloud.spec.discovery import camel
from localcloud.spec.timestamps import parse as parse_time

Test = Callable[[Mapping[str, Any]], bool]
ValueTests = Mapping[str, Callable[[Sequence[str]], Callable[[str], bool]]]
"""Functions of a filter's values, by name: field = one_of("a", "b")."""
_TOKEN = re.compile(
    r"""\s*(?:(?P<op><=|>=|!=|[:=<>()]|-(?=\S))|"(?P<text>(?:[^"\\]|\\.)*)"
    |(?P<word>[^\s:=<>()"!]+(?:(?<=\.)"(?:[^"\\]|\\.)*"[^\s:=<>()"!]*)*))""",
    re.VERBOSE,
)
_PART = re.compile(r""""((?:[^"\\]|\\.)*)"|([^."]+)""")
_LONGEST, _DEEPEST = 16_384, 32
_COMPARATORS = frozenset({":", "=", "!=", "<", ">", "<=", ">="})


def compiled(
    text: str, functions: Mapping[str, Callable[[str], Test]] | None = None, values: ValueTests | None = None
) -> Test:
    """The predicate of a filter; 400 when it is invalid.

    Understood: ``field:part``, ``=``, ``!=``, ``<``, ``<=``, ``>``, ``>=``, ``field:*`` (is set), ``*`` in values, dotted
    fields (a part may be in quotes), NOT or ``-``, AND, OR (binding tighter than AND), parentheses, a service's own `functions` of
    one value, those of its `values`, and a bare word, which is looked for in the resource's name. Source: https://google.aip.dev/160.
    """
    if not text.strip():
        return lambda _: True
    if len(text) > _LONGEST:
        raise invalid(f"The list filter has {len(text)} characters; {_LONGEST} are allowed.", "filter")
    parser = _Parser(text, functions or {}, values or {})
    test = parser.expression()
    parser.end()
    return test


class _Parser:
    """A recursive descent parser over the tokens of one filter."""

    def __init__(self, text: str, functions: Mapping[str, Callable[[str], Test]], values: ValueTests) -> None:
        self._text = text
        self._functions = functions
        self._values = values
        self._words = list(_words(text))
        self._at = 0
        self._depth = 0

    def expression(self) -> Test:
        tests = [self._factor()]
        while self._peek() not in (None, ")"):
            self._take_if("AND")
            tests.append(self._factor())
        return lambda body: all(test(body) for test in tests)

    def end(self) -> None:
        if self._at < len(self._words):
            raise self._refusal()

    def _factor(self) -> Test:
        tests = [self._term()]
        while self._take_if("OR"):
            tests.append(self._term())
        return lambda body: any(test(body) for test in tests)

    def _term(self) -> Test:
        negated = False
        while self._take_if("NOT") or self._take_if("-"):
            negated = not negated
        test = self._group() if self._take_if("(") else self._restriction()
        return (lambda body: not test(body)) if negated else test

    def _group(self) -> Test:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._refusal()
        test = self.expression()
        if not self._take_if(")"):
            raise self._refusal()
        self._depth -= 1
        return test

    def _restriction(self) -> Test:
        field = self._value()
        comparator = self._peek()
        if field in self._functions and self._take_if("("):
            test = self._functions[field](self._value())
            if not self._take_if(")"):
                raise self._refusal()
            return test
        if comparator not in _COMPARATORS:
            return lambda body: _matches(body.get("name"), ":", field)
        self._at += 1
        path, wanted = [quoted or bare for quoted, bare in _PART.findall(field)], self._value()
        if wanted in self._values and self._take_if("("):
            called = self._values[wanted](self._arguments())
            return lambda body: any(called(written(found)) for found in reach(body, path)) == (comparator == "=")
        return lambda body: (
            any(_matches(found, comparator, wanted) for found in reach(body, path))
            or (comparator == "!=" and not list(reach(body, path)))
        )

    def _arguments(self) -> list[str]:
        found = [self._value()]
        while self._take_if(","):
            found.append(self._value())
        if not self._take_if(")"):
            raise self._refusal()
        return found

    def _value(self) -> str:
        word = self._peek()
        if word is None or word in _COMPARATORS or word in ("(", ")"):
            raise self._refusal()
        self._at += 1
        return word.removeprefix('"')

    def _peek(self) -> str | None:
        return self._words[self._at] if self._at < len(self._words) else None

    def _take_if(self, word: str) -> bool:
        if self._peek() != word:
            return False
        self._at += 1
        return True

    def _refusal(self) -> Exception:
        return _refusal(self._text)


def _refusal(text: str) -> CloudError:
    return invalid(f"Invalid list filter: {text if len(text) < 200 else f'{text[:200]}…'}", "filter")


def _words(text: str) -> Iterator[str]:
    """The filter's words; a quoted one keeps its opening quote, so that "AND" in quotes is not an operator."""
    at = 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _refusal(text)
        at = match.end()
        quoted = match["text"]
        yield match["op"] or match["word"] or '"' + re.sub(r"\\(.)", r"\1", quoted or "")


def reach(value: Any, path: list[str]) -> Iterator[Any]:
    """Every value at a dotted path; lists are searched, map keys may contain dots and underscores."""
    if isinstance(value, list):
        for item in value:
            yield from reach(item, path)
    elif not path:
        yield value
    elif isinstance(value, Mapping):
        for size in range(len(path), 0, -1):
            key = ".".join(path[:size])
            for name in dict.fromkeys((key, camel(key))):
                if name in value:
                    yield from reach(value[name], path[size:])
                    return


def _matches(value: Any, comparator: str | None, wanted: str) -> bool:
    if comparator == ":":
        return _has(value, wanted)
    order = _compare(value, wanted)
    if comparator == "=":
        return order == 0 or ("*" in wanted and fnmatchcase(str(value), wanted.replace("[", "[[]")))
    if comparator == "!=":
        return order != 0
    return order is not None and {"<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0}[comparator or "<"]


def _has(value: Any, wanted: str) -> bool:
    if wanted == "*":
        return value not in (None, "", [], {})
    if isinstance(value, Mapping):
        return wanted in value
    return wanted.strip("*").casefold() in written(value).casefold()


def _compare(value: Any, wanted: str) -> int | None:
    """-1, 0 or 1 as moments, numbers or text; None when a value of that kind has no order with the wanted one."""
    for read in (lambda text: parse_time(text).timestamp(), float):
        try:
            left, right = read(written(value)), read(wanted)
        except (ValueError, OverflowError):
            continue
        return (left > right) - (left < right)
    text = written(value)
    return (text > wanted) - (text < wanted)


def written(value: Any) -> str:
    """A value as it is written in a filter."""
    return str(value).lower() if isinstance(value, bool) else str(value)
