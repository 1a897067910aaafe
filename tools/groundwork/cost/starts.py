"""How often a schedule starts a job."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

_YEARS = 4
"""Years over which starts are counted: the more there are, the less it matters with which weekday they begin."""
_MONTHS = 12 * _YEARS
_FIRST, _LAST = datetime(2025, 1, 1, tzinfo=UTC), datetime(2025 + _YEARS, 1, 1, tzinfo=UTC)


def starts_a_month(cron: str) -> Decimal:
    """How often a valid cron expression starts something in a month, on average."""
    from cronsim import CronSim

    minute, hour, *days = cron.split()
    before = _FIRST - timedelta(minutes=1)
    a_day = _count(CronSim(f"{minute} {hour} * * *", before), _FIRST + timedelta(days=1))
    number_of_days = _count(CronSim(f"0 0 {' '.join(days)}", before), _LAST)
    return (Decimal(a_day * number_of_days) / _MONTHS).quantize(Decimal("0.01"))


def _count(moments: Iterator[datetime], end: datetime) -> int:
    """How many moments come before `end`."""
    number = 0
    for moment in moments:
        if moment >= end:
            break
        number += 1
    return number
