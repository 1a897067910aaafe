"""Named conversions of a value: before it is stored in the state, before it is sent, and after it is read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping

from localcloud.provider.paths import last, relative
from localcloud.provider.values import Value

_UNITS: Mapping[str, int] = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SCHEDULER_AGENT, _APP_ENGINE_AGENT = "Google-Cloud-Scheduler", "AppEngine-Google; (+http://code.google.com/appengine)"
_TOPICS = "//pubsub.googleapis.com/"
_ESCAPED = str.maketrans({sign: f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"})
_OWN_HEADER = re.compile(r"X-Google-|X-AppEngine-|Content-Length")
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
    """The value in the named form; unchanged without a name, or if it is not of the form's type."""
    if name in _OTHER_FORMS:
        return _OTHER_FORMS[name](value)
    return _FORMS[name](value) if name and isinstance(value, str) else value


def seconds(duration: str) -> int | None:
    """The number of seconds in "90s", "5m", "36h" or "7d"; None for anything else."""
    number, unit = duration[:-1], duration[-1:]
    return int(number) * _UNITS[unit] if unit in _UNITS and number.isdigit() else None


def _in_seconds(duration: str) -> str:
    number = seconds(duration)
    return duration if number is None else f"{number}s"


def read(name: str, raw: Value) -> Value:
    """The API's value converted for the state; unchanged without a name, or if it is null."""
    rule, _, argument = name.partition(":")
    if rule in _READ_WITH_ARGUMENT:
        return _READ_WITH_ARGUMENT[rule](raw, argument)
    return _READ[name](raw) if name and raw is not None else raw


def _short(raw: Value) -> Value:
    return [last(one) for one in raw] if isinstance(raw, list) else last(raw)


def _headers(raw: Mapping[str, str]) -> Value:
    """The headers of a scheduled request without those that Cloud Scheduler adds."""
    found = {name: value for name, value in raw.items() if not _OWN_HEADER.search(name)}
    if found.get("Content-Type") == "application/octet-stream":
        del found["Content-Type"]
    if agent := found.pop("User-Agent", "").removesuffix(_SCHEDULER_AGENT).replace(_APP_ENGINE_AGENT, "").strip():
        found["User-Agent"] = agent
    return found


def _scope(name: str) -> str:
    """The URL of an OAuth scope that may be given by gcloud's short name."""
    return f"https://www.googleapis.com/auth/{_SCOPES[name]}" if name in _SCOPES else name


def _json(text: str) -> str:
    """JSON as Go writes it: with sorted keys, without spaces, safe in HTML; other text unchanged."""
    try:
        value = json.loads(text, parse_float=_number)
    except ValueError:
        return text
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False).translate(_ESCAPED)


def _number(text: str) -> int | float:
    number = float(text)
    return int(number) if number.is_integer() else number


def _internal_range(link: str) -> str:
    """The name of a reserved internal range with its API's host, for a URL."""
    return f"networkconnectivity.googleapis.com/{name}" if (name := relative(link)) else link


_FORMS: Mapping[str, Callable[[str], Value]] = {
    "upper": str.upper,
    "seconds": _in_seconds,
    "json": _json,
    "scope": _scope,
    "last": last,
    "object": json.loads,
    "topic": lambda name: f"{_TOPICS}{name}",
}
_OTHER_FORMS: Mapping[str, Callable[[Value], Value]] = {
    "lists": lambda labels: {key: [one] for key, one in labels.items()},
    "presence": lambda wanted: {} if wanted else None,
}
_READ_WITH_ARGUMENT: Mapping[str, Callable[[Value, str], Value]] = {
    "is": lambda raw, value: raw == value,
    "is_not": lambda raw, value: raw != value,
    "present": lambda raw, _: raw is not None,
}
_READ: Mapping[str, Callable[[Value], Value]] = {
    "firsts": lambda labels: {key: values[0] for key, values in labels.items()},
    "headers": _headers,
    "internal_range": _internal_range,
    "key": lambda name: name.split("/cryptoKeyVersions")[0],
    "last": _short,
    "json": lambda value: _json(json.dumps(value)),
    "messages": lambda conditions: {key: one.get("message", "") for key, one in conditions.items()},
    "topic": lambda name: name.removeprefix(_TOPICS),
}
