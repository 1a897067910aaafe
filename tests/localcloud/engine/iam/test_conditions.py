"""Conditions on bindings."""

from datetime import UTC, datetime
from typing import Any

import pytest
from localcloud.engine.iam.conditions import Facts, check, holds
from localcloud.errors import CloudError

FACTS = Facts(
    now=datetime(2026, 11, 21, tzinfo=UTC),
    name="projects/123/secrets/train-key",
    type="secretmanager.googleapis.com/Secret",
    service="secretmanager.googleapis.com",
)


@pytest.mark.parametrize(
    "expression",
    [
        'resource.name == "projects/123/secrets/train-key"',
        'resource.name.startsWith("projects/123/secrets/train-")',
        "resource.name.endsWith('-key') && resource.type == 'secretmanager.googleapis.com/Secret'",
        'resource.name == "x" || resource.service == "secretmanager.googleapis.com"',
        'request.time < timestamp("2027-01-01T00:00:00Z")',
        'request.time.getHours("Europe/Berlin") == 1 && request.time.getFullYear() == 2026',
        'resource.name.extract("secrets/{name}-key") == "train"',
        '!(resource.name.startsWith("projects/123/secrets/other"))',
        'resource.name.contains("train") && (resource.type == "a" || resource.type != "b")',
        r'resource.name.endsWith("\x74rain-\153ey")',
        "true",
    ],
)
def test_a_condition_that_holds_grants(expression: str) -> None:
    assert holds(expression, FACTS)


@pytest.mark.parametrize(
    "expression",
    [
        'resource.name == "projects/p/secrets/other"',
        'resource.name != "projects/123/secrets/train-key"',
        '!resource.name.startsWith("projects/123/")',
        r'!resource.name.endsWith("\x74rain-key")',
        r'!resource.name.endsWith("\164rain-key")',
        r'!resource.name.endsWith("\u0074rain-key")',
        'request.time < timestamp("2026-01-01T00:00:00Z")',
        'resource.type == "x" && resource.name.startsWith("projects/")',
        "false",
    ],
)
def test_a_condition_that_does_not_hold_does_not_grant(expression: str) -> None:
    assert not holds(expression, FACTS)


UNREADABLE = [
    'resource.name == "unfinished',
    'true && (resource.name == "x"',
    "true true",
    "resource.owner == 'me'",
    "!resource.owner.startsWith('me')",
    "resource.name.shout()",
    "resource.name < 3",
    "resource.name",
    r"!resource.name.startsWith('\q')",
    "(" * 1500 + "true" + ")" * 1500,
    "!" * 5000 + "false",
    "x" * 20_000,
]


@pytest.mark.parametrize("expression", UNREADABLE)
def test_what_cannot_be_read_does_not_grant_and_is_refused_when_it_is_set(expression: str) -> None:
    assert not holds(expression, FACTS) or expression.startswith("!!")
    with pytest.raises(CloudError) as caught:
        check({"role": "roles/browser", "members": [], "condition": {"title": "t", "expression": expression}})
    assert caught.value.code == 400


@pytest.mark.parametrize(
    "expression",
    [
        'resource.matchTag("1/env", "prod")',
        '!resource.matchTag("1/env", "prod")',
        'api.getAttribute("iam.googleapis.com/modifiedGrantsByRole", []).hasOnly(["roles/viewer"])',
        'request.time < timestamp("soon")',
        '!(request.time < timestamp("soon"))',
    ],
)
def test_what_google_reads_and_nobody_can_answer_here_is_kept_and_does_not_grant(expression: str) -> None:
    check(bound(expression))
    assert not holds(expression, FACTS)


def bound(expression: str, role: str = "roles/browser", **more: Any) -> dict[str, Any]:
    return {"role": role, "members": [], "condition": {"title": "t", "expression": expression}, **more}


def test_a_condition_has_a_title_an_expression_and_twelve_operators_at_most() -> None:
    check(bound(" && ".join(["true"] * 13)))
    check(bound("resource.name != '&&!||' && " * 12 + "true"))
    for refused in (
        bound(" && ".join(["true"] * 14)),
        bound("true") | {"condition": {"title": "t"}},
        bound("true") | {"condition": {"expression": "true"}},
    ):
        with pytest.raises(CloudError):
            check(refused)


def test_basic_roles_and_the_public_take_no_condition() -> None:
    with pytest.raises(CloudError, match="basic role roles/owner"):
        check(bound("true", "roles/owner"))
    with pytest.raises(CloudError, match="allUsers"):
        check(bound("true", members=["allUsers"]))
