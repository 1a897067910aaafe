"""Terraform's `-json` lines as values: planned changes, steps, diagnostics, summaries.

The line format is Terraform's machine-readable UI, version 1.2 (Terraform 1.11, "Machine-Readable UI" in its documentation).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Action = Literal["create", "update", "delete", "replace", "import", "move", "read", "noop", "remove"]
Stage = Literal["start", "progress", "complete", "errored"]
_STEPS: dict[str, Stage] = {
    "apply_start": "start",
    "apply_progress": "progress",
    "apply_complete": "complete",
    "apply_errored": "errored",
}


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """A planned change of one resource; `module` is "" in the root module, `key` the for_each key or count index."""

    address: str
    module: str
    type: str
    name: str
    action: Action


@dataclass(frozen=True, slots=True)
class Step:
    """The progress of one resource during an apply; `seconds` is Terraform's own measurement, `id` the new id."""

    address: str
    module: str
    type: str
    action: Action
    stage: Stage
    seconds: float = 0.0
    id: str = ""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """An error or warning: its summary, detail, the resource it is about ("" for none) and "file:line" ("" for none)."""

    severity: Literal["error", "warning"]
    summary: str
    detail: str
    address: str = ""
    place: str = ""

    @property
    def text(self) -> str:
        """Summary and detail as one text, for matching known messages."""
        return f"{self.summary}\n{self.detail}"


@dataclass(frozen=True, slots=True)
class Refresh:
    """One resource was refreshed before planning."""

    address: str
    done: bool


@dataclass(frozen=True, slots=True)
class Summary:
    """How many resources a plan or an apply adds, changes, imports and removes."""

    operation: str
    add: int
    change: int
    remove: int
    imported: int


@dataclass(frozen=True, slots=True)
class Outputs:
    """The outputs after an apply, without the sensitive ones."""

    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OutputLine:
    """Any other line that Terraform prints."""

    text: str


Event = PlannedChange | Step | Diagnostic | Refresh | Summary | Outputs | OutputLine


def parse(line: str) -> Event:
    """The event in one line of output; a line that is not a JSON object is an OutputLine."""
    try:
        data = json.loads(line)
    except json.JSONDecodeError:
        return OutputLine(line)
    if not isinstance(data, dict):
        return OutputLine(line)
    kind = str(data.get("type", ""))
    if kind in _STEPS:
        return _step(data["hook"], _STEPS[kind])
    reader = _READERS.get(kind)
    return reader(data) if reader else OutputLine(str(data.get("@message", "")))


def document(text: str) -> dict[str, Any]:
    """The JSON object that a command printed, after the warnings that OpenTofu prints before it. Raises ValueError."""
    start = f"\n{text}".index("\n{")
    return dict(json.loads(text[start:]))


def _step(hook: Mapping[str, Any], stage: Stage) -> Step:
    resource = hook["resource"]
    return Step(
        address=resource["addr"],
        module=resource.get("module", ""),
        type=resource.get("resource_type", ""),
        action=hook.get("action", "noop"),
        stage=stage,
        seconds=float(hook.get("elapsed_seconds") or 0),
        id=str(hook.get("id_value") or ""),
    )


def _change(data: Mapping[str, Any]) -> PlannedChange:
    resource = data["change"]["resource"]
    return PlannedChange(
        address=resource["addr"],
        module=resource.get("module", ""),
        type=resource.get("resource_type", ""),
        name=resource.get("resource_name", ""),
        action=data["change"]["action"],
    )


def _diagnostic(data: Mapping[str, Any]) -> Diagnostic:
    body = data["diagnostic"]
    where = body.get("range") or {}
    line = (where.get("start") or {}).get("line", "")
    return Diagnostic(
        severity="error" if body.get("severity") == "error" else "warning",
        summary=str(body.get("summary", "")),
        detail=str(body.get("detail", "")),
        address=str(body.get("address", "")),
        place=f"{where['filename']}:{line}" if where.get("filename") else "",
    )


def _summary(data: Mapping[str, Any]) -> Summary:
    counts = data["changes"]
    return Summary(
        operation=str(counts.get("operation", "")),
        add=int(counts.get("add", 0)),
        change=int(counts.get("change", 0)),
        remove=int(counts.get("remove", 0)),
        imported=int(counts.get("import", 0)),
    )


def _outputs(data: Mapping[str, Any]) -> Outputs:
    return Outputs({name: body["value"] for name, body in data["outputs"].items() if "value" in body})


def _refresh_start(data: Mapping[str, Any]) -> Refresh:
    return Refresh(data["hook"]["resource"]["addr"], done=False)


def _refresh_complete(data: Mapping[str, Any]) -> Refresh:
    return Refresh(data["hook"]["resource"]["addr"], done=True)


_READERS: dict[str, Callable[[Mapping[str, Any]], Event]] = {
    "planned_change": _change,
    "diagnostic": _diagnostic,
    "change_summary": _summary,
    "outputs": _outputs,
    "refresh_start": _refresh_start,
    "refresh_complete": _refresh_complete,
}
