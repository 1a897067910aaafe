"""Resources on the local cloud behave as on Google's: created, read, changed, protected, imported, destroyed."""

from __future__ import annotations

from typing import Any

import pytest
from localcloud.provider.protocol.servicer import Servicer

from tests.localcloud.provider.conftest import PROJECT, World
from tests.localcloud.provider.core import Core, Refusal

SECRET = "google_secret_manager_secret"
VERSION = "google_secret_manager_secret_version"
BUCKET = "google_storage_bucket"
OBJECT = "google_storage_bucket_object"
REPOSITORY = "google_artifact_registry_repository"
ROLE = "google_project_iam_custom_role"
MEMBER = "google_secret_manager_secret_iam_member"
AUTO = [{"auto": [{}]}]
EMAIL = f"train-me@{PROJECT}.iam.gserviceaccount.com"


def secret(world: World, name: str = "s", **values: Any) -> dict[str, Any]:
    return world.core.created(SECRET, secret_id=name, replication=AUTO, **values)


def test_a_resource_is_made_read_changed_and_destroyed(world: World) -> None:
    state = secret(world, labels={"team": "cats"}, ttl="3600s")
    assert state["id"] == f"projects/{PROJECT}/secrets/s"
    assert state["replication"] == [{"auto": [{"customer_managed_encryption": []}], "user_managed": []}]
    assert world.core.read(SECRET, state) == state | {
        "annotations": {},
        "version_aliases": {},
        "version_destroy_ttl": "",
    }

    state = world.core.changed(SECRET, state, secret_id="s", replication=AUTO, labels={"tier": "one"}, ttl="7200s")
    stored = world.ask("GET", "secretmanager", "v1/projects/{project}/secrets/s")
    assert stored["labels"] == {"tier": "one", "goog-terraform-provisioned": "true"}

    world.core.destroyed(SECRET, state)
    assert world.core.read(SECRET, state) is None
    world.core.destroyed(SECRET, state)


def test_a_manual_change_is_detected_and_other_labels_are_left_alone(world: World) -> None:
    state = secret(world, labels={"team": "cats"})
    by_hand = {"labels": {"team": "birds", "by": "hand"}}
    world.ask("PATCH", "secretmanager", "v1/projects/{project}/secrets/s", by_hand, updateMask="labels")
    found = world.core.read(SECRET, state)
    assert found is not None
    assert found["labels"] == {"team": "birds"}
    assert found["effective_labels"] == {"team": "birds", "by": "hand"}
    changed = world.core.changed(SECRET, found, secret_id="s", replication=AUTO, labels={"team": "cats"})
    assert changed["effective_labels"] == {"team": "cats", "by": "hand"}


def test_only_what_changed_is_named_in_the_mask(world: World) -> None:
    state = secret(world, labels={"team": "cats"}, annotations={"a": "b"})
    world.core.changed(SECRET, state, secret_id="s", replication=AUTO, labels={"team": "cats"}, annotations={"a": "c"})
    assert "updateMask=annotations" in next(
        one["path"] + "?" + one.get("query", "") for one in reversed(world.requests()) if one["verb"] == "PATCH"
    )


def test_a_change_of_a_provider_setting_alone_sends_nothing(world: World) -> None:
    state = secret(world)
    world.fault(method="secretmanager.projects.secrets.patch", kind="error", code=403)
    changed = world.core.changed(SECRET, state, secret_id="s", replication=AUTO, deletion_policy="ABANDON")
    assert changed["deletion_policy"] == "ABANDON"


@pytest.mark.parametrize(
    ("guard", "word"),
    [({"deletion_policy": "PREVENT"}, "deletion_policy"), ({"deletion_protection": True}, "deletion_protection")],
)
def test_a_protected_resource_is_not_destroyed_and_the_refusal_names_its_guard(
    world: World, guard: dict[str, Any], word: str
) -> None:
    state = secret(world, **guard)
    with pytest.raises(Refusal, match=word) as error:
        world.core.destroyed(SECRET, state)
    assert error.value.state == state
    assert world.core.read(SECRET, state) is not None


def test_an_abandoned_resource_is_forgotten_but_stays(world: World) -> None:
    state = secret(world, deletion_policy="ABANDON")
    world.core.destroyed(SECRET, state)
    assert world.core.read(SECRET, state) is not None


