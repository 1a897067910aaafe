"""CEL expressions, evaluated by Google's own library: regular expressions in linear time, nesting and loops limited."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cel_expr_python import cel

LONGEST = 16_384
_MOST_MADE = 256 << 20
_MOST_ROUNDS = 10_000  # of all loops of an evaluation, by the library's own limit
_LOOP = re.compile(r"\b(?:map|filter|all|exists|exists_one|existsOne|transform\w*)\b")
_MAKING = re.compile(r"\+|\b(?:map|transform\w*)\b")
_CODE_WORDS = re.compile(r"^(?:[A-Z_]+: )*(?:<input>:)?| \[[A-Z_]+\]\Z| \(in container ''\)")
Expression = Callable[[Mapping[str, Any]], Any]


class Language(Enum):
    """What an expression may speak of.

    CONDITION   of a binding: resource.name, resource.type, resource.service, request.time
    MAPPING     of a token's claims to an attribute: assertion
    ADMISSION   of a token: assertion, google, attribute
    ARTIFACT    of a download rule: pkg, with version.id and tag.name
    EVENT       of a trigger: body, and the texts that it names itself
    NOTHING     no name at all: only literals
    """

    CONDITION = "condition"
    MAPPING = "mapping"
    ADMISSION = "admission"
    ARTIFACT = "artifact"
    EVENT = "event"
    NOTHING = "nothing"


class BadExpression(ValueError):
    """The text is not a valid expression of its language; the message says where."""


class Undecided(ValueError):
    """The expression has no value for this data, for instance because a claim is missing."""


@lru_cache(maxsize=1024)
def compiled(language: Language, text: str, texts: tuple[str, ...] = ()) -> Expression:
    """The expression as a function of its names that returns text, numbers, booleans and lists, or raises Undecided.

    `texts` are names of string variables besides the language's own. Raises BadExpression for an invalid expression, an unknown name, or one that is too long, too deeply nested,
    or could make more than fits into memory.
    """
    if len(text) > LONGEST:
        raise BadExpression(f"The expression has {len(text)} characters; {LONGEST} are allowed.")
    if _made(text, 0) > _MOST_MADE:
        raise BadExpression(
            "The expression could make more than fits into memory: it has too many loops and additions."
        )
    try:
        expression = _environment(language, texts).compile(text)
    # The library raises its own errors as RuntimeError, and others for text that is not Unicode.
    except Exception as problem:
        raise BadExpression(_said(problem)) from None
    makes = _MAKING.search(text) is not None

    def value(names: Mapping[str, Any]) -> Any:
        if makes and _made(text, _size(names)) > _MOST_MADE:
            raise Undecided("The expression could make more than fits into memory of data of this size.")
        return _value(expression, names)

    return value


def _made(text: str, size: int) -> int:
    """A bound on the characters that an expression makes of data of a size.

    The library limits rounds and depth, but not what is added up: `.map(a, a + a)` doubles its texts each time. What one round makes
    stays in memory until the evaluation ends.
    """
    if _MAKING.search(text) is None:
        return 0
    size += len(text)
    parts, loops = 1 + text.count("+") + text.count(","), len(_LOOP.findall(text))
    return size * parts**loops * min(size, _MOST_ROUNDS) if loops else size * parts


def _size(value: Any) -> int:
    """About the number of characters in a value."""
    if isinstance(value, Mapping):
        return sum(_size(key) + _size(inner) for key, inner in value.items())
    if isinstance(value, list | tuple):
        return sum(_size(inner) + 1 for inner in value)
    return len(value) if isinstance(value, str | bytes) else 8


def answers_a_truth(language: Language, text: str, texts: tuple[str, ...] = ()) -> bool:
    """Whether an expression is boolean, as far as its types tell."""
    compiled(language, text, texts)
    return _environment(language, texts).compile(text).return_type().name() in {"BOOL", "DYN"}


def _value(expression: cel.Expression, names: Mapping[str, Any]) -> Any:
    try:
        value = expression.eval(data=dict(names))
        plain = value.plain_value()
    except Exception as problem:
        raise Undecided(_said(problem)) from None
    if value.type().name() in {"ERROR", "UNKNOWN"}:
        raise Undecided(_said(plain))
    return plain


def _said(problem: object) -> str:
    """The library's first sentence without its code words: '1:4: undeclared reference to …'."""
    return _CODE_WORDS.sub("", str(problem).partition("\n")[0])


@lru_cache(maxsize=128)
def _environment(language: Language, texts: tuple[str, ...] = ()) -> cel.Env:
    from cel_expr_python import cel

    text, claims = cel.Type.STRING, cel.Type.Map(cel.Type.STRING, cel.Type.DYN)
    names: dict[Language, dict[str, cel.Type]] = {
        Language.CONDITION: {
            "resource.name": text,
            "resource.type": text,
            "resource.service": text,
            "request.time": cel.Type.TIMESTAMP,
        },
        Language.MAPPING: {"assertion": claims},
        Language.ADMISSION: {"assertion": claims, "google": claims, "attribute": claims},
        Language.ARTIFACT: {"pkg": claims},
        Language.EVENT: {"body": cel.Type.DYN},
        Language.NOTHING: {},
    }
    known = {**names[language], **dict.fromkeys(texts, text)}
    functions = [*_of_texts(), *(_of_resources() if language is Language.CONDITION else ())]
    return cel.NewEnv(variables=known, functions=functions)


def _of_texts() -> list[cel.FunctionDecl]:
    """Google's additions to CEL that work on texts. None of them makes much of little."""
    from cel_expr_python import cel

    text = cel.Type.STRING
    texts = cel.Type.List(text)
    rows: list[tuple[str, cel.Type, list[cel.Type], Callable[..., Any]]] = [
        ("extract", text, [text, text], _extract),
        ("lowerAscii", text, [text], str.lower),
        ("upperAscii", text, [text], str.upper),
        ("split", texts, [text, text], lambda whole, by: whole.split(by) if by else list(whole)),
    ]
    return [
        cel.FunctionDecl(name, [cel.Overload(f"text_{name}", answer, takes, True, function)])
        for name, answer, takes, function in rows
    ]


def _of_resources() -> list[cel.FunctionDecl]:
    """Functions in Google's conditions that cannot be evaluated here: tags, and attributes that an API gives to a request.

    Source: https://cloud.google.com/iam/docs/conditions-attribute-reference.
    """
    from cel_expr_python import cel

    text, truth, anything = cel.Type.STRING, cel.Type.BOOL, cel.Type.DYN
    rows: list[tuple[str, cel.Type, list[cel.Type], bool]] = [
        ("resource.matchTag", truth, [text, text], False),
        ("resource.matchTagId", truth, [text, text], False),
        ("resource.hasTagKey", truth, [text], False),
        ("resource.hasTagKeyId", truth, [text], False),
        ("api.getAttribute", anything, [text, anything], False),
        ("hasOnly", truth, [anything, cel.Type.List(anything)], True),
    ]
    return [
        cel.FunctionDecl(name, [cel.Overload(name.replace(".", "_"), answer, takes, member, _unknown)])
        for name, answer, takes, member in rows
    ]


def _unknown(*_: object) -> Any:
    raise ValueError("The local cloud knows neither tags of resources nor attributes that APIs give to conditions.")


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
