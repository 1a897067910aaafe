"""Plans follow the rules of Terraform's first-generation providers: null, zero, unknown, sets, blocks, replacement."""

from __future__ import annotations

from typing import Any

import pytest
from localcloud.provider.values import UNKNOWN

from tests.localcloud.provider.core import Core, Refusal

SECRET = "google_secret_manager_secret"
BUCKET = "google_storage_bucket"
REPOSITORY = "google_artifact_registry_repository"
AUTO = [{"auto": [{}]}]


@pytest.fixture
def secret(offline: Core) -> dict[str, Any]:
    """The state of a secret with a label, as a refresh leaves it."""
    planned = offline.plan(SECRET, secret_id="s", replication=AUTO, labels={"team": "cats"}).values
    assert planned is not None
    known = {name: "server" if value is UNKNOWN else value for name, value in planned.items()}
    return known | {
        "effective_annotations": {},
        "annotations": {},
        "version_aliases": {},
        "expire_time": "",
        "ttl": None,
        "tags": None,
    }


def test_what_the_api_computes_is_unknown_before_creation(offline: Core) -> None:
    values = offline.plan(SECRET, secret_id="s", replication=AUTO).values
    assert values is not None
    assert {name for name, value in values.items() if value is UNKNOWN} == {
        "id", "name", "create_time", "expire_time", "effective_annotations"
    }  # fmt: skip
    assert values["deletion_protection"] is False
    assert values["ttl"] is None


def test_an_unset_block_that_the_api_computes_is_unknown_as_a_whole(offline: Core) -> None:
    values = offline.plan(BUCKET, name="b", location="eu").values
    assert values is not None
    assert values["soft_delete_policy"] is UNKNOWN
    assert values["cors"] == []


def test_equal_values_plan_no_change(offline: Core, secret: dict[str, Any]) -> None:
    planned = offline.plan(SECRET, secret, secret_id="s", replication=AUTO, labels={"team": "cats"})
    assert planned.values == secret
    assert planned.replaced == []


def test_from_null_to_an_explicit_zero_is_no_change(offline: Core, secret: dict[str, Any]) -> None:
    same = {"secret_id": "s", "replication": AUTO, "labels": {"team": "cats"}}
    assert offline.plan(SECRET, secret, **same, ttl="", version_aliases={}).values == secret


def test_an_explicit_zero_counts_where_something_else_changes(offline: Core) -> None:
    state = {"id": "x", "project": "p", "service": "a.b", "deletion_policy": "DELETE", "disable_on_destroy": None,
             "disable_dependent_services": None, "timeouts": None}  # fmt: skip
    same = {"project": "p", "service": "a.b", "disable_on_destroy": False}
    assert offline.plan("google_project_service", state, **same).values == state
    values = offline.plan("google_project_service", state, **same, deletion_policy="ABANDON").values
    assert values is not None
    assert values["disable_on_destroy"] is False


def test_a_removed_value_becomes_null_and_a_removed_map_empty(offline: Core, secret: dict[str, Any]) -> None:
    state = secret | {"ttl": "60s", "version_aliases": {"a": "1"}}
    values = offline.plan(SECRET, state, secret_id="s", replication=AUTO, labels={"team": "cats"}).values
    assert values is not None
    assert values["ttl"] is None
    assert values["version_aliases"] == {}


def test_a_changed_id_forces_replacement_and_says_so_by_path(offline: Core, secret: dict[str, Any]) -> None:
    planned = offline.plan(SECRET, secret, secret_id="other", replication=AUTO, labels={"team": "cats"})
    assert planned.replaced == ["secret_id", "id"]


def test_a_path_into_a_block_names_its_index(offline: Core, secret: dict[str, Any]) -> None:
    other = [{"user_managed": [{"replicas": [{"location": "europe-west1"}]}]}]
    planned = offline.plan(SECRET, secret, secret_id="s", replication=other, labels={"team": "cats"})
    assert "replication.0.auto" in planned.replaced
    assert "replication.0.user_managed.0.replicas.0.location" in planned.replaced


def test_a_location_is_stored_and_compared_in_upper_case(offline: Core) -> None:
    values = offline.plan(BUCKET, name="b", location="eu").values
    assert values is not None
    assert values["location"] == "EU"


