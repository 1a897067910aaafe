"""Preconditions on generation and metageneration.

Source: cloud.google.com/storage/docs/request-preconditions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from localcloud.services.storage import refusals

_ABSENT = 0
_CONDITIONS = ("GenerationMatch", "GenerationNotMatch", "MetagenerationMatch", "MetagenerationNotMatch")


@dataclass(frozen=True, slots=True)
class Preconditions:
    """The four conditions of a request; None for those that it does not have."""

    generation: int | None = None
    not_generation: int | None = None
    metageneration: int | None = None
    not_metageneration: int | None = None

    def check_read(self, generation: int, metageneration: int) -> bool:
        """Whether to send the object; False means "not modified" (304), a mismatch is refused (412)."""
        self._check_match(generation, metageneration)
        return self.not_generation != generation and self.not_metageneration != metageneration

    def check_write(self, generation: int = _ABSENT, metageneration: int | None = None) -> None:
        """Refuses (412) a write to an object with these generations; (0, None) for a missing one."""
        self._check_match(generation, metageneration)
        if self.not_generation == generation:
            raise refusals.condition_not_met()
        if self.not_metageneration is not None and metageneration in {None, self.not_metageneration}:
            raise refusals.condition_not_met()

    def _check_match(self, generation: int, metageneration: int | None) -> None:
        if self.generation is not None and self.generation != generation:
            raise refusals.condition_not_met()
        if self.metageneration is not None and self.metageneration != metageneration:
            raise refusals.condition_not_met()


NONE = Preconditions()


def of(params: Mapping[str, Any], prefix: str = "if") -> Preconditions:
    """The conditions in a request's query parameters; `prefix` is `ifSource` for the source of a copy."""
    names = _named(prefix)
    if params.keys().isdisjoint(names):
        return NONE  # as most requests have none
    return Preconditions(*[_number(params, name) for name in names])


@lru_cache
def _named(prefix: str) -> tuple[str, ...]:
    return tuple(f"{prefix}{what}" for what in _CONDITIONS)


def check_etag(headers: Mapping[str, str], current: Callable[[], str]) -> bool:
    """Whether a read with these headers gets content: False is a 304; a wrong If-Match is refused (412).

    `current` gives the entity tag. Source: cloud.google.com/storage/docs/hashes-etags.
    """
    if "if-match" not in headers and "if-none-match" not in headers:
        return True
    etag = current()
    if "if-match" in headers and not _names(headers["if-match"], etag):
        raise refusals.condition_not_met()
    return "if-none-match" not in headers or not _names(headers["if-none-match"], etag)


def _names(value: str, etag: str) -> bool:
    """Whether a list of entity tags, quoted or not, names this one."""
    return value.strip() == "*" or etag in {one.strip().removeprefix("W/").strip('"') for one in value.split(",")}


def of_headers(headers: Mapping[str, str]) -> Preconditions:
    """The conditions in the headers of an XML API request."""
    return Preconditions(
        _number(headers, "x-goog-if-generation-match"),
        None,
        _number(headers, "x-goog-if-metageneration-match"),
        None,
    )


def _number(values: Mapping[str, Any], name: str) -> int | None:
    value = values.get(name)
    if value is None:
        return None
    try:
        return int(value)
    except ValueError:
        raise refusals.invalid(f"Invalid value '{value}' for {name}: it must be a whole number.") from None
