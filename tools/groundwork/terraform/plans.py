"""Plans of the layers: made in parallel, saved as files, and described in the team's words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from groundwork.terraform.events import Action, Diagnostic, PlannedChange

FILE = "saved.tfplan"
_ACTS: frozenset[Action] = frozenset({"create", "update", "delete", "replace", "import", "remove", "move"})
_SIGNS: dict[Action, str] = {
    "create": "+",
    "update": "~",
    "delete": "-",
    "replace": "±",
    "import": "<",
    "remove": "x",
    "move": ">",
}
ORDER: tuple[Action, ...] = ("replace", "delete", "update", "create", "import", "remove", "move")
_VERBS: dict[Action, str] = {
    "import": "taken over",
    "remove": "forgotten",
    "move": "renamed",
    "replace": "destroyed and made again",
}


@dataclass(frozen=True)
class LayerPlan:
    """A layer's saved plan: what it would do, and Terraform's warnings. `pending` also counts outputs that change."""

    layer: str
    file: Path
    pending: bool
    changes: tuple[PlannedChange, ...]
    warnings: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True)
class Counts:
    """How many resources a plan creates, updates and deletes; a replacement is one of the first and one of the last."""

    create: int
    update: int
    delete: int
    imported: int = 0

    @property
    def none(self) -> bool:
        """Whether no resource changes."""
        return not (self.create or self.update or self.delete or self.imported)

    @property
    def text(self) -> str:
        """The counts for people, of what a plan would do."""
        return self._said("to create", "to change", "to destroy", "to take over") or "no changes"

    @property
    def done(self) -> str:
        """The counts for people, of what was done."""
        return self._said("created", "changed", "destroyed", "taken over") or "only outputs changed"

    def _said(self, *words: str) -> str:
        numbers = (self.create, self.update, self.delete, self.imported)
        return ", ".join(f"{number} {word}" for number, word in zip(numbers, words, strict=True) if number)


def sign(action: Action) -> str:
    """What a line begins with: "+" creates, "~" changes, "-" destroys, "±" makes again."""
    return _SIGNS[action]


def verb(action: Action) -> str:
    """What happens, where the sign alone does not say it."""
    return _VERBS.get(action, "")


def acting(changes: Iterable[PlannedChange]) -> tuple[PlannedChange, ...]:
    """The changes that change something."""
    return tuple(change for change in changes if change.action in _ACTS)


def counts(plans: Iterable[LayerPlan]) -> Counts:
    """The sum over all layers."""
    number = Counter(change.action for plan in plans for change in plan.changes)
    return Counts(
        create=number["create"] + number["replace"],
        update=number["update"],
        delete=number["delete"] + number["replace"],
        imported=number["import"],
    )
