"""Attribute changes from Terraform's JSON plan: before and after, with secrets masked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MASK = "(sensitive)"
LATER = "(known after apply)"
# Attributes that only duplicate others.
SHADOWS = ("effective_", "terraform_labels")
_LONGEST = 60
_NAMES = ("id", "name", "role", "key")


@dataclass(frozen=True)
class Difference:
    """One changed attribute; values as people write them, "" for none."""

    path: str
    before: str
    after: str

    @property
    def text(self) -> str:
        """The attribute with both values."""
        return f"{self.path} {self.before or 'none'} → {self.after or 'none'}"


def before_after(change: Mapping[str, Any]) -> tuple[Any, Any]:
    """A change's values before and after, with secrets masked and unknown values marked."""
    before = _masked(change.get("before"), change.get("before_sensitive"))
    after = _masked(change.get("after"), change.get("after_sensitive"))
    return before, _later(after, change.get("after_unknown"))


def differences(change: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Every attribute that changes, by its path, without what the provider itself fills in."""
    before, after = (dict(_leaves(side, "")) for side in before_after(change))
    secret = change.get("before") != change.get("after")
    found = []
    for path in dict.fromkeys([*before, *after]):
        old, new = before.get(path, ""), after.get(path, "")
        masked = (
            MASK in (old, new) and secret and _raw_value(change, path, "before") != _raw_value(change, path, "after")
        )
        if (old != new or masked) and not (new == LATER and old == ""):
            found.append(Difference(path, old, new))
    return tuple(found)


def _masked(value: Any, sensitive: Any) -> Any:
    if sensitive is True:
        return None if value is None else MASK
    if isinstance(value, dict):
        marks = sensitive if isinstance(sensitive, dict) else {}
        return {key: _masked(item, marks.get(key)) for key, item in value.items()}
    if isinstance(value, list):
        each = sensitive if isinstance(sensitive, list) else []
        return [_masked(item, each[at] if at < len(each) else None) for at, item in enumerate(value)]
    return value


def _later(value: Any, unknown: Any) -> Any:
    if unknown is True:
        return LATER
    if isinstance(unknown, dict) and unknown:
        known = value if isinstance(value, dict) else {}
        return {**known, **{key: _later(known.get(key), mark) for key, mark in unknown.items() if mark}}
    if isinstance(unknown, list) and isinstance(value, list):
        return [_later(item, unknown[at] if at < len(unknown) else None) for at, item in enumerate(value)]
    return value


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Each single value with its path; items of a list are identified by their name, if they have one."""
    if isinstance(value, dict):
        for key, item in value.items():
            if path or not key.startswith(SHADOWS):
                yield from _leaves(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from _leaves(item, path + _step(item, at, len(value)))
    elif value not in (None, ""):
        yield path, _one_line(value)


def _step(item: Any, at: int, among: int) -> str:
    if isinstance(item, dict):
        name = next((str(item[key]) for key in _NAMES if isinstance(item.get(key), str) and item[key]), "")
        return f"[{name}]" if name else "" if among == 1 else f"[{at}]"
    return f"[{_one_line(item)}]"


def _one_line(value: Any) -> str:
    text = {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _raw_value(change: Mapping[str, Any], path: str, side: str) -> Any:
    """The raw value of a top-level attribute, to compare two masked values without showing them."""
    value = change.get(side)
    return value.get(path.partition(".")[0].partition("[")[0]) if isinstance(value, dict) else None
