"""Timestamps in Cloud Storage's form: RFC 3339 with milliseconds, and microseconds for generations."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

from localcloud.services.storage import refusals


def rfc3339(moment: datetime) -> str:
    """An aware UTC datetime as "2026-11-21T09:49:25.123Z"."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def micros(moment: datetime) -> int:
    """Microseconds since 1970."""
    return int(moment.timestamp()) * 1_000_000 + moment.microsecond


def from_micros(value: int) -> datetime:
    """The time that many microseconds after 1970."""
    return datetime.fromtimestamp(value // 1_000_000, UTC).replace(microsecond=value % 1_000_000)


def parsed(text: str) -> datetime:
    """A timestamp sent by a caller; 400 when it is invalid."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise refusals.invalid(f"Invalid value '{text}': expected a time like 2026-11-21T09:49:25Z.") from None


def http_date(moment: datetime) -> str:
    """A moment as HTTP headers write it: "Sat, 21 Nov 2026 09:49:25 GMT"."""
    return format_datetime(moment, usegmt=True)
