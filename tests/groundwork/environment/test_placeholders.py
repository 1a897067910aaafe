"""The placeholders in the shipped files are found, and refused where they would make `up` fail half-way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from groundwork.environment.placeholders import placeholders, refuse
from groundwork.environment.values import Environment, Member, load
from groundwork.errors import UsageProblem

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def dev() -> Environment:
    return load("dev", ROOT)


def with_members(environment: Environment, *emails: str) -> Environment:
    members = {email: Member(email, "viewer", "user") for email in emails}
    return replace(environment, members=members, github=None)


def test_the_shipped_file_is_refused_with_every_example_in_it(dev: Environment) -> None:
    with pytest.raises(
        UsageProblem, match=r"envs/dev\.yaml still contains \d+ example values, so nothing was started"
    ) as error:
        refuse(dev)
    assert error.value.details == (
        "members: alice@example.com",
        "members: bob@example.com",
        "members: carol@example.com",
        "github.repository: example-team/cats-dogs",
    )


def test_the_local_cloud_accepts_examples() -> None:
    refuse(load("local", ROOT))


@pytest.mark.parametrize("email", ["a@example.org", "a@mail.example.net", "a@team.test", "a@b.example", "a@x.invalid"])
def test_reserved_domains_are_examples(email: str, dev: Environment) -> None:
    assert placeholders(with_members(dev, email)) == (f"members: {email}",)


@pytest.mark.parametrize("email", ["a@gmail.com", "a@my-example.com", "a@example.company", "a@testing.dev"])
def test_other_domains_are_not(email: str, dev: Environment) -> None:
    refuse(with_members(dev, email))
