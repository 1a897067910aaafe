"""Expressions over the claims of a token: the part of CEL that mappings and conditions of identity providers use."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

Names = Mapping[str, Any]
Value = Callable[[Names], Any]
_TOKEN = re.compile(
    r"""\s*(?:(?P<op>&&|\|\||[=!<>]=|[!<>?:+.,()\[\]])
    | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<number>-?\d+)
    | (?P<word>[A-Za-z_]\w*))""",
    re.VERBOSE,
)
_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda one, many: one in many,
}
_WORDS = {"true": True, "false": False, "null": None}


class Unreadable(ValueError):
    """The expression uses something that this subset of CEL does not have."""


class Missing(LookupError):
    """The token has no claim that the expression asks for."""


@lru_cache(maxsize=256)
def compiled(expression: str) -> Value:
    """The expression as a function of its names (assertion, google, attribute); raises Unreadable.

    Understood: texts, numbers, lists, a.b and a['b'], == != < <= > >= in, + && || ! ?:, parentheses, has(a.b), size(x) and
    the methods startsWith, endsWith, contains, matches, extract, lowerAscii, split, size. The function raises Missing.
    Source: https://cloud.google.com/iam/docs/workload-identity-federation#mapping.
    """
    parser = _Parser(expression)
    value = parser.choice()
    parser.end()
    return value


class _Parser:
    """Recursive descent, loosest binding first."""

    def __init__(self, expression: str) -> None:
        self._expression = expression
        self._tokens = list(_tokens(expression))
        self._at = 0

    def choice(self) -> Value:
        test = self._either()
        if not self._take("?"):
            return test
        yes = self.choice()
        self._need(":")
        no = self.choice()
        return lambda names: yes(names) if test(names) else no(names)

    def end(self) -> None:
        if self._at < len(self._tokens):
            raise self._unreadable()

    def _either(self) -> Value:
        parts = [self._both()]
        while self._take("||"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else lambda names: any(part(names) for part in parts)

    def _both(self) -> Value:
        parts = [self._relation()]
        while self._take("&&"):
            parts.append(self._relation())
        return parts[0] if len(parts) == 1 else lambda names: all(part(names) for part in parts)

    def _relation(self) -> Value:
        left = self._sum()
        compare = _COMPARE.get(self._peek()[1])
        if compare is None:
            return left
        self._at += 1
        right = self._sum()
        return lambda names: compare(left(names), right(names))

    def _sum(self) -> Value:
        value = self._unary()
        while self._take("+"):
            value = _added(value, self._unary())
        return value

    def _unary(self) -> Value:
        if self._take("!"):
            inner = self._unary()
            return lambda names: not inner(names)
        value = self._primary()
        while True:
            if self._take("."):
                value = self._member(value)
            elif self._take("["):
                value = _field(value, self.choice())
                self._need("]")
            else:
                return value

    def _member(self, owner: Value) -> Value:
        name = self._word()
        if not self._take("("):
            return _field(owner, lambda _: name)
        method = _METHODS.get(name)
        if method is None:
            raise self._unreadable()
        arguments = self._list(")")
        return lambda names: method(owner(names), *(argument(names) for argument in arguments))

    def _primary(self) -> Value:
        kind, text = self._peek()
        self._at += 1
        if kind == "text":
            plain = re.sub(r"\\(.)", r"\1", text[1:-1])
            return lambda _: plain
        if kind == "number":
            return lambda _: int(text)
        if kind == "word":
            return self._named(text)
        if text == "(":
            inner = self.choice()
            self._need(")")
            return inner
        if text == "[":
            items = self._list("]")
            return lambda names: [item(names) for item in items]
        raise self._unreadable()

    def _named(self, word: str) -> Value:
        if word in _WORDS:
            return lambda _: _WORDS[word]
        if word in {"has", "size"} and self._take("("):
            inner = self.choice()
            self._need(")")
            return (lambda names: _present(inner, names)) if word == "has" else (lambda names: len(inner(names)))
        return _field(lambda names: names, lambda _: word)

    def _list(self, closing: str) -> list[Value]:
        items: list[Value] = []
        while not self._take(closing):
            items.append(self.choice())
            if self._peek()[1] != closing:
                self._need(",")
        return items

    def _word(self) -> str:
        kind, text = self._peek()
        if kind != "word":
            raise self._unreadable()
        self._at += 1
        return text

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("", "")

    def _take(self, sign: str) -> bool:
        kind, text = self._peek()
        if kind != "op" or text != sign:
            return False
        self._at += 1
        return True

    def _need(self, sign: str) -> None:
        if not self._take(sign):
            raise self._unreadable()

    def _unreadable(self) -> Unreadable:
        return Unreadable(f"The local cloud cannot read {self._peek()[1]!r} in the expression {self._expression!r}.")


def _tokens(expression: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(expression.rstrip()):
        found = _TOKEN.match(expression, at)
        if found is None:
            raise Unreadable(f"The local cloud cannot read {expression[at:]!r} in the expression {expression!r}.")
        at = found.end()
        yield str(found.lastgroup), found[str(found.lastgroup)]


def _added(left: Value, right: Value) -> Value:
    return lambda names: left(names) + right(names)


def _field(owner: Value, name: Value) -> Value:
    def read(names: Names) -> Any:
        key = name(names)
        try:
            return owner(names)[key]
        except (KeyError, IndexError, TypeError):
            raise Missing(f"The token has no claim {key}.") from None

    return read


def _present(value: Value, names: Names) -> bool:
    try:
        return value(names) is not None
    except Missing:
        return False


def _extract(text: str, template: str) -> str:
    """The part of a text that stands where the template has its {placeholder}; "" when the rest does not fit."""
    before, _, rest = template.partition("{")
    after = rest.partition("}")[2]
    begin = text.find(before)
    if begin < 0:
        return ""
    begin += len(before)
    stop = text.find(after, begin) if after else len(text)
    return text[begin:stop] if stop >= 0 else ""


_METHODS: Mapping[str, Callable[..., Any]] = {
    "startsWith": str.startswith,
    "endsWith": str.endswith,
    "contains": lambda text, part: part in text,
    "matches": lambda text, pattern: re.search(pattern, text) is not None,
    "extract": _extract,
    "lowerAscii": str.lower,
    "split": str.split,
    "size": len,
}
