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
    "import": "imported",
    "remove": "forgotten",
    "move": "renamed",
    "replace": "destroyed and recreated",
}

# Of an import, a renaming or a removal from the state, Terraform reports no step; a replacement is two.
_STEPS: dict[Action, int] = {"create": 1, "update": 1, "delete": 1, "replace": 2}


@dataclass(frozen=True)
class LayerPlan:
    """A layer's saved plan: its changes and Terraform's warnings. `pending` also counts changed outputs."""

    layer: str
    file: Path
    pending: bool
    changes: tuple[PlannedChange, ...]
    warnings: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True)
class Counts:
    """How many resources a plan creates, updates and deletes; a replacement counts as a creation and a deletion."""

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
        """The counts of a plan, for people."""
        return self._counts("to create", "to change", "to destroy", "to import") or "no changes"

    @property
    def done(self) -> str:
        """The counts of an apply, for people."""
        return self._counts("created", "changed", "destroyed", "imported") or "only outputs changed"

    def _counts(self, *words: str) -> str:
        numbers = (self.create, self.update, self.delete, self.imported)
        return ", ".join(f"{number} {word}" for number, word in zip(numbers, words, strict=True) if number)


def sign(action: Action) -> str:
    """The sign of an action: "+" creates, "~" changes, "-" destroys, "±" replaces."""
    return _SIGNS[action]


def verb(action: Action) -> str:
    """The action in a word, where the sign alone is not enough."""
    return _VERBS.get(action, "")


def acting(changes: Iterable[PlannedChange]) -> tuple[PlannedChange, ...]:
    """The changes that are not no-ops."""
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


def steps(plans: Iterable[LayerPlan]) -> Counter[tuple[str, str]]:
    """How many steps Terraform will report, by layer and module."""
    by_module: Counter[tuple[str, str]] = Counter()
    for plan in plans:
        for change in plan.changes:
            by_module[plan.layer, change.module] += _STEPS.get(change.action, 0)
    return by_module
