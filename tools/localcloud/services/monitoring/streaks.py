"""Since when each time series has violated a condition: kept, so that a condition that lasts for a day is judged by its last minute alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from localcloud.engine.cloud import Cloud
from localcloud.services.monitoring.stored_series import TimeSeries

TABLES = """
CREATE TABLE IF NOT EXISTS monitoring_streaks (
  condition TEXT NOT NULL, key TEXT NOT NULL, series TEXT NOT NULL, since REAL, seen REAL NOT NULL, PRIMARY KEY (condition, key)) WITHOUT ROWID;
"""


class Streak(NamedTuple):
    """A time series, the first of the minutes at which it has violated the condition without pause (None: it does not), and the last with data."""

    series: TimeSeries
    since: float | None
    seen: float


def read(cloud: Cloud, condition: str) -> dict[str, Streak]:
    """The streaks of a condition by the keys of their series."""
    rows = cloud.store.sql("SELECT key, series, since, seen FROM monitoring_streaks WHERE condition = ?", condition)
    return {key: Streak(TimeSeries(*json.loads(series)), since, seen) for key, series, since, seen in rows}


def write(cloud: Cloud, condition: str, old: Mapping[str, Streak], new: Mapping[str, Streak]) -> None:
    """Stores the streaks of a condition in place of those that were read."""
    for key in old.keys() - new.keys():
        cloud.store.sql("DELETE FROM monitoring_streaks WHERE condition = ? AND key = ?", condition, key)
    for key, one in new.items():
        if one != old.get(key):
            row = condition, key, json.dumps(one.series._replace(points=[])), one.since, one.seen
            cloud.store.sql("INSERT OR REPLACE INTO monitoring_streaks VALUES (?, ?, ?, ?, ?)", *row)


def forget(cloud: Cloud, conditions: Iterable[str]) -> None:
    """Lets conditions begin anew."""
    for name in conditions:
        cloud.store.sql("DELETE FROM monitoring_streaks WHERE condition = ?", name)
