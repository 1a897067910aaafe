"""Expressions in CEL."""

from __future__ import annotations

from typing import Any

import pytest
from localcloud.spec.expressions import BadExpression, Language, Undecided, compiled

ASSERTION = {
    "sub": "repo:a/b",
    "n": 3,
    "groups": ["admins", "ops"],
    "nested": {"key": "v"},
    "arn": "arn:aws:sts::1:assumed-role/ci/me",
}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("assertion.sub", "repo:a/b"),
        ("assertion['sub']", "repo:a/b"),
        ("assertion.nested.key + '!'", "v!"),
        ("'admins' in assertion.groups && !('root' in assertion.groups)", True),
        ("assertion.n >= 3 || assertion.missing == 1", True),
        ("has(assertion.missing) ? 'yes' : 'no'", "no"),
        ("assertion.sub.startsWith('repo:') && assertion.sub.endsWith('b')", True),
        ("assertion.sub.matches('^repo:[a-z]/')", True),
        ("assertion.arn.extract('assumed-role/{role}/')", "ci"),
        ("assertion.sub in ['x', \"repo:a/b\"]", True),
        ("size(assertion.groups) == 2 && assertion.groups[0] == 'admins'", True),
        ("true != false", True),
    ],
)
def test_expressions_over_claims(expression: str, value: object) -> None:
    assert compiled(Language.MAPPING, expression)({"assertion": ASSERTION}) == value


@pytest.mark.parametrize(
    "expression",
    ["", "assertion.sub ==", "assertion.sub.shout()", "(assertion.sub", "assertion.sub $ 1", "a b", "google.subject",
     "(" * 40 + "true" + ")" * 40, "'" + "x" * 20_000 + "'", "1 + 'a'", "'\\q'"],
)  # fmt: skip
def test_an_invalid_expression_is_reported_as_such(expression: str) -> None:
    with pytest.raises(BadExpression):
        compiled(Language.MAPPING, expression)


def test_an_unknown_name_is_named() -> None:
    with pytest.raises(BadExpression, match=r"undeclared reference to 'resource\.name'"):
        compiled(Language.MAPPING, "resource.name")


def value(expression: str, **claims: Any) -> Any:
    return compiled(Language.MAPPING, expression)({"assertion": claims})


def test_a_missing_claim_is_named() -> None:
    with pytest.raises(Undecided, match='Key not found in map : "email"'):
        value("assertion.email == 'x'")


@pytest.mark.parametrize("odd", ["half a pair \ud83d", 10**40, float("nan"), None, [], {}, True])
def test_unusual_claims_give_a_value_or_none_and_nothing_else(odd: object) -> None:
    for expression in ("assertion.a", "assertion.a == 'x'", "!(assertion.a == 'x')", "assertion.a.startsWith('x')"):
        try:
            value(expression, a=odd)
        except Undecided:
            continue


def test_a_regular_expression_takes_linear_time() -> None:
    assert value("assertion.a.matches('^(a+)+$')", a="a" * 5000) is True
    assert value("assertion.a.matches('^(a+)+$')", a="a" * 5000 + "b") is False


def test_loops_are_limited() -> None:
    loop = "true"
    for name in "abcdef":
        loop = f"[1,2,3,4,5,6,7,8,9,10].all({name}, {loop})"
    with pytest.raises(Undecided, match="Iteration budget exceeded"):
        value(loop)


@pytest.mark.parametrize(
    "text",
    [
        "[resource.name]" + ".map(a, a + a)" * 20 + ".size() > 0",
        "['a']" + ".map(a, a + a)" * 20 + " == []",  # which the library would compute while it compiles
        "[[1, 1]]" + ".map(a, [a, a, a, a])" * 20 + " == []",
        "[" + "1, " * 4000 + "1].all(a, (resource.name" + " + resource.name" * 20 + ") != '')",
    ],
)
def test_an_expression_that_could_fill_memory_is_refused(text: str) -> None:
    with pytest.raises(BadExpression, match="more than fits into memory"):
        compiled(Language.CONDITION, text)


def test_what_an_expression_may_make_depends_on_the_size_of_the_data() -> None:
    many = compiled(Language.EVENT, "body.rows.exists(row, row.name + '!' == 'x!')")
    assert many({"body": {"rows": [{"name": "y"}, {"name": "x"}]}}) is True
    with pytest.raises(Undecided, match="of data of this size"):
        many({"body": {"rows": [{"name": "y" * 1000}] * 1000}})
    assert (
        compiled(Language.EVENT, "body.rows.exists(row, row.name == 'x')")({"body": {"rows": [{"name": "y"}] * 5000}})
        is False
    )
    assert compiled(Language.MAPPING, "assertion.groups.map(g, 'team-' + g)")({"assertion": ASSERTION}) == [
        "team-admins",
        "team-ops",
    ]