def test_a_conflict_is_reported_in_the_apis_words(world: World) -> None:
    secret(world)
    with pytest.raises(Refusal, match=r"409 ALREADY_EXISTS: .*already exists"):
        secret(world)


@pytest.mark.parametrize("name", ["projects/{project}/secrets/s", "{project}/s", "s"])
def test_a_secret_is_imported_by_its_long_and_short_names(world: World, name: str) -> None:
    created = secret(world, labels={"team": "cats"})
    found = world.core.imported(SECRET, name.replace("{project}", PROJECT))
    assert found is not None
    assert found["id"] == created["id"]
    assert found["deletion_policy"] == "DELETE"
    assert found["labels"] == {}
    assert found["effective_labels"] == created["effective_labels"]


def test_an_import_id_of_another_form_is_refused_with_the_forms(world: World) -> None:
    with pytest.raises(Refusal, match=r"accepted forms: projects/\{project\}/secrets/\{secret_id\}"):
        world.core.imported(SECRET, "a/b/c")


def test_a_write_only_value_reaches_the_api_and_no_state(world: World) -> None:
    created = secret(world)
    state = world.core.created(VERSION, secret=created["id"], secret_data_wo="hidden", secret_data_wo_version=1)
    assert state["secret_data_wo"] is None
    assert state["secret_data"] is None
    assert (
        world.ask("GET", "secretmanager", "v1/projects/{project}/secrets/s/versions/1:access")["payload"]["data"]
        == "aGlkZGVu"
    )


def test_a_version_is_disabled_enabled_and_destroyed(world: World) -> None:
    created = secret(world)
    state = world.core.created(VERSION, secret=created["id"], secret_data="first", enabled=False)
    path = "v1/projects/{project}/secrets/s/versions/1"
    assert world.ask("GET", "secretmanager", path)["state"] == "DISABLED"
    assert (world.core.imported(VERSION, state["name"]) or {})["secret_data"] == ""
    state = world.core.changed(VERSION, state, secret=created["id"], secret_data="first", enabled=True)
    assert state["enabled"] is True
    world.core.destroyed(VERSION, state)
    assert world.ask("GET", "secretmanager", path)["state"] == "DESTROYED"
    assert world.core.read(VERSION, state) is None


def test_a_version_with_the_policy_disable_is_only_disabled(world: World) -> None:
    state = world.core.created(VERSION, secret=secret(world)["id"], secret_data="first", deletion_policy="DISABLE")
    world.core.destroyed(VERSION, state)
    assert world.ask("GET", "secretmanager", "v1/projects/{project}/secrets/s/versions/1")["state"] == "DISABLED"


def test_a_version_of_a_secret_by_its_short_name_is_in_the_blocks_project(world: World) -> None:
    secret(world)
    state = world.core.created(VERSION, secret="s", secret_data="first")
    assert state["secret"] == f"projects/{PROJECT}/secrets/s"
    assert state["version"] == "1"
    with pytest.raises(Refusal, match="is in project elsewhere, but project says here"):
        world.core.created(VERSION, secret="projects/elsewhere/secrets/s", project="here", secret_data="x")


def test_an_imported_version_brings_its_value(world: World) -> None:
    world.core.created(VERSION, secret=secret(world)["id"], secret_data="first")
    found = world.core.imported(VERSION, f"projects/{PROJECT}/secrets/s/versions/1")
    assert found is not None
    assert found["secret_data"] == "first"


def test_an_account_is_disabled_renamed_and_imported_by_its_address(world: World) -> None:
    account = "google_service_account"
    state = world.core.created(account, account_id="train-me", display_name="Train")
    assert state["email"] == EMAIL
    state = world.core.changed(account, state, account_id="train-me", display_name="Trainer")
    state = world.core.changed(account, state, account_id="train-me", display_name="Trainer", disabled=True)
    stored = world.ask("GET", "iam", f"v1/projects/{{project}}/serviceAccounts/{EMAIL}")
    assert (stored["displayName"], stored["disabled"]) == ("Trainer", True)
    found = world.core.imported(account, EMAIL)
    assert found is not None
    assert found["account_id"] == "train-me"


