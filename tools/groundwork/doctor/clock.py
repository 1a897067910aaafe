"""Compares this machine's clock with Google's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from groundwork.doctor.finding import CheckResult, Health
from groundwork.environment.values import Environment
from groundwork.google.cloud import GoogleCloud

NOTED_SKEW = timedelta(seconds=30)
BROKEN_SKEW = timedelta(minutes=5)
"""Source: https://developers.google.com/identity/protocols/oauth2/service-account, tokens from a clock that is off are refused."""


def check(cloud: GoogleCloud, _environment: Environment) -> Iterator[CheckResult]:
    import requests

    try:
        answered = requests.head(cloud.address("cloudresourcemanager"), timeout=10).headers.get("Date", "")
    except requests.RequestException:
        answered = ""
    yield skew(answered, datetime.now(UTC))


def skew(answered: str, now: datetime) -> CheckResult:
    """How far this machine's clock is from a server's Date header."""
    try:
        off = now - parsedate_to_datetime(answered)
    except (ValueError, TypeError):
        return CheckResult(
            "clock", "note", "could not be compared: the server did not send its time", "run doctor again"
        )
    seconds = round(off.total_seconds())
    if abs(off) <= NOTED_SKEW:
        return CheckResult("clock", "ok", "agrees with Google's")
    health: Health = "broken" if abs(off) > BROKEN_SKEW else "note"
    side = "ahead of" if seconds > 0 else "behind"
    return CheckResult(
        "clock",
        health,
        f"{abs(seconds)} s {side} Google's; logins fail if it is too far off",
        "synchronise it: `timedatectl set-ntp true`",
    )
