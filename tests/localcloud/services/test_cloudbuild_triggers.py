"""Triggers, connections to repositories, and pushes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from localcloud.services.cloudbuild import builds

from tests.localcloud.inside import NUMBER, PROJECT, Inside
from tests.localcloud.services.builds_inside import (
    ACCOUNT,
    BASE,
    LOGGED,
    NOTHING,
    REGION,
    built,
    cloud,
)

__all__ = ["cloud"]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    folder.mkdir()
    _git(folder, "init", "--quiet", "--initial-branch=main")
    steps_ = "[{name: gcr.io/cloud-builders/git, args: [log, --format=%H]}]"
    (folder / "cloudbuild.yaml").write_text(
        f"steps: {steps_}\noptions:\n  logging: CLOUD_LOGGING_ONLY\ntags: [$SHORT_SHA]\n"
    )
    _commit(folder, "one")
    return folder


def test_a_trigger_is_found_by_id_and_name_in_both_families_of_paths(cloud: Inside) -> None:
    sent = {"name": "app", "build": NOTHING, "github": {"owner": "o", "name": "r", "push": {"branch": "^main$"}}}
    created = cloud.ok("POST", f"{BASE}/triggers", sent)
    assert created["resourceName"] == f"projects/{PROJECT}/locations/global/triggers/{created['id']}"
    for parent in (f"{BASE}/triggers", f"{BASE}/locations/global/triggers"):
        for name in (created["id"], "app"):
            assert cloud.ok("GET", f"{parent}/{name}") == created
    assert cloud("POST", f"{BASE}/triggers", sent).status == 409
    changed = cloud.ok("PATCH", f"{BASE}/triggers/app", {**created, "disabled": True, "description": "x"})
    assert changed["disabled"]
    cloud.ok("DELETE", f"{BASE}/triggers/app")
    assert cloud("GET", f"{BASE}/triggers/app").status == 404


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"name": "-app"}, "invalid trigger name"),
        ({"filename": "x.yaml"}, "exactly one of build, filename"),
        ({"webhookConfig": {"secret": "x"}}, "one source of events"),
        ({"substitutions": {"TAG_NAME": "x"}}, "does not respect format"),
        ({"github": {"owner": "o", "name": "r", "push": {"branch": "("}}}, "not a valid regular expression"),
        ({"github": {"owner": "o", "name": "r"}}, "must have push or pull_request"),
    ],
)
def test_an_invalid_trigger_is_a_400(cloud: Inside, change: dict[str, Any], problem: str) -> None:
    sent = {"name": "app", "build": NOTHING, "github": {"owner": "o", "name": "r", "push": {"branch": "main"}}}
    response = cloud("POST", f"{BASE}/triggers", {**sent, **change})
    assert (response.status, problem in response.message) == (400, True), response.message


@pytest.mark.parametrize(
    "event",
    [
        {"triggerTemplate": {"branchName": "main", "projectId": PROJECT, "repoName": "default"}},
        {"bitbucketServerTriggerConfig": {"repoSlug": "r", "push": {"branch": "main"}}},
        {"developerConnectEventConfig": {"gitRepositoryLink": "l", "push": {"branch": "main"}}},
    ],
)
def test_a_trigger_for_an_unsupported_event_is_stored_and_never_run(cloud: Inside, event: dict[str, Any]) -> None:
    response = cloud("POST", f"{BASE}/triggers", {"name": "app", "build": NOTHING, **event})
    assert (response.status, response.body | event) == (200, response.body)
    refused = cloud("POST", f"{BASE}/triggers/app:run", {})
    assert (refused.status, "but never runs them (simulated)" in refused.message) == (501, True)


def test_a_trigger_runs_by_hand_with_its_substitutions(cloud: Inside) -> None:
    build = {"steps": [{"name": "x", "args": ["${_WHAT}-${TRIGGER_NAME}"]}], **LOGGED}
    trigger = cloud.ok(
        "POST", f"{REGION}/triggers", {"name": "byhand", "build": build, "substitutions": {"_WHAT": "a"}}
    )
    created = cloud.ok("POST", f"{REGION}/triggers/{trigger['id']}:run", {"source": {"substitutions": {"_WHAT": "b"}}})
    found = created["metadata"]["build"]
    assert found["steps"][0]["args"] == ["b-byhand"]
    assert found["buildTriggerId"] == trigger["id"]
    assert [one["id"] for one in cloud.ok("GET", f"{REGION}/builds?filter=trigger_id%3D{trigger['id']}")["builds"]] == [
        found["id"]
    ]


def test_a_build_of_a_trigger_with_approval_waits_for_it(cloud: Inside) -> None:
    sent = {"name": "asks", "build": NOTHING, "approvalConfig": {"approvalRequired": True}}
    cloud.ok("POST", f"{BASE}/triggers", sent)
    build = cloud.ok("POST", f"{BASE}/triggers/asks:run", {})["metadata"]["build"]
    assert (build["status"], build["approval"]["state"]) == ("PENDING", "PENDING")
    approve = f"cloudbuild/v1/projects/{PROJECT}/locations/global/builds/{build['id']}:approve"
    assert cloud("POST", approve, {}).status == 400
    build = cloud.ok("POST", approve, {"approvalResult": {"decision": "APPROVED"}})["metadata"]["build"]
    assert (build["status"], build["approval"]["result"]["approverAccount"]) == ("QUEUED", "owner@example.com")


def test_a_connection_waits_for_a_person_and_a_folder_replaces_github(cloud: Inside, repository: Path) -> None:
    place = f"cloudbuild/v2/projects/{PROJECT}/locations/europe-west1/connections"
    operation = cloud.ok("POST", f"{place}?connectionId=hub", {"githubConfig": {}})
    state = operation["response"]["installationState"]
    assert (state["stage"], bool(state["actionUri"])) == ("PENDING_USER_OAUTH", True)
    url = {"remoteUri": "https://github.com/team/app.git"}
    response = cloud("POST", f"{place}/hub/repositories?repositoryId=app", url)
    assert (response.status, "groundwork local repository" in response.message) == (400, True)
    answer = _control(cloud, "repositories", {"repository": url["remoteUri"], "folder": str(repository)})
    assert answer["folders"] == {"github.com/team/app": str(repository)}
    assert cloud.ok("GET", f"{place}/hub")["installationState"] == {"stage": "COMPLETE"}
    created = cloud.ok("POST", f"{place}/hub/repositories?repositoryId=app", url)["response"]
    assert cloud.ok("GET", f"cloudbuild/v2/{created['name']}:fetchGitRefs")["refNames"] == ["main"]


def test_a_connection_with_a_token_that_its_agent_may_read_is_complete(cloud: Inside) -> None:
    place = f"cloudbuild/v2/projects/{PROJECT}/locations/europe-west1/connections"
    cloud.ok("POST", f"secretmanager/v1/projects/{PROJECT}/secrets?secretId=github", {"replication": {"automatic": {}}})
    cloud.ok(
        "POST", f"secretmanager/v1/projects/{PROJECT}/secrets/github:addVersion", {"payload": {"data": "c2VjcmV0"}}
    )
    version = f"projects/{PROJECT}/secrets/github/versions/latest"
    sent = {"githubConfig": {"appInstallationId": "1", "authorizerCredential": {"oauthTokenSecretVersion": version}}}
    assert "could not access secret" in cloud("POST", f"{place}?connectionId=hub", sent).message
    agent = f"serviceAccount:service-{NUMBER}@gcp-sa-cloudbuild.iam.gserviceaccount.com"
    cloud.grant("roles/secretmanager.secretAccessor", agent)
    created = cloud.ok("POST", f"{place}?connectionId=hub", sent)["response"]
    assert created["installationState"] == {"stage": "COMPLETE"}


def test_a_push_builds_what_its_triggers_ask_for(cloud: Inside, repository: Path) -> None:
    hub = {"owner": "team", "name": "app", "push": {"branch": "^main$"}}
    cloud.ok("POST", f"{BASE}/triggers", {"name": "app", "filename": "cloudbuild.yaml", "github": hub})
    only = {"name": "docs", "filename": "cloudbuild.yaml", "github": hub, "includedFiles": ["docs/**"]}
    cloud.ok("POST", f"{BASE}/triggers", only)
    cloud.ok(
        "POST", f"{BASE}/triggers", {"name": "off", "filename": "cloudbuild.yaml", "github": hub, "disabled": True}
    )
    _control(cloud, "repositories", {"repository": "git@github.com:team/app.git", "folder": str(repository)})
    assert _control(cloud, "pushes", {})["pushes"] == []
    commit = _commit(repository, "two")
    (push,) = _control(cloud, "pushes", {})["pushes"]
    assert (push["ref"], push["commit"]) == ("refs/heads/main", commit)
    began = [one for one in push["triggers"] if one["build"]]
    assert len(began) == 1, push
    build = cloud.ok("GET", f"cloudbuild/v1/{began[0]['build']}")
    assert build["substitutions"]["BRANCH_NAME"] == "main"
    assert build["tags"][0] == commit[:7]
    (repository / "docs").mkdir()
    (repository / "docs" / "x.md").write_text("x")
    _commit(repository, "three")
    (push,) = _control(cloud, "pushes", {"repository": "https://github.com/team/app"})["pushes"]
    assert len([one for one in push["triggers"] if one["build"]]) == 2


def test_what_failed_to_build_is_tried_again_whatever_was_pushed_since(cloud: Inside, repository: Path) -> None:
    hub = {"owner": "team", "name": "app", "push": {"branch": "^main$"}}
    only = {"name": "docs", "filename": "cloudbuild.yaml", "github": hub, "includedFiles": ["docs/**"]}
    cloud.ok("POST", f"{BASE}/triggers", only)
    _control(cloud, "repositories", {"repository": "https://github.com/team/app", "folder": str(repository)})
    (repository / "docs").mkdir()
    (repository / "docs" / "x.md").write_text("x")
    _commit(repository, "two")

    def push(status: str) -> list[bool]:
        """Which of the started builds are repetitions; they end with a status."""
        results = [one for found in _control(cloud, "pushes", {})["pushes"] for one in found["triggers"]]
        for one in results:
            if one["build"]:
                builds.changed(cloud.cloud, one["build"], status=status)
        return [one["again"] for one in results if one["build"]]

    assert push("FAILURE") == [False]
    _commit(repository, "three, elsewhere")
    assert push("TIMEOUT") == [True]
    assert push("SUCCESS") == [True]
    assert push("SUCCESS") == []


def test_a_build_that_cannot_be_started_is_in_the_history_and_is_tried_again(cloud: Inside, repository: Path) -> None:
    (repository / "cloudbuild.yaml").write_text(json.dumps({"steps": []}))
    _control(cloud, "repositories", {"repository": "https://github.com/team/app", "folder": str(repository)})
    hub = {"owner": "team", "name": "app", "push": {"branch": "^main$"}}
    cloud.ok("POST", f"{BASE}/triggers", {"name": "app", "filename": "cloudbuild.yaml", "github": hub})
    commit = _commit(repository, "two")
    (push,) = _control(cloud, "pushes", {})["pushes"]
    (result,) = push["triggers"]
    assert result["problem"].startswith("invalid build: a build has 1 to 300 steps")
    build = cloud.ok("GET", f"cloudbuild/v1/{result['build']}")
    assert (build["status"], build["statusDetail"]) == ("FAILURE", f"Failed to trigger build: {result['problem']}")
    assert build["substitutions"]["COMMIT_SHA"] == commit
    assert cloud.ok("GET", f"{BASE}/builds")["builds"] == [build]
    (push,) = _control(cloud, "pushes", {})["pushes"]
    assert push["triggers"][0]["again"]
    (repository / "cloudbuild.yaml").write_text(json.dumps(NOTHING))
    _commit(repository, "three")
    (push,) = _control(cloud, "pushes", {})["pushes"]
    assert (push["triggers"][0]["problem"], push["triggers"][0]["build"] != "") == ("", True)


def test_a_build_file_does_not_choose_the_account_of_a_triggers_builds(cloud: Inside, repository: Path) -> None:
    (repository / "cloudbuild.yaml").write_text(json.dumps({**NOTHING, "serviceAccount": ACCOUNT}))
    _control(cloud, "repositories", {"repository": "https://github.com/team/app", "folder": str(repository)})
    hub = {"owner": "team", "name": "app", "push": {"branch": "^main$"}}
    cloud.ok("POST", f"{BASE}/triggers", {"name": "app", "filename": "cloudbuild.yaml", "github": hub})
    _control(cloud, "pushes", {})
    _commit(repository, "two")
    (push,) = _control(cloud, "pushes", {})["pushes"]
    build = cloud.ok("GET", f"cloudbuild/v1/{push['triggers'][0]['build']}")
    assert build["serviceAccount"].endswith(f"/{NUMBER}-compute@developer.gserviceaccount.com")
    cloud.grant("roles/cloudbuild.builds.editor", "user:alice@example.com")
    inline = {"name": "inline", "github": hub, "build": {**NOTHING, "serviceAccount": ACCOUNT}}
    response = cloud.as_("user:alice@example.com")("POST", f"{BASE}/triggers", inline)
    assert (response.status, "permission to act as" in response.message) == (403, True)
    cloud.ok("POST", f"{BASE}/triggers", inline)


def test_a_repository_is_built_by_its_own_project_alone(cloud: Inside) -> None:
    other = "projects/other-team/locations/europe-west1/connections/hub/repositories/app"
    cloud.cloud.store.put("cloudbuild", other, {"name": other, "remoteUri": "https://github.com/team/app.git"})
    source = {"connectedRepository": {"repository": other, "revision": "main"}}
    response = cloud("POST", f"{BASE}/builds", {**NOTHING, "source": source})
    assert (response.status, "does not exist in inside-project" in response.message) == (400, True)
    event = {"repository": other, "push": {"branch": "main"}}
    body = {"name": "app", "filename": "cloudbuild.yaml", "repositoryEventConfig": event}
    response = cloud("POST", f"{REGION}/triggers", body)
    assert (response.status, "does not exist in inside-project" in response.message) == (400, True)


def test_a_repositorys_address_is_no_way_to_read_it(cloud: Inside, repository: Path) -> None:
    _control(cloud, "repositories", {"repository": "https://github.com/team/app", "folder": str(repository)})
    hub = {"owner": "team", "name": "app", "push": {"branch": "^main$"}}
    trigger = {"name": "app", "build": NOTHING, "github": hub}
    by_file = {"name": "file", "gitFileSource": {"path": "cloudbuild.yaml", "uri": "https://github.com/team/app"}}
    build = {**NOTHING, "source": {"gitSource": {"url": "https://github.com/team/app", "revision": "main"}}}
    cloud.grant("roles/cloudbuild.builds.editor", "user:alice@example.com")
    alice = cloud.as_("user:alice@example.com")
    for path, sent in (("builds", build), ("triggers", trigger), ("triggers", by_file)):
        response = alice("POST", f"{BASE}/{path}", sent)
        assert (response.status, "is not connected to inside-project" in response.message) == (403, True), response
    cloud.ok("POST", f"{BASE}/triggers", trigger)
    alice.ok("POST", f"{BASE}/builds", build)
    alice.ok("POST", f"{BASE}/triggers", by_file)


def test_a_trigger_runs_on_a_branch_of_the_folder_at_its_commit(cloud: Inside, repository: Path) -> None:
    _control(cloud, "repositories", {"repository": "https://github.com/team/app", "folder": str(repository)})
    hub = {"owner": "team", "name": "app", "push": {"branch": "^main$"}}
    cloud.ok("POST", f"{BASE}/triggers", {"name": "app", "filename": "cloudbuild.yaml", "github": hub})

    run = f"{BASE}/locations/global/triggers/app:run"
    build = built(cloud, {"source": {"branchName": "main"}}, run)
    commit = _git(repository, "rev-parse", "HEAD")
    assert build["status"] == "SUCCESS", build
    assert build["sourceProvenance"]["resolvedGitSource"]["revision"] == commit
    response = cloud("POST", run, {"source": {"branchName": "none"}})
    assert (response.status, "none is not a branch" in response.message) == (400, True)


def _control(cloud: Inside, name: str, body: dict[str, Any]) -> Any:
    response = cloud("POST", f"_local/{name}", body, x_local_control="key")
    assert response.status == 200, response.body
    return response.body


def _git(folder: Path, *arguments: str) -> str:
    settings = ["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    result = subprocess.run(
        ["git", *settings, "-C", str(folder), *arguments], capture_output=True, text=True, check=True
    )
    return result.stdout.strip()


def _commit(folder: Path, text: str) -> str:
    (folder / "file.txt").write_text(text)
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "-m", text)
    return _git(folder, "rev-parse", "HEAD")
