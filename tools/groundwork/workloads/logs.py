"""Log lines of workloads from Cloud Logging: the newest ones, or as they arrive."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from groundwork.google.waiting import Sleep
from groundwork.workloads.project import Project, moment

_LATE = timedelta(seconds=15)
"""Entries may become visible this much later than newer ones, so reading always goes back this far."""
_MOST = 1000
_AFTER_THE_END = 2
"""Number of polls after something has ended, because its last lines arrive late."""


@dataclass(frozen=True)
class LogEntry:
    """One log entry: `time` and `severity` in Google's form, and the `text` of its payload."""

    id: str
    time: str
    severity: str
    text: str

    @property
    def line(self) -> str:
        """The entry on a terminal: time, notable severity, text, whose further lines are indented: none can pass for another entry."""
        grave = f"{self.severity} " if self.severity not in ("", "DEFAULT", "INFO") else ""
        time = self.time[11:19]
        return f"{time} {grave}{self.text}".replace("\n", f"\n{' ' * len(time)} ")

    @property
    def grave(self) -> bool:
        """Whether it is an error or worse."""
        return self.severity in ("ERROR", "CRITICAL", "ALERT", "EMERGENCY")


def newest(project: Project, log_filter: str, most: int) -> list[LogEntry]:
    """The newest entries that match a filter, oldest first."""
    found: list[LogEntry] = []
    for entry in _entries(project, log_filter, "timestamp desc", min(most, _MOST)):
        found.append(entry)
        if len(found) >= most:
            break
    return found[::-1]


def follow(
    project: Project,
    log_filter: str,
    since: str,
    ended: Callable[[], bool],
    tell: Callable[[LogEntry], object],
    sleep: Sleep = time.sleep,
) -> None:
    """Streams every entry that matches a filter from `since` on, until `ended` and no more arrive."""
    printed: set[str] = set()
    start, left = since, _AFTER_THE_END
    while left:
        left = left - 1 if ended() else _AFTER_THE_END
        for entry in _entries(project, f'{log_filter} AND timestamp>="{start}"', "timestamp asc", _MOST):
            if entry.id not in printed:
                printed.add(entry.id)
                tell(entry)
                start = max(start, _earlier(entry.time))
        if left:
            sleep(project.pace)


def _earlier(text: str) -> str:
    """The time from which to read again, for late entries."""
    found = moment(text)
    return (found - _LATE).strftime("%Y-%m-%dT%H:%M:%SZ") if found else ""


def _entries(project: Project, log_filter: str, order: str, size: int) -> Iterator[LogEntry]:
    body = {"resourceNames": [f"projects/{project.id}"], "filter": log_filter, "orderBy": order, "pageSize": size}
    token: str | None = ""
    while token is not None:
        page = project.cloud.request(
            "POST", "logging", "v2/entries:list", json={**body, **({"pageToken": token} if token else {})}
        )
        yield from map(_entry, page.get("entries", ()))
        token = page.get("nextPageToken") or None


def _entry(body: Mapping[str, Any]) -> LogEntry:
    return LogEntry(
        str(body.get("insertId") or body.get("timestamp", "")),
        str(body.get("timestamp") or body.get("receiveTimestamp", "")),
        str(body.get("severity", "")),
        text_of(body),
    )


def text_of(body: Mapping[str, Any]) -> str:
    """The text of an entry: its text payload, the message in its JSON, or the request that it describes."""
    if text := str(body.get("textPayload") or "").rstrip("\n"):
        return text
    if request := body.get("httpRequest"):
        return f"{request.get('requestMethod', '')} {request.get('requestUrl', '')} {request.get('status', '')}".strip()
    payload = body.get("jsonPayload") or body.get("protoPayload") or {}
    if message := payload.get("message") or payload.get("status", {}).get("message"):
        return str(message)
    return json.dumps(payload, sort_keys=True)
