"""Named conversions of a value: before it is stored in the state, before it is sent, and after it was read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from localcloud.provider.paths import last
from localcloud.provider.values import Value

_UNITS: Mapping[str, int] = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SCOPES: Mapping[str, str] = {
    **{name: name for name in ("bigquery", "cloud-platform", "datastore", "monitoring", "pubsub", "taskqueue")},
    "cloud-source-repos": "source.full_control",
    "cloud-source-repos-ro": "source.read_only",
    "compute-ro": "compute.readonly",
    "compute-rw": "compute",
    "logging-write": "logging.write",
    "monitoring-read": "monitoring.read",
    "monitoring-write": "monitoring.write",
    "service-control": "servicecontrol",
    "service-management": "service.management.readonly",
    "sql": "sqlservice",
    "sql-admin": "sqlservice.admin",
    "storage-full": "devstorage.full_control",
    "storage-ro": "devstorage.read_only",
    "storage-rw": "devstorage.read_write",
    "trace": "trace.append",
    "useraccounts-ro": "cloud.useraccounts.readonly",
    "useraccounts-rw": "cloud.useraccounts",
    "userinfo-email": "userinfo.email",
}


def form(name: str, value: Value) -> Value:
    """The value as the named form has it; without a name, and for anything but a string, the value itself."""
    return _FORMS[name](value) if name and isinstance(value, str) else value


def seconds(duration: str) -> int | None:
    """The seconds of "90s", "5m", "36h" or "7d"; None for anything else."""
    number, unit = duration[:-1], duration[-1:]
    return int(number) * _UNITS[unit] if unit in _UNITS and number.isdigit() else None


def _in_seconds(duration: str) -> str:
    found = seconds(duration)
    return duration if found is None else f"{found}s"


def read(name: str, raw: Value) -> Value:
    """What the API says as the state has it; without a name, and for nothing, the same."""
    rule, _, argument = name.partition(":")
    if rule in _ASKED:
        return _ASKED[rule](raw, argument)
    return _READ[name](raw) if name and raw is not None else raw


def _short(raw: Value) -> Value:
    return [last(one) for one in raw] if isinstance(raw, list) else last(raw)


def _scope(name: str) -> str:
    """An OAuth scope by its URL, where it is written as gcloud abbreviates it."""
    return f"https://www.googleapis.com/auth/{_SCOPES[name]}" if name in _SCOPES else name


def _json(text: str) -> str:
    """The same JSON in one order and without spaces; text that is none stays as it is."""
    try:
        return _compact(json.loads(text))
    except ValueError:
        return text


def _compact(value: Value) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


_FORMS: Mapping[str, Callable[[str], Value]] = {
    "upper": str.upper,
    "seconds": _in_seconds,
    "json": _json,
    "scope": _scope,
    "object": json.loads,
}
_ASKED: Mapping[str, Callable[[Value, str], Value]] = {
    "is": lambda raw, value: raw == value,
    "is_not": lambda raw, value: raw != value,
}
_READ: Mapping[str, Callable[[Value], Value]] = {"last": _short, "json": _compact}
