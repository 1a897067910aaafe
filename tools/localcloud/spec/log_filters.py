"""Cloud Logging's query language, such as ``resource.type="build" AND severity>=ERROR``, compiled to a predicate over one entry.

Source: https://cloud.google.com/logging/docs/view/logging-query-language.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from localcloud.errors import invalid
from localcloud.spec import patterns
from localcloud.spec.filters import reach, written
from localcloud.spec.timestamps import parse as parse_time

SEVERITIES = ("DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY")
Entry = Mapping[str, Any]
Test = Callable[[Entry], bool]
Values = Callable[[list[Any], list[str]], bool]
_LONGEST = 20_000
_DEEPEST = 50
# What comes before a word is never given back: a part of a comment would be a comment too, and there are many ways to part it.
_TOKEN = re.compile(
    r"""(?:\s|--[^\n]*+)*+(?:
      (?P<op>=~|!~|<=|>=|!=|[:=<>()]|-(?=[\w"(]))
    | (?P<word>(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s:=<>()!"'~]+)+)
    | (?P<end>\Z)
    )""",
    re.VERBOSE,
)
_PART = re.compile(r""""((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^."']+)""")
_COMPARATORS = frozenset({":", "=", "!=", "<", ">", "<=", ">=", "=~", "!~"})
_OFFSET = re.compile(r"([+-]\d\d)(\d\d)\Z")


def compiled(text: str) -> Test:
    """The predicate of a filter; 400 when it is invalid.

    Comparators, AND (also a blank or a line break), OR (binding tighter), NOT and -, parentheses, lists of values, quoted parts of
    paths, comments, log_id("…"), severities by their order, and bare words, which match in any field.
    """
    if len(text) > _LONGEST:
        raise invalid(f"The filter has {len(text)} characters; it may have {_LONGEST}.", "filter")
    reader = _Reader(text, list(_words(text)))
    return reader.whole() if reader.words else lambda _: True


def _words(text: str) -> Iterator[str]:
    at = 0
    while match := _TOKEN.match(text, at):
        if match["end"] is not None:
            return
        at = match.end()
        yield match["op"] or match["word"]
    raise _unreadable(text)


@dataclass
class _Reader:
    """Recursive descent over the words of one filter."""

    text: str
    words: list[str]
    at: int = 0
    depth: int = 0

    def whole(self) -> Test:
        test = self._all()
        if self.at < len(self.words):
            raise _unreadable(self.text)
        return test

    def _all(self) -> Test:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise _unreadable(self.text)
        tests = [self._any()]
        while self._peek() not in (None, ")"):
            self._take("AND")
            tests.append(self._any())
        self.depth -= 1
        return lambda entry: all(test(entry) for test in tests)

    def _any(self) -> Test:
        tests = [self._term()]
        while self._take("OR"):
            tests.append(self._term())
        return lambda entry: any(test(entry) for test in tests)

    def _term(self) -> Test:
        negated = False
        while self._take("NOT") or self._take("-"):
            negated = not negated
        test = self._group() if self._take("(") else self._comparison()
        return (lambda entry: not test(entry)) if negated else test

    def _group(self) -> Test:
        test = self._all()
        self._expect(")")
        return test

    def _comparison(self) -> Test:
        word = self._value()
        if word.lower() == "log_id" and self._take("("):
            wanted = _plain(self._value())
            self._expect(")")
            return lambda entry: unquote(str(entry.get("logName", "")).rpartition("/logs/")[2]) == wanted
        comparator = self._peek()
        if comparator not in _COMPARATORS:
            needle = _plain(word).casefold()
            return lambda entry: any(needle in text.casefold() for text in _texts(entry))
        self.at += 1
        test = self._values(comparator or "")
        path = [re.sub(r"\\(.)", r"\1", quoted or single or bare) for quoted, single, bare in _PART.findall(word)]
        return lambda entry: test(list(reach(entry, path)), path)

    def _values(self, comparator: str) -> Values:
        """The test of a field's values: by one value, or by several in parentheses."""
        if not self._take("("):
            return _tested(comparator, self._value())
        test = self._value_all(comparator)
        self._expect(")")
        return test

    def _value_all(self, comparator: str) -> Values:
        anyof = [self._value_any(comparator)]
        while self._peek() not in (None, ")"):
            self._take("AND")
            anyof.append(self._value_any(comparator))
        return lambda values, path: all(test(values, path) for test in anyof)

    def _value_any(self, comparator: str) -> Values:
        tests: list[tuple[bool, Values]] = []
        while not tests or self._take("OR"):
            negated = self._take("NOT") or self._take("-")
            test = _tested(comparator, self._value())
            tests.append((negated, test))
        return lambda values, path: any(test(values, path) != negated for negated, test in tests)

    def _value(self) -> str:
        word = self._peek()
        if word is None or word in _COMPARATORS or word in ("(", ")", "AND", "OR"):
            raise _unreadable(self.text)
        self.at += 1
        return word

    def _peek(self) -> str | None:
        return self.words[self.at] if self.at < len(self.words) else None

    def _take(self, word: str) -> bool:
        if self._peek() != word:
            return False
        self.at += 1
        return True

    def _expect(self, word: str) -> None:
        if not self._take(word):
            raise _unreadable(self.text)


def _tested(comparator: str, word: str) -> Values:
    wanted = _plain(word)
    if comparator in ("=~", "!~"):
        try:
            pattern = patterns.compiled(wanted, of_lines=True)
        except patterns.BadPattern as problem:
            raise invalid(f"Invalid regular expression {wanted!r} in the filter: {problem}.", "filter") from None
        return lambda values, _: any(pattern.search(written(one)) for one in values) == (comparator == "=~")
    if comparator == ":":
        return lambda values, _: any(_has(one, wanted) for one in values)
    if comparator == "!=":
        return lambda values, path: not any(_order(one, wanted, path) == 0 for one in values)
    keep = {"=": (0,), "<": (-1,), "<=": (-1, 0), ">": (1,), ">=": (1, 0)}[comparator]
    return lambda values, path: any(_order(one, wanted, path) in keep for one in values or _absent(path))


def _absent(path: list[str]) -> list[str]:
    """What a field that an entry lacks counts as: only the severity has a value then."""
    return ["DEFAULT"] if path == ["severity"] else []


def _order(value: Any, wanted: str, path: list[str]) -> int | None:
    """-1, 0 or 1 as severities, moments, numbers or text without regard to case; None when the two have no order."""
    if path == ["severity"]:
        names = [str(value).upper(), wanted.upper()]
        left, right = (SEVERITIES.index(name) if name in SEVERITIES else _number(name) for name in names)
        return None if left is None or right is None else (left > right) - (left < right)
    for read in (_moment, _number):
        one, other = read(written(value)), read(wanted)
        if one is not None and other is not None:
            return (one > other) - (one < other)
    text, expected = written(value).casefold(), wanted.casefold()
    return (text > expected) - (text < expected)


def _moment(text: str) -> float | None:
    try:
        return parse_time(_OFFSET.sub(r"\1:\2", text)).timestamp() if len(text) > 9 and "-" in text else None
    except (ValueError, OverflowError):
        return None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _has(value: Any, wanted: str) -> bool:
    if wanted == "*":
        return True
    if isinstance(value, Mapping):
        return wanted in value
    return wanted.casefold() in written(value).casefold()


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    else:
        yield written(value)


def _plain(word: str) -> str:
    """A value without its quotes."""
    if len(word) > 1 and word[0] == word[-1] and word[0] in "\"'":
        return re.sub(r"\\(.)", lambda match: match[1] if match[1] in "\"'\\" else match[0], word[1:-1])
    return word


def _unreadable(text: str) -> Exception:
    return invalid(f"Unparseable filter: {text[:200]!r}.", "filter")
