"""Studies: which metrics and parameters a hyperparameter tuning job has, and the values that a trial gets.

Google's default algorithm is Bayesian optimization; here values are drawn at random instead. Early stopping is not available.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from random import Random
from typing import Any

from localcloud.engine.service import Body
from localcloud.errors import CloudError, invalid, unimplemented

_FIELD = "hyperparameter_tuning_job.study_spec"
_GOALS = ("MAXIMIZE", "MINIMIZE")
_GRID = "GRID_SEARCH"
_KINDS = ("doubleValueSpec", "integerValueSpec", "categoricalValueSpec", "discreteValueSpec")
_CONDITIONS = ("parentDiscreteValues", "parentIntValues", "parentCategoricalValues")
_STOPPING = (
    "decayCurveStoppingSpec",
    "medianAutomatedStoppingSpec",
    "convexAutomatedStoppingSpec",
    "studyStoppingConfig",
)
ALGORITHMS = {0: "ALGORITHM_UNSPECIFIED", 2: _GRID, 3: "RANDOM_SEARCH"}
"""Numbers of StudySpec.algorithm."""
_NEAR = 1e-10
"""By how much values of a discrete parameter differ at least (API description)."""


def check(study: Body) -> None:
    """400 for a study that has no valid metrics and parameters, 501 for one that needs what is not available here."""
    metrics = study.get("metrics", [])
    _check_ids([one.get("metricId", "") for one in metrics], f"{_FIELD}.metrics")
    for one in metrics:
        if one.get("goal") not in _GOALS:
            raise _wrong(f"{_FIELD}.metrics", f"{one['metricId']} needs the goal MAXIMIZE or MINIMIZE.")
    parameters = study.get("parameters", [])
    _check_ids([one.get("parameterId", "") for one in parameters], f"{_FIELD}.parameters")
    for one in parameters:
        _check_parameter(one, grid=study.get("algorithm") == _GRID)


def differences(study: Body) -> Iterator[str]:
    """What differs here from Google Cloud, for the job's log."""
    if study.get("algorithm", "ALGORITHM_UNSPECIFIED") == "ALGORITHM_UNSPECIFIED":
        yield "Parameters are drawn at random: the local cloud has no Bayesian optimization."
    if any(one in study for one in _STOPPING):
        yield "The local cloud stops no trial or study early: every trial runs to its end."


def chosen(study: Body, job: str, trial: int) -> list[Body] | None:
    """The parameters of a job's trial, counted from 1; None once a grid has no further values. The same again if asked again."""
    parameters = study["parameters"]
    if study.get("algorithm") != _GRID:
        return list(_drawn(parameters, Random(f"{job} {trial}")))  # noqa: S311 - not for security
    position, values = trial - 1, []
    for one in reversed(parameters):
        position, at = divmod(position, _size(one))
        values.append({"parameterId": one["parameterId"], "value": _at(one, at)})
    return None if position else values[::-1]


def flags(parameters: Sequence[Body]) -> list[str]:
    """The arguments that tell a trial's program its parameters."""
    return [f"--{one['parameterId']}={_text(one['value'])}" for one in parameters]


def _check_ids(ids: Sequence[str], where: str) -> None:
    if not ids:
        raise _wrong(where, "At least one is required.")
    for one in ids:
        if not one or any(letter.isspace() for letter in one):
            raise _wrong(where, f"{one!r} is not an ID: IDs are not empty and have no whitespace.")
    if len(set(ids)) < len(ids):
        raise _wrong(where, "Their IDs must differ.")


