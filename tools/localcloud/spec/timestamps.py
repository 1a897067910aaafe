"""Timestamps as Google writes them: RFC 3339, in UTC but for Compute Engine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def rfc3339(moment: datetime) -> str:
    """An aware datetime in UTC with microseconds and Z."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def pacific(moment: datetime) -> str:
    """An aware datetime as Compute Engine writes it, in California's time with milliseconds: "2026-11-28T14:05:40.322-08:00"."""
    return moment.astimezone(california()).isoformat(timespec="milliseconds")


@lru_cache(maxsize=1)
def california() -> tzinfo:
    """The time zone of Google's headquarters, by which it also counts months of billing."""
    try:
        return ZoneInfo("America/Los_Angeles")
    except ZoneInfoNotFoundError:  # a machine without the tz database
        return timezone(timedelta(hours=-8))


def parse(text: str) -> datetime:
    """Parses RFC 3339 to an aware datetime; ValueError when it is invalid."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no time zone.")
    return moment
