"""Reading plans: resources before and after, unknown values, and files that are not plans."""

import json
from pathlib import Path

import pytest
from groundwork.cost.plan import changes, load_plan
from groundwork.errors import UsageProblem
from groundwork.resources.needs import UnknownYet

from tests.groundwork.cost.plans import bucket, change, plan


@pytest.mark.parametrize(
    ("actions", "name"),
    [
        (["no-op"], "keep"),
        (["create"], "create"),
        (["update"], "update"),
        (["delete"], "delete"),
        (["delete", "create"], "replace"),
        (["create", "delete"], "replace"),
    ],
)
def test_actions_are_described_in_one_word(actions, name):
    assert changes(plan(change("google_storage_bucket", bucket(), actions=actions)))[0].action == name


def test_a_forgotten_resource_still_costs():
    found = changes(plan(change("google_storage_bucket", None, before=bucket(), actions=["forget"])))[0]
    assert found.after is not None
    assert found.after.get("location") == "EUROPE-WEST1"


def test_data_sources_are_no_resources():
    read = change("google_project", {}, actions=["read"]) | {"mode": "data"}
    assert changes(plan(read)) == []


def test_the_teams_own_name_is_the_last_key_of_the_address():
    assert changes(plan(change("google_storage_bucket", bucket(), name="models")))[0].after.name == "models"


def test_an_attribute_known_after_apply_does_not_count_as_unset():
    resource = changes(plan(change("google_storage_bucket", {}, unknown={"location": True})))[0].after
    with pytest.raises(UnknownYet, match="location"):
        resource.get("location")


def _file(folder: Path, text: str) -> Path:
    file = folder / "plan.json"
    file.write_text(text)
    return file


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not JSON. Write it with `terraform show -json PLAN > plan.json`."),
        ("PK\x03\x04", "is not JSON."),
        ("[]", "is not a plan: format_version is missing."),
        ("{}", "is not a plan: format_version is missing."),
        ('{"format_version": "2.0"}', "has plan format 2.0; only format 1 is supported."),
        ('{"format_version": "1.0", "values": {}}', "is a state, not a plan: there are no resource_changes."),
        (json.dumps(plan({"address": "a"})), "an entry of resource_changes has no change;"),
        (
            json.dumps(plan(change("google_storage_bucket", {}, actions=["explode"]))),
            "module.things[\"data\"].google_storage_bucket.this has the actions ['explode'], which are unknown.",
        ),
    ],
)
def test_a_file_that_is_not_a_plan_is_refused_in_one_sentence(tmp_path, text, message):
    with pytest.raises(UsageProblem) as problem:
        load_plan(_file(tmp_path, text))
    assert message in str(problem.value)


def test_a_missing_plan_is_refused_in_one_sentence(tmp_path):
    with pytest.raises(UsageProblem, match="cannot be read: No such file or directory"):
        load_plan(tmp_path / "none.json")
