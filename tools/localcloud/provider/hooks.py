"""What a row of data cannot express about a resource type: functions in its types/NAME/hooks.py."""

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
    """Functions of one type; None where the rule for all types holds.

    plan     (draft): changes the plan, like a provider's own CustomizeDiff
    encode   (work, values, body) -> body: what is sent, before it is sent
    decode   (work, values, state) -> values: what was read, before it is stored; `work.answer` is the API's answer
    created  (work, state): what has to be sent right after the resource was made
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
    """The hooks of a resource type, which lie beside its row; NONE for most."""
    if not (FOLDER / resource_type / "hooks.py").exists():
        return NONE
    found = importlib.import_module(f"localcloud.provider.types.{resource_type}.hooks").HOOKS
    assert isinstance(found, Hooks)
    return found
