"""Plans are shown in the team's words, and counted as Terraform counts."""

from __future__ import annotations

from pathlib import Path

from groundwork.terraform import plans
from groundwork.terraform.events import Action, PlannedChange
from groundwork.terraform.plans import Counts, LayerPlan


def change(module: str, kind: str, action: Action, name: str = "x") -> PlannedChange:
    address = f"{module}.{kind}.{name}" if module else f"{kind}.{name}"
    return PlannedChange(address, module, kind, name, action)


def layer(*changes: PlannedChange, name: str = "platform") -> LayerPlan:
    return LayerPlan(name, Path("plan"), pending=True, changes=changes)


def test_a_replacement_counts_as_one_created_and_one_destroyed() -> None:
    actions: list[Action] = ["create", "replace", "update", "delete", "import"]
    total = plans.counts([layer(*(change("module.a", "b", action) for action in actions))])
    assert total == Counts(create=2, update=1, delete=2, imported=1)
    assert total.text == "2 to create, 1 to change, 2 to destroy, 1 to import"


def test_an_empty_plan_has_no_changes() -> None:
    assert plans.counts([layer()]).text == "no changes"


def test_reading_and_doing_nothing_are_no_changes() -> None:
    assert plans.acting([change("", "a", "noop"), change("", "b", "read"), change("", "c", "create")]) == (
        change("", "c", "create"),
    )


def test_an_import_is_no_step_of_an_apply_and_a_replacement_is_two() -> None:
    """Terraform reports nothing of an import, so a component with one would never be complete."""
    applied = [
        layer(change("module.a", "b", "create"), change("module.a", "c", "import"), change("module.d", "e", "replace"))
    ]
    assert plans.steps(applied) == {("platform", "module.a"): 1, ("platform", "module.d"): 2}
