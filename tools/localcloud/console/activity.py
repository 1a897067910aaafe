"""Recent activity in a project: log entries, operations and usage, newest first."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from localcloud.console.views import Views
from localcloud.engine.service import Body

_ENTRIES = 200
_READ = 5000
_OPERATIONS = 200
_GIB_HOUR = 3600 << 30


@dataclass(frozen=True)
class Used:
    """The total of one kind of usage over all hours, and its labels."""

    service: str
    what: str
    region: str
    labels: str
    amount: float
    unit: str


def entries(views: Views, project: str, text: str = "") -> list[Body]:
    """The latest log entries, filtered by a text if one is given."""
    entries_: list[Body] = []
    for number, (_, entry) in enumerate(views.cloud.logs.read(f"projects/{project}", newest=True)):
        if len(entries_) == _ENTRIES or number == _READ:
            break
        if text.lower() in json.dumps(entry, ensure_ascii=False).lower():
            entries_.append(entry)
    return entries_


def operations(views: Views, project: str) -> list[Body]:
    """The latest long-running operations of a project: target, progress, and why they failed."""
    operations_ = []
    for api, text in views.cloud.store.sql("SELECT service, body FROM operations"):
        body = json.loads(text)
        if f"projects/{project}/" in f"{body['target']}/ {body['name']}/":
            problem = (body.get("error") or {}).get("message", "")
            kept = {key: body[key] for key in ("name", "state", "verb", "target", "principal", "begun", "ended")}
            operations_.append({"api": api, "problem": problem, **kept})
    return sorted(operations_, key=lambda one: str(one["begun"]), reverse=True)[:_OPERATIONS]


def used(views: Views, project: str) -> Sequence[Used]:
    """Usage since the local cloud was created, by service, kind, region and labels; the latest calls may be missing."""
    sums: dict[tuple[str, str, str, str, str], float] = {}
    for row in views.cloud.usage.rows(""):
        if row["project"]["id"] == project:
            labels = ", ".join(f"{label['key']}={label['value']}" for label in row["labels"])
            usage = row["usage"]
            key = (
                row["service"]["description"],
                row["sku"]["description"],
                row["location"]["region"],
                labels,
                usage["unit"],
            )
            sums[key] = sums.get(key, 0) + usage["amount"]
    return [
        Used(service, what, region, labels, amount / _GIB_HOUR, "GiB-hours")
        if unit == "byte-seconds"
        else Used(service, what, region, labels, amount, unit)
        for (service, what, region, labels, unit), amount in sorted(sums.items())
    ]


def amount(number: float) -> str:
    """A number in a table: whole from a thousand on, else with four digits, and never with an exponent."""
    if number >= 1000:
        return f"{number:,.0f}"
    return f"{number:.4g}" if number >= 0.0001 or not number else "<0.0001"