def _check_parameter(parameter: Body, *, grid: bool) -> None:
    where, identity = f"{_FIELD}.parameters", parameter.get("parameterId", "")
    kinds = [kind for kind in _KINDS if kind in parameter]
    if len(kinds) != 1:
        raise _wrong(where, f"{identity} needs exactly one value spec.")
    values, scale = parameter[kinds[0]], parameter.get("scaleType", "")
    if kinds[0] in _KINDS[:2]:
        low, high = _range(parameter)
        if low > high or not math.isfinite(high - low):
            raise _wrong(where, f"{identity} needs a min_value and a max_value that is not below it.")
        if "LOG" in scale and low <= 0:
            raise _wrong(where, f"{identity} needs a min_value above 0 for a logarithmic scale.")
    elif not values.get("values"):
        raise _wrong(where, f"{identity} has no values.")
    elif kinds[0] == "discreteValueSpec" and not _ascending(values["values"]):
        raise _wrong(where, f"{identity} needs its values in increasing order.")
    if grid and kinds[0] == "doubleValueSpec":
        raise _wrong(where, f"{identity} is DOUBLE, which a grid search does not support.")
    if grid and parameter.get("conditionalParameterSpecs"):
        raise unimplemented("The local cloud searches no grid with conditional parameters.")
    for condition in parameter.get("conditionalParameterSpecs", []):
        inner = condition.get("parameterSpec", {})
        _check_ids([inner.get("parameterId", "")], where)
        if sum(one in condition for one in _CONDITIONS) != 1:
            raise _wrong(where, f"{inner['parameterId']} needs exactly one condition on the values of {identity}.")
        _check_parameter(inner, grid=grid)


def _drawn(parameters: Sequence[Body], random: Random) -> Iterator[Body]:
    """Random values, also for conditional parameters whose condition they meet."""
    for one in parameters:
        value = _random(one, random)
        yield {"parameterId": one["parameterId"], "value": value}
        met = [each for each in one.get("conditionalParameterSpecs", []) if _met(each, value)]
        yield from _drawn([each["parameterSpec"] for each in met], random)


def _random(parameter: Body, random: Random) -> Any:
    if "doubleValueSpec" not in parameter and "integerValueSpec" not in parameter:
        return _at(parameter, random.randrange(_size(parameter)))
    low, high = _range(parameter)
    scale = parameter.get("scaleType", "")
    whole = "integerValueSpec" in parameter
    if "LOG" not in scale:
        return random.randint(int(low), int(high)) if whole else random.uniform(low, high)
    value = math.exp(random.uniform(math.log(low), math.log(high)))
    value = low + high - value if "REVERSE" in scale else value
    value = min(max(value, low), high)
    return round(value) if whole else value


def _met(condition: Body, value: Any) -> bool:
    wanted = next(condition[one].get("values", []) for one in _CONDITIONS if one in condition)
    if isinstance(value, str):
        return value in wanted
    return any(abs(float(one) - value) <= _NEAR for one in wanted)


def _range(parameter: Body) -> tuple[float, float]:
    spec: Mapping[str, Any] = parameter.get("doubleValueSpec") or parameter.get("integerValueSpec") or {}
    if "doubleValueSpec" in parameter:
        return float(spec.get("minValue", 0)), float(spec.get("maxValue", 0))
    return int(spec.get("minValue", 0)), int(spec.get("maxValue", 0))


def _size(parameter: Body) -> int:
    """How many values a parameter that is not DOUBLE has."""
    if "integerValueSpec" in parameter:
        low, high = _range(parameter)
        return int(high - low + 1)
    return len((parameter.get("categoricalValueSpec") or parameter["discreteValueSpec"])["values"])


def _at(parameter: Body, position: int) -> Any:
    if "integerValueSpec" in parameter:
        return int(_range(parameter)[0]) + position
    return (parameter.get("categoricalValueSpec") or parameter["discreteValueSpec"])["values"][position]


def _ascending(values: Sequence[float]) -> bool:
    return all(second - first >= _NEAR for first, second in pairwise(values))


def _text(value: Any) -> str:
    """A value as an argument; whole numbers without a fraction, so that a program may read them as integers."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else str(value)


def _wrong(where: str, sentence: str) -> CloudError:
    return invalid(f"{where}: {sentence}", where)