def test_a_list_or_map_with_an_unknown_element_is_unknown_as_a_whole(offline: Core) -> None:
    values = offline.plan(BUCKET, name="b", location="eu", cors=[{"method": ["GET", UNKNOWN], "origin": ["*"]}]).values
    assert values is not None
    assert values["cors"][0]["method"] is UNKNOWN
    assert values["cors"][0]["origin"] == ["*"]
    labelled = offline.plan(SECRET, secret_id="s", replication=AUTO, labels={"a": UNKNOWN}).values
    assert labelled is not None
    assert labelled["labels"] is UNKNOWN
    assert labelled["effective_labels"] is UNKNOWN


def test_elements_of_a_set_are_the_same_after_defaults_and_units(offline: Core) -> None:
    old = {"id": "old", "action": "DELETE", "condition": [{"older_than": "7d"}]}
    created = offline.plan(REPOSITORY, repository_id="r", format="DOCKER", location="l", cleanup_policies=[old]).values
    assert created is not None
    state = {name: "server" if value is UNKNOWN else value for name, value in created.items()}
    state |= {"vulnerability_scanning_config": [], "labels": {}}
    state["cleanup_policies"][0]["condition"][0]["older_than"] = "604800s"
    again = offline.plan(REPOSITORY, state, repository_id="r", format="docker", location="l", cleanup_policies=[old])
    assert again.values == state


def test_a_new_element_of_a_set_has_empty_strings_where_a_list_would_have_null(offline: Core) -> None:
    policy = {"id": "old", "condition": [{"older_than": "7d"}]}
    values = offline.plan(
        REPOSITORY, repository_id="r", format="DOCKER", location="l", cleanup_policies=[policy]
    ).values
    assert values is not None
    assert values["cleanup_policies"][0]["action"] == ""
    assert values["cleanup_policies"][0]["condition"][0]["tag_state"] == "ANY"
    assert values["cleanup_policies"][0]["condition"][0]["tag_prefixes"] == []


def test_a_write_only_value_is_never_planned(offline: Core) -> None:
    values = offline.plan(
        "google_secret_manager_secret_version", secret="s", secret_data_wo="hidden", secret_data_wo_version=1
    ).values
    assert values is not None
    assert values["secret_data_wo"] is None


def test_labels_are_those_of_the_block_and_the_resource_and_one_that_says_terraform(offline: Core) -> None:
    core = offline.configured(project="p", default_labels={"by": "default", "team": "dogs"})
    values = core.plan(SECRET, secret_id="s", replication=AUTO, labels={"team": "cats"}).values
    assert values is not None
    ours = {"by": "default", "team": "cats", "goog-terraform-provisioned": "true"}
    assert values["terraform_labels"] == values["effective_labels"] == ours
    assert values["labels"] == {"team": "cats"}


def test_labels_that_others_set_stay_when_ours_change(offline: Core, secret: dict[str, Any]) -> None:
    state = secret | {"effective_labels": secret["effective_labels"] | {"by": "hand"}}
    values = offline.plan(SECRET, state, secret_id="s", replication=AUTO, labels={"tier": "one"}).values
    assert values is not None
    assert values["effective_labels"] == {"tier": "one", "by": "hand", "goog-terraform-provisioned": "true"}


def test_the_attribution_label_can_be_left_out(offline: Core) -> None:
    core = offline.configured(project="p", add_terraform_attribution_label=False)
    values = core.plan(SECRET, secret_id="s", replication=AUTO, labels={"a": "b"}).values
    assert values is not None
    assert values["terraform_labels"] == {"a": "b"}


def test_the_project_of_the_block_is_in_the_plan_but_that_of_the_resource_wins(offline: Core) -> None:
    values = offline.plan(SECRET, secret_id="s", replication=AUTO).values
    other = offline.plan(SECRET, secret_id="s", replication=AUTO, project="other").values
    assert values is not None
    assert other is not None
    assert (values["project"], other["project"]) == ("provider-project", "other")


def test_the_blocks_deletion_policy_is_the_resources_unless_it_has_its_own(offline: Core) -> None:
    core = offline.configured(project="p", deletion_policy="PREVENT")
    values = core.plan(SECRET, secret_id="s", replication=AUTO).values
    own = core.plan(SECRET, secret_id="s", replication=AUTO, deletion_policy="ABANDON").values
    assert values is not None
    assert own is not None
    assert (values["deletion_policy"], own["deletion_policy"]) == ("PREVENT", "ABANDON")


