"""Named changes to a value: before it is stored in the state, and before it is sent to the API."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from localcloud.provider.values import Value

_UNITS: Mapping[str, int] = {"s": 1, "m": 60, "h": 3600, "d": 86400}


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


_FORMS: Mapping[str, Callable[[str], str]] = {"upper": str.upper, "seconds": _in_seconds}
