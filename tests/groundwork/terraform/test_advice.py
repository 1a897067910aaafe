"""Terraform's errors come last, each once, with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from groundwork.errors import Exit
from groundwork.terraform import advice
from groundwork.terraform.commands import TerraformFailed
from groundwork.terraform.events import Diagnostic
from groundwork.terraform.process import Finished


def failure(*diagnostics: Diagnostic) -> TerraformFailed:
    argv = ("/usr/bin/terraform", "apply", "-json", "saved.tfplan")
    return TerraformFailed(Finished(argv, 1, "", ""), Path("/x/infra/platform"), diagnostics)


def error(detail: str, address: str = "") -> Diagnostic:
    return Diagnostic("error", "Error creating", detail, address)


@pytest.mark.parametrize(
    ("text", "message", "code"),
    [
        (
            "dial tcp 127.0.0.1:40543: connect: connection refused",
            "the local cloud or its provider stopped",
            Exit.FAILED,
        ),
        ("write /x/terraform.tfstate: no space left on device", "the disk is full", Exit.FAILED),
        (
            "googleapi: Error 403: Permission 'storage.buckets.create' denied",
            "ask an operator of the project",
            Exit.PERMISSION,
        ),
        ("googleapi: Error 401: Invalid Credentials", "groundwork login --env NAME", Exit.PERMISSION),
        ("googleapi: Error 409: You already own this bucket", "groundwork adopt", Exit.FAILED),
        (
            "Error 409: The requested bucket name is not available. The bucket namespace is shared by all users of the system.",
            "rename it under buckets:",
            Exit.FAILED,
        ),
        ("Error 403: Quota exceeded for quota metric", "a quota is used up", Exit.FAILED),
        (
            "Error 403: The x.googleapis.com API requires a quota project, which is not set by default. SERVICE_DISABLED",
            "groundwork login --env NAME",
            Exit.PERMISSION,
        ),
        (
            "Error 403: The billing account for the owning project is disabled in state absent, accountDisabled",
            "no billing account pays",
            Exit.FAILED,
        ),
        ("Error 400: Billing must be enabled for activation of service", "no billing account pays", Exit.FAILED),
        (
            "Error 412: One or more users named in the policy do not belong to a permitted customer.",
            "a policy of the organization",
            Exit.FAILED,
        ),
        ("Error 400: Constraint constraints/iam.disableX violated", "a policy of the organization", Exit.FAILED),
        ("Failed to query available provider packages", "leave out PROVIDER=google", Exit.FAILED),
        ("Unsupported Terraform Core version", "groundwork doctor", Exit.FAILED),
        ('does not support resource type "google_pubsub_topic"', "set PROVIDER=google", Exit.USAGE),
        ('does not support ephemeral resource "google_service_account_key"', "set PROVIDER=google", Exit.USAGE),
        ("Saved plan is stale", "something changed between plan and apply", Exit.FAILED),
    ],
)
def test_a_known_kind_of_error_has_its_remedy_and_code(text: str, message: str, code: Exit) -> None:
    advised = advice.advised(failure(error(text)))
    assert any(message in line for line in advised.details if line.startswith("→ "))
    assert advised.exit_code == code


def test_the_same_error_of_many_resources_is_reported_once() -> None:
    advised = advice.advised(failure(error("same", "a.one"), error("same", "a.two"), error("other", "b.one")))
    assert advised.details[:4] == ("Error creating (a.one, a.two)", "  same", "Error creating (b.one)", "  other")


def test_the_command_comes_last() -> None:
    advised = advice.advised(failure(error("x")))
    assert advised.message == "terraform apply in infra/platform failed (exit code 1)."
    assert advised.details[-1] == "command: /usr/bin/terraform apply -json saved.tfplan"


def test_an_unknown_error_gets_no_advice() -> None:
    assert not [line for line in advice.advised(failure(error("something else"))).details if line.startswith("→")]


def test_a_killed_terraform_says_so() -> None:
    finished = Finished(("/usr/bin/terraform", "apply"), -9, "", "")
    assert (
        TerraformFailed(finished, Path("/x/infra/platform")).message
        == "terraform apply in infra/platform was killed (signal 9)."
    )
