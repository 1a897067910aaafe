"""The bounds of durations and counts in Pub/Sub, and its words for what lies outside of them."""

from __future__ import annotations

from collections.abc import Callable

from localcloud.engine.service import Body
from localcloud.errors import invalid

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_RETENTION = (10 * _MINUTE, 31 * _DAY)
_EXPIRY = (_DAY, 365 * 100 * _DAY)
_BACKOFF = (0, 600)


def check(body: Body) -> None:
    """400 for a duration of a topic or a subscription that is too short or too long."""
    if (kept := body.get("messageRetentionDuration")) and not _within(kept, _RETENTION):
        least, most = map(_spelt, _RETENTION)
        raise invalid(
            f"The value for message retention duration is out of bounds. You passed {_spelt(seconds(kept))} in the request, "
            f"but the value must be between {least} and {most}.",
            "message_retention_duration",
        )
    if ttl := body.get("expirationPolicy", {}).get("ttl"):
        check_size("expiration duration", seconds(ttl), _EXPIRY, "expiration_policy", _spelt)
    for name in ("minimumBackoff", "maximumBackoff"):
        if (pause := body.get("retryPolicy", {}).get(name)) and not _within(pause, _BACKOFF):
            raise invalid(f"retryPolicy.{name} must be between 0 and 600 seconds; {pause} is not.", "retry_policy")


def check_size(
    what: str, value: float, bounds: tuple[int, int], field: str, spelt: Callable[[float], str] = str
) -> None:
    """400 for a value that is too small or too large."""
    least, most = bounds
    if not least <= value <= most:
        size, word, bound = ("small", "minimum", least) if value < least else ("large", "maximum", most)
        raise invalid(
            f"The value for {what} is too {size}. You passed {spelt(value)} in the request, but the {word} value is {spelt(bound)}.",
            field,
        )


def seconds(duration: str) -> float:
    """The seconds of a duration such as "600s"."""
    return float(duration.removesuffix("s"))


def _within(duration: str, bounds: tuple[int, int]) -> bool:
    return bounds[0] <= seconds(duration) <= bounds[1]


def _spelt(value: float) -> str:
    """A number of seconds as Pub/Sub writes it: "9m59s", "24h"."""
    hours, rest = divmod(value, _HOUR)
    minutes, left = divmod(rest, _MINUTE)
    parts = ((hours, "h"), (minutes, "m"), (left, "s"))
    return "".join(f"{number:g}{unit}" for number, unit in parts if number) or "0s"
