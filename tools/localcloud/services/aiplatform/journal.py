"""The log entries of jobs and endpoints, in the form that gcloud and the console read. A trial's are in the log of its tuning job.

Source: https://cloud.google.com/vertex-ai/docs/training/code-requirements#logs, and what `gcloud ai custom-jobs stream-logs` shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from localcloud.engine.cloud import Cloud
from localcloud.engine.lines import LogLine
from localcloud.engine.service import Body
from localcloud.services.aiplatform import names, trials
from localcloud.services.aiplatform.names import API
from localcloud.spec import json_text, timestamps
from localcloud.spec.log_filters import SEVERITIES

_STREAMS = {"stdout": "INFO", "stderr": "ERROR"}


def system(cloud: Cloud, name: str, text: str, severity: str = "INFO") -> None:
    """Writes a log entry by Vertex AI itself about a job (a write)."""
    _write(cloud, _job(cloud, name), "service", {"message": text}, severity=severity)


def program(cloud: Cloud, name: str, task: str, lines: Sequence[LogLine]) -> None:
    """Writes log entries for a replica's output lines (a write): JSON objects as structured payloads, others as messages."""
    ahead, job = cloud.clock.offset, _job(cloud, name)
    for line in lines:
        payload, severity = _read(line)
        moment = timestamps.rfc3339(datetime.fromtimestamp(line.moment + ahead, UTC))
        _write(cloud, job, task, payload, severity=severity, timestamp=moment)


def _job(cloud: Cloud, name: str) -> Body:
    return cloud.store.get(API, name) or {"name": name}


def _read(line: LogLine) -> tuple[Mapping[str, Any], str]:
    severity = _STREAMS[line.stream]
    if line.text.startswith("{"):
        try:
            payload = json_text.read(line.text.encode())
        except ValueError:  # also NaN, half a surrogate pair, and more levels than can be stored
            payload = None
        if isinstance(payload, dict) and ("message" in payload or "severity" in payload):
            level = str(payload.pop("severity", severity)).upper()
            return payload, level if level in SEVERITIES else severity
    return {"message": line.text, "attrs": {"tag": line.stream}}, severity


def _write(cloud: Cloud, job: Body, task: str, payload: Mapping[str, Any], **more: Any) -> None:
    project, identity, trial = (
        names.project(job["name"]),
        trials.log_owner(job).rpartition("/")[2],
        trials.trial_id(job),
    )
    labels = {"job_id": identity, "project_id": project, "task_name": task}
    log = f"ml.googleapis.com/{identity}" if task == "service" else task
    own = {"ml.googleapis.com/job_id": identity, **({"ml.googleapis.com/trial_id": trial} if trial else {})}
    cloud.logs.log(project, log, {"type": "ml_job", "labels": labels}, payload, labels=own, **more)
