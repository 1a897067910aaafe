"""Schedules of jobs: mistakes in their cron expressions and time zones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from groundwork.environment.document import Place, dotted
from groundwork.environment.json_schema import Objection

_FIELDS = {
    "minute": "from 0 to 59",
    "hour": "from 0 to 23",
    "day-of-month": "from 1 to 31",
    "month": "from 1 to 12, or JAN to DEC",
    "day-of-week": "from 0 to 7, or SUN to SAT",
}
_SIGNS = "lists (1,15), ranges (1-5) and steps (*/2)"
_ALWAYS = ("*",) * len(_FIELDS)
_FROM = datetime(2025, 1, 1, tzinfo=UTC)


def objections(place: Place, values: Mapping[str, Any]) -> Iterator[Objection]:
    """What is wrong with a job's schedule and time zone, as far as the schema accepts them."""
    cron, zone = values.get("schedule"), values.get("time_zone")
    if isinstance(cron, str) and (wrong := _wrong(cron)):
        yield (*place, "schedule"), f'{dotted(place)}.schedule is "{cron}", {wrong}'
    if not isinstance(zone, str):
        return
    where = (*place, "time_zone")
    if not _is_zone(zone) and (zones := available_timezones()):  # none on a machine without the tz database
        near = get_close_matches(zone, zones, n=1)
        names = "names such as Etc/UTC and Europe/Copenhagen"
        right = f"did you mean {near[0]}? Allowed are {names}." if near else f"allowed are {names}."
        yield where, f'{dotted(where)} is "{zone}", which is no time zone; {right}'
    elif cron is None:
        yield where, f"{dotted(where)} has no effect without schedule; add that, or remove this."


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        return False
    return True


def _wrong(cron: str) -> str:
    """The rest of a sentence about a cron expression, "" for a valid one; one of another form is the schema's to refuse."""
    fields = cron.split()
    if len(fields) != len(_FIELDS):
        return ""
    for index, (name, numbers) in enumerate(_FIELDS.items()):
        if not _is_valid((*_ALWAYS[:index], fields[index], *_ALWAYS[index + 1 :])):
            return f'where "{fields[index]}" is no {name.replace("-", " ")}; allowed are numbers {numbers}, {_SIGNS}.'
    return "" if _is_valid(fields) else "which never comes; change its day or its month."


def _is_valid(fields: tuple[str, ...] | list[str]) -> bool:
    from cronsim import CronSim, CronSimError

    try:
        return next(CronSim(" ".join(fields), _FROM), None) is not None
    except (CronSimError, ValueError):  # the latter for thousands of digits
        return False
