"""Whether each time series that a condition watches meets it at a moment."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import NamedTuple

from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body
from localcloud.services.monitoring import reduction, selection, stored_series
from localcloud.services.monitoring.conditions import ABSENT, THRESHOLD
from localcloud.services.monitoring.stored_series import Distribution, Sample, TimeSeries

_MINUTE = 60
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
    """A condition with the data for its evaluation at each minute between two moments."""

    def __init__(self, cloud: Cloud, project: str, condition: Body, first: float, last: float) -> None:
        self._kind = THRESHOLD if THRESHOLD in condition else ABSENT
        self._body: Body = condition[self._kind]
        self._lasting = int(float(self._body.get("duration", "0s").rstrip("s")))
        self._values: dict[float, dict[str, tuple[TimeSeries, float]]] = {}
        reach = self._lasting + max(self._reach("aggregations"), self._reach("denominatorAggregations"))
        since = first - (_DAY if self._kind == ABSENT else reach)
        chosen = [self._body[name] for name in ("filter", "denominatorFilter") if self._body.get(name)]
        found = [stored_series.read(cloud, project, selection.compiled(text, "filter"), since, last) for text in chosen]
        self._numerator, self._denominator = found[0], found[1] if len(found) > 1 else None

    def at(self, moment: float) -> dict[str, Verdict]:
        """The verdict on each time series, by its labels."""
        return self._absent(moment) if self._kind == ABSENT else self._compared(moment)

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
        earlier = [self._aggregated(moment - after) for after in range(_MINUTE, self._lasting + 1, _MINUTE)]
        missing = self._body.get("evaluationMissingData", "")
        found = {}
        for key in {**now, **{key: None for one in earlier for key in one}}:
            series, value = now.get(key) or (next(one[key][0] for one in earlier if key in one), None)
            violates = self._violates(value) if value is not None else missing == _ACTIVE
            held = all(self._violates(one[key][1]) if key in one else missing == _ACTIVE for one in earlier)
            over = not violates and (value is not None or missing == _INACTIVE)
            found[key] = Verdict(series, violates and held, over, value)
        return found

    def _violates(self, value: float) -> bool:
        threshold: float = self._body.get("thresholdValue", 0)
        return value > threshold if self._body["comparison"] == "COMPARISON_GT" else value < threshold

    def _aggregated(self, moment: float) -> dict[str, tuple[TimeSeries, float]]:
        """The value of each series in the alignment period that ends at a moment."""
        if moment not in self._values:
            values = self._last(self._numerator, "aggregations", moment)
            if self._denominator is not None:
                divisors = self._last(self._denominator, "denominatorAggregations", moment)
                values = {
                    key: (series, value / divisors[key][1])
                    for key, (series, value) in values.items()
                    if divisors.get(key, (0, 0))[1]
                }
                values |= {
                    key: (series, 0.0) for key, (series, value) in divisors.items() if value and key not in values
                }
            self._values[moment] = values
        return self._values[moment]

    def _last(self, found: Sequence[TimeSeries], name: str, moment: float) -> dict[str, tuple[TimeSeries, float]]:
        since = moment - self._reach(name)
        near = [one._replace(points=_between(one.points, since, moment)) for one in found]
        steps = self._body.get(name, [])
        reduced = reduction.aggregated([one for one in near if one.points], steps, moment)
        return {
            _key(one): (one, _number(one))
            for one in reduced
            if one.points and (not steps or one.points[-1].end == moment)
        }

    def _absent(self, moment: float) -> dict[str, Verdict]:
        groups: dict[str, list[TimeSeries]] = {}
        for one in self._numerator:
            if _between(one.points, moment - _DAY, moment):
                kept = reduction.kept(one, self._body.get("aggregations", []))
                groups.setdefault(_key(kept), []).append(kept)
        found = {}
        for key, group in groups.items():
            late = any(_between(one.points, moment - self._lasting, moment) for one in group)
            found[key] = Verdict(group[0], not late, late, None)
        return found

    def _reach(self, name: str) -> float:
        """How far back the points lie that count at a moment."""
        return sum(float(one.get("alignmentPeriod", "60s").rstrip("s")) for one in self._body.get(name, [])) or _MINUTE


def _between(points: Sequence[Sample], since: float, until: float) -> Sequence[Sample]:
    """The points after one moment and up to another, found without looking at the others, of which there may be a day's."""
    first, last = (bisect_right(points, moment, key=attrgetter("end")) for moment in (since, until))
    return points[first:last]


def _key(series: TimeSeries) -> str:
    return json.dumps([series.metric.get("labels", {}), series.resource.get("labels", {})], sort_keys=True)


def _number(series: TimeSeries) -> float:
    value = series.points[-1].value
    return value.count if isinstance(value, Distribution) else value
