"""Google's temporary errors, by a list of known messages; nothing else is retried.

Sources: hashicorp/terraform-provider-google issues 11023, 8214 (API just enabled), 25294 (Eventarc just enabled), 15042 (account just created), 964
(concurrent policy changes), 7853 (412 on bucket IAM).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from groundwork.terraform.events import Diagnostic


@dataclass(frozen=True)
class TransientError:
    """The message of a temporary error, and why it is temporary."""

    pattern: re.Pattern[str]
    why: str


KNOWN = (
    TransientError(
        re.compile(r"SERVICE_DISABLED|has not been used in project \S+ before or it is disabled"),
        "the API was enabled a moment ago",
    ),
    TransientError(re.compile(r"Service account \S+ does not exist"), "the service account was created a moment ago"),
    TransientError(
        re.compile(r"ermission denied while using the Eventarc Service Agent"), "Eventarc was enabled a moment ago"
    ),
    TransientError(
        re.compile(r"There were concurrent policy changes|Too many conflicts"), "somebody else changed the same policy"
    ),
    TransientError(
        re.compile(r"(?s)(?=.*\b412\b)(?=.*(iam|IAM|policy))(?=.*([Pp]recondition|conditionNotMet))"),
        "the bucket's policy changed in between",
    ),
    TransientError(re.compile(r"Identity Pool does not exist"), "the identity pool was created a moment ago"),
)
# The local cloud is restarted when it dies; other unreachable servers may never come back.
LOCAL = TransientError(
    re.compile(r"connection refused|connection reset|(?i:unexpected eof)|cannot be reached"),
    "the local cloud was unreachable for a moment",
)
NEVER = re.compile(r"(?i)quota|state lock")
LATE_WAITS = (10.0, 20.0, 30.0, 60.0, 60.0, 60.0, 90.0, 90.0)
"""Seven minutes, where changes become visible late: an enabled API, a policy, a pool (see groundwork.google.waiting)."""
LOCAL_WAITS = (0.2, 0.5, 1.0)


def reason(errors: Sequence[Diagnostic], *, local: bool = False) -> str:
    """Why all these errors are temporary, on the `local` cloud or on Google's; "" when one of them is not."""
    known = (*KNOWN, LOCAL) if local else KNOWN
    reasons = [_reason(error.text, known) for error in errors]
    return "; ".join(dict.fromkeys(reasons)) if reasons and all(reasons) else ""


def _reason(text: str, known: Sequence[TransientError]) -> str:
    if NEVER.search(text):
        return ""
    return next((entry.why for entry in known if entry.pattern.search(text)), "")
