"""The private data that Terraform keeps for a provider: timeouts and schema version, in hashicorp/google's format."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from localcloud.provider.schema import Schema
from localcloud.provider.values import UNKNOWN, Object
from localcloud.provider.work import Problem

# The key under which Terraform's plugin SDK stores timeouts, in nanoseconds.
_TIMEOUTS_KEY = "e2bfb730-ecaa-11e6-8f88-34363bc7c4c0"
_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_DURATION = re.compile(rf"[-+]?(?:0|(?:{_PART.pattern})+)")
_UNITS: Mapping[str, float] = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}
_NANOSECONDS = 1_000_000_000


def timeouts(schema: Schema, values: Object) -> dict[str, float]:
    """Seconds per step, from the timeouts block or the type's defaults; raises Problem if one is unknown or invalid."""
    configured = values.get("timeouts") or {}
    if UNKNOWN in configured.values():
        raise Problem("A timeout is not known when planning.", "Write it as a literal, or use a variable.", "timeouts")
    return {
        step: default if configured.get(step) is None else seconds(configured[step])
        for step, default in sorted(schema.timeouts.items())
    }


def private(schema: Schema, values: Object, *, imported: bool = False) -> bytes:
    """The private data of a resource with these values, as JSON; "null" if there is nothing to keep, and empty in Google's newer framework.

    After an import it includes the schema version even if that is 0.
    """
    if schema.framework:
        return b""
    data: Object = {}
    if schema.timeouts:
        data[_TIMEOUTS_KEY] = {step: int(one * _NANOSECONDS) for step, one in timeouts(schema, values).items()}
    if schema.version or imported:
        data["schema_version"] = str(schema.version)
    return json.dumps(data or None, separators=(",", ":")).encode()


def kept_timeouts(raw: bytes) -> dict[str, float]:
    """Seconds per step from private data; empty if it has none."""
    data = json.loads(raw) if raw else None
    kept = (data or {}).get(_TIMEOUTS_KEY, {})
    return {step: nanoseconds / _NANOSECONDS for step, nanoseconds in kept.items()}


def seconds(text: str) -> float:
    """The seconds of a duration such as "30m", "1h30m" or "-1.5s"; raises Problem for anything else."""
    if not _DURATION.fullmatch(text):
        raise Problem(
            f"{text!r} is not a duration.", 'Write a number and a unit, like "30s", "5m" or "1h30m".', "timeouts"
        )
    whole = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    return -whole if text.startswith("-") else whole
