"""Whether each time series that a condition watches meets it at a moment."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body
from localcloud.services.monitoring import reduction, selection, stored_series, streaks
from localcloud.services.monitoring.conditions import ABSENT, THRESHOLD
from localcloud.services.monitoring.stored_series import Distribution, StoredSeries, TimeSeries
from localcloud.services.monitoring.streaks import Streak

_DAY = 86_400
"""For how long a series is missed once there is no data for it (https://cloud.google.com/monitoring/alerts/concepts-indepth)."""
_ACTIVE, _INACTIVE = "EVALUATION_MISSING_DATA_ACTIVE", "EVALUATION_MISSING_DATA_INACTIVE"


class Verdict(NamedTuple):
    """What is true of one time series: `met` for the whole duration, or `over` because it is not met now; neither without data, or before the duration has passed."""

    series: TimeSeries
    met: bool
    over: bool
    value: float | None


class Watch:
    """A condition, to be judged at one minute after another."""

    def __init__(self, cloud: Cloud, project: str, condition: Body) -> None:
        self._cloud = cloud
        self._name: str = condition["name"]
        self._kind = THRESHOLD if THRESHOLD in condition else ABSENT
        self._body: Body = condition[self._kind]
        self._lasting = int(float(self._body.get("duration", "0s").rstrip("s")))
        self._known = streaks.read(cloud, self._name)
        self._streaks = self._known
        chosen = [self._body[name] for name in ("filter", "denominatorFilter") if self._body.get(name)]
        found = [stored_series.selected(cloud, project, selection.compiled(text, "filter")) for text in chosen]
        self._numerator, self._denominator = found[0], found[1] if len(found) > 1 else None

    def at(self, moment: float) -> dict[str, Verdict]:
        """The verdict on each time series, by its labels, at a later minute than the one before."""
        return self._absent(moment) if self._kind == ABSENT else self._compared(moment)

    def keep(self) -> None:
        """Stores what the next minutes are judged by."""
        streaks.write(self._cloud, self._name, self._known, self._streaks)

    def triggers(self, found: Mapping[str, Verdict]) -> bool:
        """Whether enough series meet the condition for it to trigger."""
        trigger, met = self._body.get("trigger", {}), sum(one.met for one in found.values())
        if trigger.get("percent"):
            percent: float = trigger["percent"]
            return met > 0 and met >= len(found) * percent / 100
        count: int = trigger.get("count", 1)
        return met >= max(count, 1)

    def _compared(self, moment: float) -> dict[str, Verdict]:
        now = self._aggregated(moment)
        missing = self._body.get("evaluationMissingData", "")
        waited_for = {key: one for key, one in self._streaks.items() if moment - one.seen <= self._lasting}
        found, kept = {}, {}
        for key in {**now, **waited_for}:
            series, value = now.get(key) or (waited_for[key].series, None)
            violates = self._violates(value) if value is not None else missing == _ACTIVE
            before = waited_for.get(key)
            since = (moment if before is None or before.since is None else before.since) if violates else None
            kept[key] = Streak(series, since, moment if value is not None or before is None else before.seen)
            over = not violates and (value is not None or missing == _INACTIVE)
            found[key] = Verdict(series, since is not None and moment - since >= self._lasting, over, value)
        self._streaks = kept if self._lasting else {}
        return found

    def _violates(self, value: float) -> bool:
        threshold: float = self._body.get("thresholdValue", 0)
        return value > threshold if self._body["comparison"] == "COMPARISON_GT" else value < threshold

    def _aggregated(self, moment: float) -> dict[str, tuple[TimeSeries, float]]:
        """The value of each series in the alignment period that ends at a moment."""
        values = self._last(self._numerator, "aggregations", moment)
        if self._denominator is None:
            return values
        divisors = self._last(self._denominator, "denominatorAggregations", moment)
        ratios = {
            key: (series, value / divisors[key][1])
            for key, (series, value) in values.items()
            if divisors.get(key, (0, 0))[1]
        }
        none = {key: (series, 0.0) for key, (series, value) in divisors.items() if value and key not in values}
        return ratios | none

    def _last(self, found: Sequence[StoredSeries], name: str, moment: float) -> dict[str, tuple[TimeSeries, float]]:
        latest = reduction.last_period(self._cloud, found, self._body.get(name, []), moment)
        return {_key(one): (one, _number(one)) for one in latest}

    def _absent(self, moment: float) -> dict[str, Verdict]:
        groups: dict[str, list[tuple[TimeSeries, float]]] = {}
        for one in self._numerator:
            last = self._cloud.metrics.latest(one.id, moment)
            if last is not None and last > moment - _DAY:
                kept = reduction.kept(one.about, self._body.get("aggregations", []))
                groups.setdefault(_key(kept), []).append((kept, last))
        found = {}
        for key, group in groups.items():
            late = any(last > moment - self._lasting for _, last in group)
            found[key] = Verdict(group[0][0], not late, late, None)
        return found


def _key(series: TimeSeries) -> str:
    return json.dumps([series.metric.get("labels", {}), series.resource.get("labels", {})], sort_keys=True)


def _number(series: TimeSeries) -> float:
    value = series.points[-1].value
    return value.count if isinstance(value, Distribution) else value
