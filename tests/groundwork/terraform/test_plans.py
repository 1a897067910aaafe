"""Plans are said in the team's words, and counted as Terraform counts."""

from __future__ import annotations

from pathlib import Path

import pytest
from groundwork.terraform import plans
from groundwork.terraform.events import Action, Change
from groundwork.terraform.plans import Counts, LayerPlan


def change(module: str, kind: str, action: Action, name: str = "x") -> Change:
    address = f"{module}.{kind}.{name}" if module else f"{kind}.{name}"
    return Change(address, module, kind, name, action)


def layer(*changes: Change, name: str = "platform") -> LayerPlan:
    return LayerPlan(name, Path("plan"), pending=True, changes=changes)


@pytest.mark.parametrize(
    ("module", "words"),
    [
        ('module.buckets["data"]', "bucket data"),
        ('module.secrets["wandb-api-key"]', "secret wandb-api-key"),
        ("module.deployer", "deployer identity"),
        ('module.something_new["a"]', "something new a"),
        ('module.outer.module.repositories["a.b"]', "image repository a.b"),
        ("module.workers[0]", "workers 0"),
        ("", "settings"),
    ],
)
def test_a_module_is_a_component(module: str, words: str) -> None:
    assert plans.component(module) == words


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("google_storage_bucket", "bucket"),
        ("google_storage_bucket_iam_member", "grant"),
        ("google_project_iam_member", "grant"),
        ("google_pubsub_topic", "pubsub topic"),
    ],
)
def test_a_resource_type_is_a_thing(kind: str, word: str) -> None:
    assert plans.thing(kind) == word


def test_a_replacement_counts_as_one_made_and_one_destroyed() -> None:
    actions: list[Action] = ["create", "replace", "update", "delete", "import"]
    total = plans.counts([layer(*(change("module.a", "b", action) for action in actions))])
    assert total == Counts(create=2, update=1, delete=2, imported=1)
    assert total.text == "2 to create, 1 to change, 2 to destroy, 1 to take over"


def test_nothing_is_no_changes() -> None:
    assert plans.counts([layer()]).text == "no changes"


def test_reading_and_doing_nothing_are_no_changes() -> None:
    assert plans.acting([change("", "a", "noop"), change("", "b", "read"), change("", "c", "create")]) == (
        change("", "c", "create"),
    )
