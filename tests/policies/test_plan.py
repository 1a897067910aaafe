"""Resources of a plan: what is unknown, what is left to Google, and which module a resource is written in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from policies import catalogue
from policies.language import Settings, Unknown, Verdict
from policies.plan import Plan, read_plan

FOLDER = "../../modules/bucket"
ADDRESS = 'module.buckets["a.b"].google_storage_bucket.bucket'


def _plan(
    tmp_path: Path, values: dict[str, Any], unknown: dict[str, Any], given: tuple[str, ...], source: str = FOLDER
) -> Plan:
    resource = {"address": ADDRESS, "mode": "managed", "type": "google_storage_bucket", "name": "bucket"}
    block = {**resource, "address": "google_storage_bucket.bucket", "expressions": {key: {} for key in given}}
    call = {"source": source, "module": {"resources": [block]}}
    document = {
        "planned_values": {"root_module": {"child_modules": [{"resources": [{**resource, "values": values}]}]}},
        "resource_changes": [{"address": ADDRESS, "change": {"after_unknown": unknown}}],
        "configuration": {"root_module": {"module_calls": {"buckets": call}}},
    }
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return read_plan(path)


def test_values_are_as_planned_without_nulls(tmp_path: Path) -> None:
    plan = _plan(tmp_path, {"name": "x", "labels": None, "versioning": [{"enabled": True, "mfa": None}]}, {}, ())
    assert plan.resources[ADDRESS].values == {"name": "x", "versioning": [{"enabled": True}]}


def test_what_terraform_does_not_know_yet_is_open_at_any_depth(tmp_path: Path) -> None:
    unknown = {"name": True, "rule": [{"age": True}, {}]}
    plan = _plan(tmp_path, {"rule": [{"kind": "Delete"}, {"kind": "Keep"}]}, unknown, ("name", "rule"))
    assert plan.resources[ADDRESS].values == {
        "name": Unknown(),
        "rule": [{"kind": "Delete", "age": Unknown()}, {"kind": "Keep"}],
    }


def test_what_the_code_leaves_to_google_is_not_set(tmp_path: Path) -> None:
    plan = _plan(tmp_path, {"name": "x"}, {"soft_delete_policy": True}, ("name",))
    assert plan.resources[ADDRESS].values == {"name": "x"}


@pytest.mark.parametrize(
    "source",
    [
        FOLDER,
        "git::https://github.com/example-team/platform.git//modules/bucket?ref=v1.2.0",
        "git::ssh://git@github.com/example-team/platform.git//modules/bucket?depth=1&ref=0123456",
        "github.com/example-team/platform//modules/bucket",
    ],
)
def test_the_module_is_the_folder_of_its_source(tmp_path: Path, source: str) -> None:
    assert _plan(tmp_path, {}, {}, (), source).resources[ADDRESS].module == "bucket"


def test_a_file_that_is_not_a_plan_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text('{"values": {}}', encoding="utf-8")
    with pytest.raises(ValueError, match=r"is not a JSON plan \(terraform show -json PLAN\)"):
        read_plan(path)


def test_a_secret_that_the_plan_has_read_is_found_in_its_prior_state(tmp_path: Path) -> None:
    data = {
        "address": "data.google_secret_manager_secret_version.key",
        "mode": "data",
        "type": "google_secret_manager_secret_version",
        "name": "key",
        "values": {"secret": "wandb-api-key", "secret_data": "not-a-real-value"},
    }
    managed = {**data, "mode": "managed", "address": "google_secret_manager_secret_version.old"}
    path = tmp_path / "plan.json"
    document = {
        "planned_values": {"root_module": {}},
        "prior_state": {"values": {"root_module": {"resources": [data, managed]}}},
    }
    path.write_text(json.dumps(document), encoding="utf-8")
    plan = read_plan(path)
    policy = catalogue.policies()["secret_values_are_not_read_into_state"]
    (found,) = plan.data.values()
    assert policy.covers(found.kind)
    assert policy.rule(found, Settings()).verdict is Verdict.FAIL
    assert not plan.resources, "what the state holds but the plan does not leave standing is not a concern"