def test_an_accounts_address_is_known_before_it_is_created(offline: Core) -> None:
    values = offline.plan("google_service_account", account_id="train-me").values
    assert values is not None
    assert values["member"] == "serviceAccount:train-me@provider-project.iam.gserviceaccount.com"


def test_unlocking_a_retention_policy_forces_replacement(offline: Core) -> None:
    locked = [{"retention_period": "60", "is_locked": True}]
    created = offline.plan(BUCKET, name="b", location="EU", retention_policy=locked).values
    assert created is not None
    state = {name: None if value is UNKNOWN else value for name, value in created.items()}
    state |= {"id": "b", "project": "p", "soft_delete_policy": [], "versioning": [], "website": []}
    planned = offline.plan(BUCKET, state, name="b", location="EU", retention_policy=[{"retention_period": "60"}])
    assert "retention_policy.0.is_locked" in planned.replaced


def test_a_maven_config_with_only_defaults_counts_as_unset(offline: Core) -> None:
    arguments: dict[str, Any] = {"repository_id": "m", "format": "MAVEN", "location": "us"}
    for config in ({}, {"version_policy": "VERSION_POLICY_UNSPECIFIED"}):
        values = offline.plan(REPOSITORY, **arguments, maven_config=[config]).values
        assert values is not None
        assert values["maven_config"] == []
    release = offline.plan(REPOSITORY, **arguments, maven_config=[{"version_policy": "RELEASE"}]).values
    assert release is not None
    assert release["maven_config"] == [{"allow_snapshot_overwrites": None, "version_policy": "RELEASE"}]


def test_other_timeouts_alone_are_no_change(offline: Core, secret: dict[str, Any]) -> None:
    same = {"secret_id": "s", "replication": AUTO, "labels": {"team": "cats"}}
    assert offline.plan(SECRET, secret, **same, timeouts={"create": "5m"}).values == secret


def test_a_new_label_without_a_value_always_differs_and_an_old_one_keeps_its_value(
    offline: Core, secret: dict[str, Any]
) -> None:
    values = offline.plan(SECRET, secret, secret_id="s", replication=AUTO, labels={"team": "", "new": ""}).values
    assert values is not None
    assert values["labels"] == {"team": "", "new": ""}
    assert values["terraform_labels"] == {"team": "cats", "new": UNKNOWN, "goog-terraform-provisioned": "true"}
    assert values["effective_labels"] == values["terraform_labels"]


def test_a_null_in_a_map_counts_as_absent(offline: Core, secret: dict[str, Any]) -> None:
    same = {"secret_id": "s", "replication": AUTO}
    assert offline.plan(SECRET, secret, **same, labels={"team": "cats", "gone": None}).values == secret


def test_the_steps_of_a_build_may_not_take_longer_than_the_build(offline: Core) -> None:
    step = {"name": "ubuntu", "timeout": "400s"}
    with pytest.raises(Refusal, match=r"400s \+ 400s in all, and the build only 600s"):
        offline.plan("google_cloudbuild_trigger", name="app", build=[{"step": [step, step]}])
    offline.plan("google_cloudbuild_trigger", name="app", build=[{"step": [step, step], "timeout": "800s"}])


def test_a_sinks_writer_identity_is_unknown_once_it_becomes_unique(offline: Core) -> None:
    sink = {"name": "all", "destination": "pubsub.googleapis.com/projects/p/topics/t"}
    planned = offline.plan("google_logging_project_sink", unique_writer_identity=False, **sink).values
    assert planned is not None
    state = {name: None if value is UNKNOWN else value for name, value in planned.items()}
    state |= {"id": "projects/p/sinks/all", "bigquery_options": [], "writer_identity": "serviceAccount:shared"}
    changed = offline.plan("google_logging_project_sink", state, unique_writer_identity=True, **sink).values
    assert changed is not None
    assert changed["writer_identity"] is UNKNOWN
    with pytest.raises(Refusal, match="bigquery_options needs unique_writer_identity"):
        offline.plan(
            "google_logging_project_sink",
            unique_writer_identity=False,
            bigquery_options=[{"use_partitioned_tables": True}],
            **sink,
        )
