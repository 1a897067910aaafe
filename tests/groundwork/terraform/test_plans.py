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


def test_a_component_is_one_line_with_what_of_it() -> None:
    data = 'module.buckets["data"]'
    grants = [change(data, "google_storage_bucket_iam_member", "create", f"m{n}") for n in range(2)]
    lines = plans.summary([layer(change(data, "google_storage_bucket", "create"), *grants)])
    assert lines == ["platform", "  + bucket data                  bucket, 2 grants"]


def test_what_destroys_comes_first_and_updates_say_what_they_change() -> None:
    models = change('module.buckets["models"]', "google_storage_bucket", "update")
    old = change('module.repositories["old"]', "google_artifact_registry_repository", "replace")
    new = change('module.secrets["new"]', "google_secret_manager_secret", "create")
    lines = plans.summary([layer(new, models, old)], {models.address: ["labels", "versioning"]})
    assert lines[1:] == [
        "  ± image repository old         repository (destroyed and made again)",
        "  ~ bucket models                bucket (changes labels, versioning)",
        "  + secret new                   secret",
    ]


def test_a_layer_without_changes_is_not_mentioned() -> None:
    assert plans.summary([layer(name="bootstrap"), layer(change("module.a", "b", "delete"))])[0] == "platform"


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


def test_changed_attributes_are_names_without_values_or_echoes() -> None:
    plan = {
        "resource_changes": [
            {
                "address": "a.b",
                "change": {
                    "before": {"labels": {"a": "1"}, "effective_labels": {"a": "1"}, "secret": "old", "same": 1},
                    "after": {"labels": {"a": "2"}, "effective_labels": {"a": "2"}, "secret": "new", "same": 1},
                },
            },
            {"address": "new.one", "change": {"before": None, "after": {"a": 1}}},
        ]
    }
    assert plans.changed_attributes(plan) == {"a.b": ["labels", "secret"]}


def test_of_a_replacement_only_what_forces_it_is_named() -> None:
    change = {"before": {"location": "EU", "hold": False}, "after": {"location": "US"}, "replace_paths": [["location"]]}
    plan = {"resource_changes": [{"address": "a.b", "change": change}]}
    assert plans.changed_attributes(plan) == {"a.b": ["location"]}


@pytest.mark.parametrize(("number", "text"), [(1, "repository"), (2, "2 repositories"), (3, "3 repositories")])
def test_things_are_counted_in_english(number: int, text: str) -> None:
    changes = [change("module.r", "google_artifact_registry_repository", "create", f"n{n}") for n in range(number)]
    assert plans.summary([layer(*changes)])[1].endswith(text)
