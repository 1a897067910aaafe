"""A cache of what is computed from a service's resources, valid until one of them changes."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")
MOST = 4096


class Derived:
    """Computed values; `writes` counts the changes of each service's resources, including those that were rolled back."""

    def __init__(self, writes: Mapping[str, int]) -> None:
        self._writes = writes
        self._kept: dict[tuple[str, Hashable], tuple[int, Any]] = {}

    def of(self, service: str, key: Hashable, make: Callable[[], T]) -> T:
        """The value that `make` computes from a service's resources in their current state."""
        writes = self._writes[service]
        cached = self._kept.get((service, key))
        if cached is None or cached[0] != writes:
            if len(self._kept) >= MOST:
                self._kept.clear()
            cached = self._kept[service, key] = (writes, make())
        value: T = cached[1]
        return value
