"""Hooks: functions in types/NAME/hooks.py for what a resource type's row cannot express."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from localcloud.provider.rows import FOLDER
from localcloud.provider.values import Object

if TYPE_CHECKING:
    from localcloud.provider.additions import PlanDraft
    from localcloud.provider.work import Work

Adjust = Callable[["Work", Object, Object], Object]


@dataclass(frozen=True, slots=True)
class Hooks:
    """One resource type's functions; None where the generic behaviour applies.

    plan     (draft): adjusts the plan, like CustomizeDiff in a Go provider
    encode   (work, values, body) -> body: adjusts a request body before it is sent
    decode   (work, values, state) -> values: adjusts what was read before it is stored; `work.answer` is the API's answer
    created  (work, state): sends what has to follow right after creation
    create, read, update, delete, import_   replace the whole step; see rest.py for their contracts
    """

    plan: Callable[[PlanDraft], None] | None = None
    created: Callable[[Work, Object], None] | None = None
    encode: Adjust | None = None
    decode: Adjust | None = None
    create: Callable[[Work, Object], Object] | None = None
    read: Callable[[Work, Object], Object | None] | None = None
    update: Callable[[Work, Object, Object], Object] | None = None
    delete: Callable[[Work, Object], None] | None = None
    import_: Callable[[Work, str], Object] | None = None


NONE = Hooks()


@lru_cache(maxsize=256)
def hooks(resource_type: str) -> Hooks:
    """A resource type's hooks, from the file beside its row; NONE for most types."""
    if not (FOLDER / resource_type / "hooks.py").exists():
        return NONE
    own = importlib.import_module(f"localcloud.provider.types.{resource_type}.hooks").HOOKS
    assert isinstance(own, Hooks)
    return own
