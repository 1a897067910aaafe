"""The member that Google refuses is found in its error message, and shown with the line of the file to correct."""

from __future__ import annotations

from pathlib import Path

import pytest
from groundwork.environment.values import Environment, load
from groundwork.lifecycle.wrong_members import RefusedMember, WrongMembers, refused_members
from groundwork.terraform.events import Diagnostic

ROOT = Path(__file__).resolve().parents[3]
PREFIX = 'Error setting IAM policy for project "p": googleapi: Error 400: '


@pytest.fixture
def environment() -> Environment:
    return load("local", ROOT)


def refused(environment: Environment, *details: str) -> tuple[RefusedMember, ...]:
    return refused_members(environment, [Diagnostic("error", "Error applying IAM policy", text) for text in details])


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("User alice@example.com does not exist., badRequest", ""),
        ("Group Alice@example.com does not exist., badRequest", ""),
        ("Principal user:alice@example.com does not exist., badRequest", ""),
        (
            'Principal user:alice@example.com is of type "group". The principal should appear as "group:alice@example.com".',
            "group",
        ),
        ('Account alice@example.com is of type "group". Please set the type prefix to be "group:".', "group"),
    ],
)
def test_the_member_is_found_in_googles_error(error: str, kind: str, environment: Environment) -> None:
    assert refused(environment, f"{PREFIX}{error}") == (RefusedMember("alice@example.com", kind),)


@pytest.mark.parametrize(
    "error",
    [
        "User somebody-else@example.com does not exist.",
        "Service account groundwork-train@p.iam.gserviceaccount.com does not exist.",
        "Request contains an invalid argument., badRequest",
        "There were concurrent policy changes",
    ],
)
def test_other_errors_name_no_member(error: str, environment: Environment) -> None:
    assert refused(environment, f"{PREFIX}{error}") == ()


def test_each_member_is_named_once_with_its_line(environment: Environment) -> None:
    found = refused(environment, "User bob@example.com does not exist.", "User bob@example.com does not exist.")
    lines = (ROOT / "envs" / "local.yaml").read_text("utf-8").splitlines()
    line = next(number for number, text in enumerate(lines, 1) if text.startswith("  bob@example.com:"))
    assert WrongMembers(environment, found).message == (
        f"envs/local.yaml:{line}: there is no user bob@example.com, so Google rejects grants to it and `up` fails: correct "
        "the address, or remove it."
    )


def test_another_type_is_shown_as_written(environment: Environment) -> None:
    [one] = [RefusedMember("bob@example.com", "group")]
    assert WrongMembers(environment, [one]).message.endswith("bob@example.com is a group, not a user: set type: group.")
    several = WrongMembers(environment, [one, RefusedMember("alice@example.com", "service account")])
    assert several.message == "Google rejects 2 members, and each makes `up` fail:"
    assert several.details[1].endswith(
        "alice@example.com is a service account, but members must be users or groups: remove it."
    )
