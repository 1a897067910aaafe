"""Only errors that are known to be temporary are retried."""

from __future__ import annotations

import pytest
from groundwork.terraform import transient
from groundwork.terraform.events import Diagnostic

DISABLED = "googleapi: Error 403: Secret Manager API has not been used in project 12 before or it is disabled. Enable it by visiting …, SERVICE_DISABLED"


def error(detail: str, summary: str = "Error creating Secret") -> Diagnostic:
    return Diagnostic("error", summary, detail)


@pytest.mark.parametrize(
    ("detail", "why"),
    [
        (DISABLED, "the API was enabled a moment ago"),
        (
            "googleapi: Error 400: Service account x@p.iam.gserviceaccount.com does not exist., badRequest",
            "the service account was created a moment ago",
        ),
        (
            "googleapi: Error 409: There were concurrent policy changes. Please retry",
            "somebody else changed the same policy",
        ),
        (
            "Error setting IAM policy for Storage Bucket: googleapi: Error 412: conditionNotMet",
            "the bucket's policy changed in between",
        ),
        ("Identity Pool does not exist (p.svc.id.goog)", "the identity pool was created a moment ago"),
    ],
)
def test_a_known_message_is_temporary(detail: str, why: str) -> None:
    assert transient.reason([error(detail)]) == why


@pytest.mark.parametrize(
    "detail",
    [
        "googleapi: Error 403: Permission 'storage.buckets.create' denied",
        "googleapi: Error 403: Quota exceeded for quota metric, SERVICE_DISABLED",
        "googleapi: Error 400: Invalid argument",
        "googleapi: Error 409: already exists",
        "googleapi: Error 412: conditionNotMet",
        "dial tcp 127.0.0.1:1: connect: connection refused",
        "",
    ],
)
def test_anything_else_does_not(detail: str) -> None:
    assert transient.reason([error(detail)]) == ""


def test_one_lasting_error_among_passing_ones_is_enough() -> None:
    assert transient.reason([error(DISABLED), error("googleapi: Error 400: Invalid argument")]) == ""


def test_a_held_lock_is_never_waited_for_here() -> None:
    text = "writing state policy failed: googleapi: Error 412: At least one of the pre-conditions you specified did not hold., conditionNotMet"
    assert transient.reason([error(text, "Error acquiring the state lock")]) == ""


def test_no_error_is_no_reason() -> None:
    assert transient.reason([]) == ""