def test_renaming_and_disabling_an_account_at_once_does_both_and_reports_an_error(world: World) -> None:
    account = "google_service_account"
    state = world.core.created(account, account_id="train-me", display_name="Train")
    with pytest.raises(Refusal, match="change one after the other") as error:
        world.core.changed(account, state, account_id="train-me", display_name="Trainer", disabled=True)
    left = error.value.state
    assert left is not None
    assert (left["display_name"], left["disabled"]) == ("Trainer", True)
    assert world.core.read(account, left) == left


def test_an_existing_account_can_be_adopted(world: World) -> None:
    account = "google_service_account"
    created = world.core.created(account, account_id="train-me")
    with pytest.raises(Refusal, match="409 ALREADY_EXISTS"):
        world.core.created(account, account_id="train-me")
    again = world.core.created(account, account_id="train-me", create_ignore_already_exists=True)
    assert again["unique_id"] == created["unique_id"]


def test_a_deleted_role_is_restored(world: World) -> None:
    arguments = {"role_id": "ownRole", "title": "Own", "permissions": ["storage.buckets.get"]}
    state = world.core.created(ROLE, **arguments)
    with pytest.raises(Refusal, match="already exists"):
        world.core.created(ROLE, **arguments)
    world.core.destroyed(ROLE, state)
    found = world.core.read(ROLE, state)
    assert found is not None
    assert found["deleted"] is True
    assert world.core.created(ROLE, **{**arguments, "title": "Again"})["title"] == "Again"


def test_a_new_role_in_stage_alpha_is_in_the_default_stage_at_first(world: World) -> None:
    arguments = {"role_id": "ownRole", "title": "Own", "permissions": ["storage.buckets.get"], "stage": "ALPHA"}
    state = world.core.created(ROLE, **arguments)
    assert state["stage"] == "GA"
    assert world.core.changed(ROLE, state, **arguments)["stage"] == "ALPHA"


def test_a_bucket_with_objects_is_destroyed_only_by_force(world: World) -> None:
    state = world.core.created(BUCKET, name="example-full", location="eu")
    world.core.created(OBJECT, bucket="example-full", name="a", content="hello")
    with pytest.raises(Refusal, match="example-full is not empty"):
        world.core.destroyed(BUCKET, state)
    forced = world.core.changed(BUCKET, state, name="example-full", location="eu", force_destroy=True)
    world.core.destroyed(BUCKET, forced)
    assert world.core.read(BUCKET, state) is None


def test_removed_labels_and_blocks_are_removed_from_the_bucket(world: World) -> None:
    arguments = {"name": "example-b", "location": "EU"}
    state = world.core.created(
        BUCKET, **arguments, labels={"team": "cats"}, cors=[{"origin": ["*"], "method": ["GET"]}]
    )
    state = world.core.changed(BUCKET, state, **arguments)
    stored = world.ask("GET", "storage", "v1/b/example-b")
    assert stored["labels"] == {"goog-terraform-provisioned": "true"}
    assert "cors" not in stored


def test_an_object_is_uploaded_again_when_its_content_changes(world: World) -> None:
    world.core.created(BUCKET, name="example-b", location="EU")
    state = world.core.created(OBJECT, bucket="example-b", name="a/b c.txt", content="hello")
    assert state["md5hash"] == "XUFAKrxLKna5cZ2REBfFkg=="
    planned = world.core.plan(OBJECT, state, bucket="example-b", name="a/b c.txt", content="good bye")
    assert planned.replaced == []
    changed = world.core.apply(planned)
    assert changed is not None
    assert changed["generation"] > state["generation"]
    world.core.destroyed(OBJECT, changed)
    assert world.core.read(OBJECT, changed) is None


def test_a_missing_file_is_named(world: World) -> None:
    world.core.created(BUCKET, name="example-b", location="EU")
    with pytest.raises(Refusal, match="The file /nowhere/x cannot be read: No such file") as error:
        world.core.created(OBJECT, bucket="example-b", name="a", source="/nowhere/x")
    assert error.value.attributes == ["source"]


