"""IAM conditions: the part of CEL that policies here may use. What it cannot read does not grant."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from localcloud.spec.timestamps import parse as parse_time

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<op>&&|\|\||==|!=|<=|>=|<|>|[!().,])
    | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
    )""",
    re.VERBOSE,
)


class Unsupported(ValueError):
    """The expression uses something this subset does not have."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a condition may ask about."""

    now: datetime
    names: tuple[str, ...]
    type: str
    service: str


Test = Callable[[Facts], bool]
_COMPARE: dict[str, Callable[[datetime, datetime], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


def holds(expression: str, facts: Facts) -> bool:
    """Whether the condition grants; False for an expression outside the subset.

    The subset: resource.name, resource.type, resource.service with == != startsWith endsWith contains; request.time with
    < <= > >= == != timestamp("…"); && || ! and parentheses.
    """
    try:
        return compiled(expression)(facts)
    except Unsupported:
        return False


@lru_cache(maxsize=1024)
def compiled(expression: str) -> Test:
    """The expression as a test; raises Unsupported."""
    parser = _Parser(list(_tokens(expression)))
    test = parser.either()
    parser.finish()
    return test


def _tokens(expression: str) -> Iterator[tuple[str, str]]:
    at = 0
    text = expression.rstrip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found:
            raise Unsupported(f"Cannot read {text[at:]!r} in the condition {expression!r}.")
        kind = str(found.lastgroup)
        yield kind, found[kind]
        at = found.end()


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0

    def finish(self) -> None:
        if self._at != len(self._tokens):
            raise Unsupported(f"Cannot read {self._peek()!r} here.")

    def either(self) -> Test:
        tests = [self._both()]
        while self._take("||"):
            tests.append(self._both())
        return tests[0] if len(tests) == 1 else lambda facts: any(test(facts) for test in tests)

    def _both(self) -> Test:
        tests = [self._one()]
        while self._take("&&"):
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda facts: all(test(facts) for test in tests)

    def _one(self) -> Test:
        if self._take("!"):
            inner = self._one()
            return lambda facts: not inner(facts)
        if self._take("("):
            inner = self.either()
            self._need(")")
            return inner
        word = self._word()
        if word in {"true", "false"}:
            return lambda _: word == "true"
        self._need(".")
        subject = f"{word}.{self._word()}"
        if subject == "request.time":
            return self._time()
        if subject not in {"resource.name", "resource.type", "resource.service"}:
            raise Unsupported(f"{subject} cannot be asked about here.")
        return self._text(subject)

    def _time(self) -> Test:
        compare = _COMPARE.get(self._next())
        if compare is None or self._word() != "timestamp":
            raise Unsupported('request.time is compared with timestamp("…") only.')
        self._need("(")
        try:
            moment = parse_time(self._quoted())
        except ValueError as problem:
            raise Unsupported(str(problem)) from None
        self._need(")")
        return lambda facts: compare(facts.now, moment)

    def _text(self, subject: str) -> Test:
        values = _values(subject)
        operator = self._next()
        if operator in {"==", "!="}:
            wanted = self._quoted()
            same = operator == "=="
            return lambda facts: (wanted in values(facts)) is same
        function = self._word() if operator == "." else ""
        if function not in {"startsWith", "endsWith", "contains"}:
            raise Unsupported(f"{subject} has no {function or operator}.")
        self._need("(")
        part = self._quoted()
        self._need(")")
        if function == "startsWith":
            return lambda facts: any(value.startswith(part) for value in values(facts))
        if function == "endsWith":
            return lambda facts: any(value.endswith(part) for value in values(facts))
        return lambda facts: any(part in value for value in values(facts))

    def _peek(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        self._at += 1
        return token

    def _take(self, token: str) -> bool:
        if self._peek() != token:
            return False
        self._at += 1
        return True

    def _need(self, token: str) -> None:
        if not self._take(token):
            raise Unsupported(f"{token!r} is missing before {self._peek()!r}.")

    def _word(self) -> str:
        kind = self._tokens[self._at][0] if self._at < len(self._tokens) else ""
        if kind != "word":
            raise Unsupported(f"A name is missing before {self._peek()!r}.")
        return self._next()

    def _quoted(self) -> str:
        kind = self._tokens[self._at][0] if self._at < len(self._tokens) else ""
        if kind != "text":
            raise Unsupported(f"A quoted text is missing before {self._peek()!r}.")
        return re.sub(r"\\(.)", r"\1", self._next()[1:-1])


def _values(subject: str) -> Callable[[Facts], tuple[str, ...]]:
    if subject == "resource.name":
        return lambda facts: facts.names
    if subject == "resource.type":
        return lambda facts: (facts.type,)
    return lambda facts: (facts.service,)
