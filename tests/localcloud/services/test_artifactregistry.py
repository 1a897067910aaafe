"""Artifact Registry: repositories, their cleanup policies and settings; other artifacts are not supported and reported so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from localcloud.services.artifactregistry import NOT_SERVED

from tests.localcloud.services.requests_inside import NUMBER, PROJECT, Sender, sender

PLACE = f"projects/{PROJECT}/locations/europe-west1"
REPOSITORIES = f"/artifactregistry/v1/{PLACE}/repositories"
IMAGES = f"{REPOSITORIES}/images"
DELETE_OLD = {"action": "DELETE", "condition": {"olderThan": "1209600s", "tagState": "ANY"}}
KEEP_SOME = {"action": "KEEP", "mostRecentVersions": {"keepCount": 5}}


@pytest.fixture
def call(tmp_path: Path) -> Sender:
    return sender(tmp_path, "artifactregistry")


def create(call: Sender, status: int = 200, name: str = "images", **more: Any) -> Any:
    return call("POST", f"{REPOSITORIES}?repositoryId={name}", {"format": "DOCKER"} | more, status)


def test_an_operation_has_the_types_of_the_version_that_was_called(call: Sender) -> None:
    older = REPOSITORIES.replace("/v1/", "/v1beta2/")
    operation = call("POST", f"{older}?repositoryId=images", {"format": "DOCKER"})
    package = "type.googleapis.com/google.devtools.artifactregistry.v1beta2"
    assert operation["metadata"]["@type"] == f"{package}.OperationMetadata"
    assert operation["response"]["@type"] == f"{package}.Repository"


def test_a_repository_is_made_by_a_done_operation_and_completed_by_the_server(call: Sender) -> None:
    operation = create(call, labels={"team": "cats"})
    assert operation["done"] is True
    assert operation["metadata"]["@type"] == "type.googleapis.com/google.devtools.artifactregistry.v1.OperationMetadata"
    assert call("GET", f"/artifactregistry/v1/{operation['name']}") == operation
    repository = call("GET", IMAGES)
    assert (
        operation["response"]
        == {"@type": "type.googleapis.com/google.devtools.artifactregistry.v1.Repository"} | repository
    )
    assert repository["name"] == f"{PLACE}/repositories/images"
    assert repository["mode"] == "STANDARD_REPOSITORY"
    assert repository["registryUri"] == f"europe-west1-docker.pkg.dev/{PROJECT}/images"
    assert repository["vulnerabilityScanningConfig"]["enablementState"] == "SCANNING_DISABLED"
    assert repository["createTime"] == repository["updateTime"]
    assert (
        call("GET", f"/artifactregistry/v1/projects/{NUMBER}/locations/europe-west1/repositories/images") == repository
    )


@pytest.mark.parametrize("spelling", ["repositoryId", "repository_id"])
def test_the_id_parameter_has_two_spellings_and_formats_may_be_numbers(call: Sender, spelling: str) -> None:
    call("POST", f"{REPOSITORIES}?{spelling}=wheels", {"format": 8})
    assert call("GET", f"{REPOSITORIES}/wheels")["registryUri"] == f"europe-west1-python.pkg.dev/{PROJECT}/wheels"


def test_taken_and_missing_repositories_in_googles_words(call: Sender) -> None:
    create(call)
    assert create(call, 409)["error"]["message"] == "the repository already exists"
    assert call.refused("GET", f"{REPOSITORIES}/none", status=404) == "Requested entity was not found."
    assert call.refused("DELETE", f"{REPOSITORIES}/none", status=404) == "Requested entity was not found."


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "FORMAT_UNSPECIFIED"}, "must have a format"),
        ({"format": "FLOPPY"}, "Invalid value at 'repository.format'"),
        ({"mavenConfig": {}}, "mavenConfig belongs to repositories of format MAVEN"),
        ({"mode": "REMOTE_REPOSITORY"}, "must name one upstream, such as dockerRepository; this one names none"),
        (
            {"virtualRepositoryConfig": {}},
            "virtualRepositoryConfig belongs to repositories of mode VIRTUAL_REPOSITORY",
        ),
        ({"labels": {"Team": "x"}}, "The label Team=x is not valid"),
        ({"cleanupPolicies": {"a": {"action": "DELETE"}}}, "must have an action and either"),
        ({"cleanupPolicies": {"a": {"condition": {"tagState": "ANY"}}}}, "must have an action and either"),
        (
            {"cleanupPolicies": {"a": {"action": "DELETE", "mostRecentVersions": {"keepCount": 1}}}},
            "allowed only with KEEP",
        ),
        ({"cleanupPolicies": {"a": {"action": "DELETE", "condition": {"olderThan": "30d"}}}}, "duration"),
        (
            {"cleanupPolicies": {"a": {"action": "DELETE", "condition": {"tagPrefixes": ["v"], "tagState": "ANY"}}}},
            "allowed only with tag_state TAGGED",
        ),
        ({"cleanupPolicies": {"a": DELETE_OLD | {"id": "b"}}}, "both must be the same"),
        ({"cleanupPolicies": {"x" * 128: DELETE_OLD}}, "1 to 127 characters"),
        ({"sizeGigabytes": 1}, 'Unknown name "sizeGigabytes"'),
    ],
)
def test_wrong_repositories_are_refused(call: Sender, change: dict[str, Any], message: str) -> None:
    assert message in create(call, 400, **change)["error"]["message"]
    assert call("GET", REPOSITORIES) == {}


@pytest.mark.parametrize("name", ["", "Images", "1st", "a--", "under_score", "x" * 64])
def test_repository_ids_are_lower_case_words(call: Sender, name: str) -> None:
    create(call, 400, name)


def test_an_unknown_location_is_refused(call: Sender) -> None:
    path = f"/artifactregistry/v1/projects/{PROJECT}/locations/atlantis/repositories?repositoryId=images"
    for location in ("atlantis", "global"):
        message = call.refused("POST", path.replace("atlantis", location), {"format": "DOCKER"}, 403)
        assert message == f"Permission denied on 'locations/{location}' (or it may not exist)."
    call("POST", path.replace("atlantis", "europe"), {"format": "DOCKER"})


def test_a_virtual_repository_may_have_no_upstream_yet(call: Sender) -> None:
    create(call, mode="VIRTUAL_REPOSITORY", virtualRepositoryConfig={"upstreamPolicies": [{"id": "a"}]})
    assert "virtualRepositoryConfig" not in call("PATCH", f"{IMAGES}?updateMask=virtualRepositoryConfig", {})


def test_removed_credentials_leave_nothing(call: Sender) -> None:
    login = {
        "usernamePasswordCredentials": {"username": "u", "passwordSecretVersion": "projects/p/secrets/s/versions/1"}
    }
    hub = {"dockerRepository": {"publicRepository": "DOCKER_HUB"}}
    created = create(call, mode="REMOTE_REPOSITORY", remoteRepositoryConfig={**hub, "upstreamCredentials": login})
    assert created["response"]["remoteRepositoryConfig"]["upstreamCredentials"] == login
    path = "remoteRepositoryConfig.upstreamCredentials.usernamePasswordCredentials"
    mask = f"{path}.username,{path}.passwordSecretVersion"
    changed = call("PATCH", f"{IMAGES}?updateMask={mask}", {"remoteRepositoryConfig": hub})
    assert changed["remoteRepositoryConfig"] == hub


def test_cleanup_policies_are_a_map_and_a_mask_replaces_it_whole(call: Sender) -> None:
    create(call, cleanupPolicies={"old": DELETE_OLD})
    assert call("GET", IMAGES)["cleanupPolicies"] == {"old": DELETE_OLD | {"id": "old"}}
    change = {"cleanupPolicies": {"keep": KEEP_SOME}, "cleanupPolicyDryRun": True, "description": "ignored"}
    changed = call("PATCH", f"{IMAGES}?updateMask=cleanupPolicies,cleanupPolicyDryRun", change)
    assert changed["cleanupPolicies"] == {"keep": KEEP_SOME | {"id": "keep"}}
    assert changed["cleanupPolicyDryRun"] is True
    assert "description" not in changed
    assert "cleanupPolicies" not in call("PATCH", f"{IMAGES}?updateMask=cleanupPolicies", {})


def test_policies_as_gcloud_sends_them_are_kept_as_google_writes_them(call: Sender) -> None:
    create(call)
    sent = {"old": {"action": "Delete", "condition": {"olderThan": "1209600.0s", "tagState": "any"}}}
    changed = call("PATCH", f"{IMAGES}?updateMask=cleanup_policies", {"cleanupPolicies": sent})
    assert changed["cleanupPolicies"] == {"old": DELETE_OLD | {"id": "old"}}


def test_a_patch_is_answered_at_once_and_moves_the_update_time(call: Sender) -> None:
    create(call, dockerConfig={})
    before = call("GET", IMAGES)
    assert before["dockerConfig"] == {}
    call.later(seconds=5)
    after = call(
        "PATCH",
        f"{IMAGES}?updateMask=description,docker_config.immutable_tags",
        {"description": "D", "dockerConfig": {"immutableTags": True}},
    )
    assert after["dockerConfig"] == {"immutableTags": True}
    assert after["updateTime"] > before["updateTime"]
    assert after["createTime"] == before["createTime"]


@pytest.mark.parametrize("change", [{"format": "PYTHON"}, {"mode": "REMOTE_REPOSITORY"}, {"kmsKeyName": "k"}])
def test_a_repositorys_format_and_mode_cannot_be_changed(call: Sender, change: dict[str, str]) -> None:
    create(call)
    assert "cannot be changed" in call.refused("PATCH", f"{IMAGES}?updateMask={next(iter(change))}", change)


def test_scanning_follows_the_repository_and_the_api(call: Sender) -> None:
    create(call, vulnerabilityScanningConfig={"enablementConfig": "DISABLED"})
    create(call, name="scanned")
    create(call, name="wheels", format="PYTHON")
    call.cloud.store.put(
        "serviceusage", f"projects/{PROJECT}/services/containerscanning.googleapis.com", {"state": "ENABLED"}
    )
    states = {
        one["name"].rpartition("/")[2]: one["vulnerabilityScanningConfig"]["enablementState"]
        for one in call("GET", REPOSITORIES)["repositories"]
    }
    assert states == {"images": "SCANNING_DISABLED", "scanned": "SCANNING_ACTIVE", "wheels": "SCANNING_UNSUPPORTED"}
    assert call("GET", IMAGES)["vulnerabilityScanningConfig"]["enablementConfig"] == "DISABLED"


def test_lists_of_other_artifacts_are_empty_and_a_header_says_that_none_are_kept(call: Sender) -> None:
    create(call)
    reply = call.reply("GET", f"{IMAGES}/npmPackages", {"authorization": call.bearer()})
    assert (reply.status, reply.body) == (200, b"{}")
    assert reply.headers["x-local-cloud"] == NOT_SERVED["x-local-cloud"]
    for collection in ("packages", "files", "pythonPackages", "packages/app/tags", "packages/app/versions"):
        assert call("GET", f"{IMAGES}/{collection}") == {}
    for path in ("packages/app", "packages/app/versions/1", "packages/app/tags/latest", "files/a"):
        assert "was not found" in call.refused("DELETE", f"{IMAGES}/{path}", status=404)
    assert "stores only images" in call.refused("PATCH", f"{IMAGES}/files/a", status=404)
    call.refused("GET", f"{REPOSITORIES}/none/packages", status=404)


def test_deleting_returns_an_operation_and_deletes_the_policy(call: Sender) -> None:
    create(call)
    policy = {"bindings": [{"role": "roles/artifactregistry.reader", "members": ["user:ann@example.com"]}]}
    call("POST", f"{IMAGES}:setIamPolicy", {"policy": policy})
    assert call("DELETE", IMAGES)["response"] == {"@type": "type.googleapis.com/google.protobuf.Empty"}
    create(call)
    assert "bindings" not in call("GET", f"{IMAGES}:getIamPolicy")


def test_a_reader_of_one_repository_reads_only_that_one(call: Sender) -> None:
    create(call)
    create(call, name="private")
    ann = call.as_("user:ann@example.com")
    ann.refused("GET", IMAGES, status=403)
    policy = {"bindings": [{"role": "roles/artifactregistry.reader", "members": ["user:ann@example.com"]}]}
    call("POST", f"{IMAGES}:setIamPolicy", {"policy": policy})
    ann("GET", IMAGES)
    ann("GET", f"{IMAGES}/dockerImages")
    assert "artifactregistry.repositories.get" in ann.refused("GET", f"{REPOSITORIES}/private", status=403)
    assert "artifactregistry.repositories.update" in ann.refused(
        "PATCH", f"{IMAGES}?updateMask=description", {}, status=403
    )


@pytest.mark.parametrize("version", ["v1", "v1beta2"])
def test_locations_are_regions_and_multi_regions(call: Sender, version: str) -> None:
    found = call("GET", f"/artifactregistry/{version}/projects/{PROJECT}/locations")["locations"]
    assert {"europe-west1", "us", "europe", "asia"} <= {one["locationId"] for one in found}
    assert call("GET", f"/artifactregistry/{version}/projects/{PROJECT}/locations/us")["locationId"] == "us"


def test_repositories_of_all_locations_are_listed_with_a_dash(call: Sender) -> None:
    create(call)
    call(
        "POST",
        f"/artifactregistry/v1/projects/{PROJECT}/locations/us/repositories?repositoryId=more",
        {"format": "NPM"},
    )
    found = call("GET", f"/artifactregistry/v1/projects/{PROJECT}/locations/-/repositories")["repositories"]
    assert [one["format"] for one in found] == ["DOCKER", "NPM"]


def test_settings_have_defaults_and_keep_changes(call: Sender) -> None:
    path = f"/artifactregistry/v1/projects/{PROJECT}/projectSettings"
    assert call("GET", path)["legacyRedirectionState"] == "REDIRECTION_FROM_GCR_IO_DISABLED"
    change = {"legacyRedirectionState": "REDIRECTION_FROM_GCR_IO_ENABLED", "pullPercent": 7}
    changed = call("PATCH", f"{path}?updateMask=legacy_redirection_state", change)
    assert changed == call("GET", path)
    assert changed["legacyRedirectionState"] == "REDIRECTION_FROM_GCR_IO_ENABLED"
    assert "pullPercent" not in changed