def test_an_api_is_enabled_and_disabled_only_on_request(world: World) -> None:
    service = "google_project_service"
    left_on = world.core.created(service, service="run.googleapis.com")
    world.core.destroyed(service, left_on)
    assert world.ask("GET", "serviceusage", "v1/projects/{project}/services/run.googleapis.com")["state"] == "ENABLED"
    switched_off = world.core.created(service, service="pubsub.googleapis.com", disable_on_destroy=True)
    world.core.destroyed(service, switched_off)
    assert world.core.read(service, switched_off) is None
    assert world.core.imported(service, f"{PROJECT}/run.googleapis.com") is not None


def test_a_deleted_pool_is_gone_though_the_api_still_shows_it(world: World) -> None:
    pool = "google_iam_workload_identity_pool"
    state = world.core.created(pool, workload_identity_pool_id="example-pool")
    state = world.core.changed(pool, state, workload_identity_pool_id="example-pool", display_name="Pool")
    assert state["display_name"] == "Pool"
    world.core.destroyed(pool, state)
    assert world.core.read(pool, state) is None


def test_a_repository_without_location_is_where_the_block_says(world: World) -> None:
    repository = "google_artifact_registry_repository"
    state = world.core.created(repository, repository_id="r", format="DOCKER")
    assert state["location"] == "europe-west1"
    nowhere = world.core.configured(peer="ipv4:127.0.0.1:2", project=PROJECT)
    with pytest.raises(Refusal, match="has no location"):
        nowhere.created(repository, repository_id="other", format="DOCKER")


def test_an_update_that_is_refused_leaves_its_plan_until_the_next_refresh(world: World) -> None:
    arguments = {"repository_id": "r", "format": "DOCKER"}
    state = world.core.created(REPOSITORY, **arguments, description="Images.")
    keeps_nothing = [{"id": "a", "action": "KEEP"}]
    with pytest.raises(Refusal, match="must have an action and either") as error:
        world.core.changed(REPOSITORY, state, **arguments, cleanup_policies=keeps_nothing)
    left = error.value.state
    assert left is not None
    assert (left["description"], left["cleanup_policies"][0]["id"]) == ("", "a")
    assert world.core.read(REPOSITORY, left) == state | {"labels": {}}


def test_a_remote_repositorys_credentials_alone_are_masked_field_by_field(world: World) -> None:
    arguments = {"repository_id": "r", "format": "DOCKER", "mode": "REMOTE_REPOSITORY"}
    hub: dict[str, Any] = {"docker_repository": [{"public_repository": "DOCKER_HUB"}]}
    state = world.core.created(REPOSITORY, **arguments, remote_repository_config=[hub])
    user = [{"username_password_credentials": [{"username": "alice"}]}]
    world.core.changed(REPOSITORY, state, **arguments, remote_repository_config=[hub | {"upstream_credentials": user}])
    config = "remoteRepositoryConfig.upstreamCredentials.usernamePasswordCredentials.username"
    patch = [one for one in world.requests() if one["verb"] == "PATCH"][-1]
    assert patch["query"] == f"updateMask={config}"


def test_an_empty_block_is_sent_with_a_change_but_not_with_a_creation(world: World) -> None:
    arguments = {"repository_id": "r", "format": "DOCKER", "docker_config": [{}]}
    state = world.core.created(REPOSITORY, **arguments)
    assert state["docker_config"] == []
    assert world.core.changed(REPOSITORY, state, **arguments)["docker_config"] == [{"immutable_tags": False}]


def test_data_sources_say_what_is_there(world: World) -> None:
    project = world.core.data("google_project")
    assert project["project_id"] == PROJECT
    assert project["number"].isdigit()
    agent = world.core.data("google_storage_project_service_account")
    assert agent["member"] == f"serviceAccount:service-{project['number']}@gs-project-accounts.iam.gserviceaccount.com"
    assert world.core.data("google_client_config")["region"] == "europe-west1"
    with pytest.raises(Refusal, match="nowhere-at-all cannot be read"):
        world.core.data("google_project", project_id="nowhere-at-all")


def test_a_provider_without_configuration_says_so() -> None:
    with pytest.raises(Refusal, match="was not configured on this connection"):
        Core(Servicer("http://127.0.0.1:9", "token", 9)).plan(SECRET, secret_id="s", replication=AUTO)
