"""The trials of a hyperparameter tuning job: a custom job each, and the metrics that its program reports.

A program reports metrics as the package cloudml-hypertune does: lines of JSON in the file that CLOUD_ML_HP_METRIC_FILE names.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from localcloud.containers.folders import opened
from localcloud.containers.workload import Mount
from localcloud.engine.service import Body
from localcloud.services.aiplatform import studies
from localcloud.spec import json_text

LINK = "trial"
"""A custom job's stored field for the trial that it is: of which job, and its id there."""
MEASUREMENTS = "measurements"
"""A custom job's stored field for the metrics that it reported."""
_FOLDER, _FILE = "/var/hypertune", "output.metrics"
_LARGEST = 1 << 20
_ABOUT = frozenset({"timestamp", "trial", "global_step", "checkpoint_path"})
"""Keys of a reported line that are not a metric's ID."""


def job(tuning: Body, trial: Body, now: str) -> Body:
    """The custom job for a trial: the parameters are arguments, and its output goes to a folder of its own."""
    spec = dict(tuning["trialJobSpec"])
    spec["workerPoolSpecs"] = [
        _with_flags(pool, studies.flags(trial["parameters"])) for pool in spec["workerPoolSpecs"]
    ]
    if prefix := spec.get("baseOutputDirectory", {}).get("outputUriPrefix", "").rstrip("/"):
        spec["baseOutputDirectory"] = {"outputUriPrefix": f"{prefix}/{trial['id']}"}
    return {
        "name": trial["customJob"],
        "displayName": f"{tuning['displayName'][:100]}-trial-{trial['id']}",
        "jobSpec": spec,
        "state": "JOB_STATE_PENDING",
        "labels": tuning.get("labels", {}),
        "createTime": now,
        "updateTime": now,
        LINK: {"of": tuning["name"], "id": trial["id"]},
    }


def trial_id(body: Body) -> str:
    """The id of the trial that a custom job is; "" for any other job."""
    return str(body.get(LINK, {}).get("id", ""))


def log_owner(body: Body) -> str:
    """The job whose log has a custom job's entries: the tuning job of a trial, else itself."""
    return str(body.get(LINK, {}).get("of", body["name"]))


def metrics_folder(folder: Path, *, contained: bool) -> Mount:
    """A new folder for the metrics of a trial. A process that stands in for a container sees it where it is."""
    source = folder / "hypertune"
    source.mkdir(parents=True)
    source.chmod(0o777)  # the container's program may run as any user
    return Mount(source, _FOLDER if contained else str(source))


def variables(body: Body, metrics: Mount | None) -> Mapping[str, str]:
    """The variables of a trial's replicas."""
    if metrics is None:
        return {}
    return {"CLOUD_ML_TRIAL_ID": trial_id(body), "CLOUD_ML_HP_METRIC_FILE": f"{metrics.target}/{_FILE}"}


def reported(metrics: Mount) -> list[Body]:
    """What a trial has reported, in order: steps with finite numbers by metric. Lines of another form are left out. Blocks."""
    text = next((stream.read(_LARGEST) for name, stream in opened(metrics.source) if name == _FILE), b"")
    found = []
    for line in text.splitlines():
        try:
            parsed = json_text.read(line)
            numbers = {key: float(one) for key, one in parsed.items() if key not in _ABOUT}
            step = int(parsed.get("global_step", 0))
        except (ValueError, TypeError, AttributeError, OverflowError):
            continue
        found.append({"step": step, "values": {key: one for key, one in numbers.items() if math.isfinite(one)}})
    return found


def final(measurements: Sequence[Body], study: Body) -> Body | None:
    """The final measurement: the last value of each metric, or the best one if the study says so; None if a metric has no value."""
    measured, steps = [], [0]
    for metric in study["metrics"]:
        identity = metric["metricId"]
        values = [(one["values"][identity], one["step"]) for one in measurements if identity in one["values"]]
        if not values:
            return None
        if study.get("measurementSelectionType") == "BEST_MEASUREMENT":
            value, step = (max if metric["goal"] == "MAXIMIZE" else min)(values, key=lambda pair: pair[0])
        else:
            value, step = values[-1]
        measured.append({"metricId": identity, "value": value})
        steps.append(step)
    return {"stepCount": str(max(steps)), "metrics": measured}


def _with_flags(pool: Body, arguments: list[str]) -> Body:
    kind = next((one for one in ("containerSpec", "pythonPackageSpec") if pool.get(one)), "")
    if not kind:
        return pool
    program: dict[str, Any] = pool[kind]
    return {**pool, kind: {**program, "args": [*program.get("args", []), *arguments]}}
