"""Conditions on bindings."""

from datetime import UTC, datetime

import pytest
from localcloud.engine.iam.conditions import Facts, Unsupported, compiled, holds

FACTS = Facts(
    now=datetime(2026, 11, 21, tzinfo=UTC),
    names=("projects/p/secrets/train-key", "projects/123/secrets/train-key"),
    type="secretmanager.googleapis.com/Secret",
    service="secretmanager.googleapis.com",
)


@pytest.mark.parametrize(
    "expression",
    [
        'resource.name == "projects/p/secrets/train-key"',
        'resource.name.startsWith("projects/123/secrets/train-")',
        "resource.name.endsWith('-key') && resource.type == 'secretmanager.googleapis.com/Secret'",
        'resource.name == "x" || resource.service == "secretmanager.googleapis.com"',
        'request.time < timestamp("2027-01-01T00:00:00Z")',
        '!(resource.name.startsWith("projects/p/secrets/other"))',
        'resource.name.contains("train") && (resource.type == "a" || resource.type != "b")',
        "true",
    ],
)
def test_a_condition_that_holds_grants(expression: str) -> None:
    assert holds(expression, FACTS)


@pytest.mark.parametrize(
    "expression",
    [
        'resource.name == "projects/p/secrets/other"',
        'resource.name != "projects/p/secrets/train-key"',
        '!resource.name.startsWith("projects/123/")',
        'request.time < timestamp("2026-01-01T00:00:00Z")',
        'resource.type == "x" && resource.name.startsWith("projects/")',
        "false",
    ],
)
def test_a_condition_that_does_not_hold_does_not_grant(expression: str) -> None:
    assert not holds(expression, FACTS)


@pytest.mark.parametrize(
    "expression",
    [
        'resource.matchTag("1/env", "prod")',
        'request.time.getHours("Europe/Berlin") < 18',
        'api.getAttribute("x", []).hasOnly(["y"])',
        'request.time < timestamp("soon")',
        'resource.name == "unfinished',
        'true && (resource.name == "x"',
        "true true",
        "",
    ],
)
def test_what_cannot_be_read_does_not_grant(expression: str) -> None:
    assert not holds(expression, FACTS)
    with pytest.raises(Unsupported):
        compiled(expression)


def test_a_negated_expression_that_cannot_be_read_does_not_grant_either() -> None:
    assert not holds('!resource.matchTag("1/env", "prod")', FACTS)
