"""Code as parsed by checkov, converted to plain values: the shapes here are those that checkov 3.3.30 gives."""

from __future__ import annotations

import pytest
from policies.code import resource_from_code
from policies.language import Unknown


def _values(**conf: object) -> dict[str, object]:
    resource = resource_from_code("google_x", "module.a.google_x.y", "/modules/team_access/main.tf", conf)
    return dict(resource.values)


def test_attributes_come_out_of_their_lists_and_blocks_become_dicts() -> None:
    assert _values(name=["x"], members=[["a", "b"]], versioning=[{"enabled": [True]}]) == {
        "name": "x",
        "members": ["a", "b"],
        "versioning": [{"enabled": True}],
    }


def test_the_module_is_the_folder_of_the_file() -> None:
    resource = resource_from_code("google_x", "module.a.google_x.y", "/modules/team_access/main.tf", {})
    assert resource.module == "team_access"


def test_null_is_not_set() -> None:
    assert _values(name=["null"], other=[None]) == {}


@pytest.mark.parametrize(
    "expression",
    [
        "var.name",
        "each.value.member",
        "!var.protected",
        "google_service_account.train.email",
        "data.google_project.this.number",
        "serviceAccount:${var.email}",
        'yamldecode(file("../../envs/dev.yaml"))',
        'var.x ? "a" : "b"',
        "lifecycle_rule.value.age",
        "[for name in var.names : name]",
    ],
)
def test_what_is_left_of_an_expression_is_open(expression: str) -> None:
    assert _values(name=[expression]) == {"name": Unknown(expression)}


@pytest.mark.parametrize(
    "literal",
    [
        "roles/storage.objectViewer",
        "assertion.repository_owner_id == '1234567'",
        "containerscanning.googleapis.com",
        "user:local.hero@example.com",
        "READER:allUsers",
        "What the account is for?",
    ],
)
def test_a_literal_is_known(literal: str) -> None:
    assert _values(name=[literal]) == {"name": literal}


def test_an_empty_list_may_be_a_variable_without_a_default() -> None:
    assert _values(members=[[]]) == {"members": Unknown()}


def test_blocks_around_an_unknown_value_are_unknown() -> None:
    over_a_variable = {"rule": {"for_each": ["var.rules"], "content": [{"age": [3]}]}}
    with_its_iterator = {"rule": [{"age": ["rule.value"]}]}
    worked_out = {"rule": [{"age": [3]}]}
    assert _values(dynamic=[over_a_variable], rule=[{"age": [3]}]) == {"rule": Unknown()}
    assert _values(dynamic=[with_its_iterator], rule=[{"age": ["rule.value"]}]) == {"rule": Unknown()}
    assert _values(dynamic=[worked_out], rule=[{"age": [3]}]) == {"rule": [{"age": 3}]}


def test_blocks_within_blocks_are_opened_too() -> None:
    inner = {"auto": {"for_each": ["var.x"], "content": [{}]}}
    assert _values(replication=[{"dynamic": [inner], "auto": [{}]}]) == {"replication": [{"auto": Unknown()}]}
