"""The periods of budgets, which begin at midnight in US Pacific time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from localcloud.engine.service import Body
from localcloud.errors import invalid
from localcloud.spec.timestamps import california

_MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
_FIRST = date(2017, 1, 1)


class Period(NamedTuple):
    """From `start` to before `end`, both in UTC; a custom period may have no end."""

    start: datetime
    end: datetime | None


def containing(budget_filter: Body, moment: datetime) -> Period | None:
    """The period of a budget that a moment is in; None before or after a custom period."""
    if (custom := budget_filter.get("customPeriod")) is not None:
        period = _custom(custom)
        return period if period.start <= moment and (period.end is None or moment < period.end) else None
    months = _MONTHS[budget_filter["calendarPeriod"]]
    today = moment.astimezone(california())
    first = date(today.year, (today.month - 1) // months * months + 1, 1)
    return Period(_midnight(first), _midnight(_months_later(first, months)))


def before(budget_filter: Body, period: Period) -> Period | None:
    """The calendar period before another."""
    return containing(budget_filter, period.start - timedelta(hours=1))


def check_custom(sent: Body) -> None:
    """400 for dates that are none, out of range, or in the wrong order."""
    try:
        period = _custom(sent)
    except (ValueError, OverflowError, LookupError):
        raise invalid("A custom_period needs whole dates.", "budget.budget_filter.custom_period") from None
    if period.start <= _midnight(_FIRST) or (period.end is not None and period.end <= period.start):
        text = "The start date must be after January 1, 2017, and not after the end date."
        raise invalid(text, "budget.budget_filter.custom_period")


def _custom(sent: Body) -> Period:
    end = _midnight(_day(sent["endDate"]) + timedelta(days=1)) if "endDate" in sent else None
    return Period(_midnight(_day(sent["startDate"])), end)


def _day(sent: Body) -> date:
    return date(sent["year"], sent["month"], sent["day"])


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=california()).astimezone(UTC)


def _months_later(first: date, months: int) -> date:
    years, month = divmod(first.month - 1 + months, 12)
    return date(first.year + years, month + 1, 1)
