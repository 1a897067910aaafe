"""One door to Google or the local cloud: addresses, pages, and refusals as errors with codes."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from pathlib import Path

import pytest
from google.auth.exceptions import RefreshError
from google.oauth2.credentials import Credentials
from groundwork.environment.checkout import Checkout
from groundwork.errors import Exit, PermissionProblem
from groundwork.google import local
from groundwork.google.cloud import CloudProblem, GoogleCloud, google_cloud, impersonating_once, local_cloud
from groundwork.google.transport import refused_login

from tests.groundwork.resources.google_lists import PROJECT, scripted


@pytest.fixture
def cloud(local_clone: Checkout) -> GoogleCloud:
    """A fresh project with Secret Manager switched on."""
    cloud = local_cloud(f"p-{uuid.uuid4().hex[:20]}", local.start(local_clone).base, local.token(local_clone))
    cloud.request("POST", "cloudresourcemanager", "v1/projects", json={"projectId": cloud.project})
    cloud.request(
        "POST", "serviceusage", f"v1/projects/{cloud.project}/services/secretmanager.googleapis.com:enable", json={}
    )
    return cloud


def secret(cloud: GoogleCloud, name: str) -> None:
    body = {"replication": {"automatic": {}}}
    cloud.request("POST", "secretmanager", f"v1/projects/{cloud.project}/secrets", params={"secretId": name}, json=body)


@pytest.mark.parametrize(
    ("api", "real", "local_path"),
    [
        ("secretmanager", "https://secretmanager.googleapis.com", "secretmanager"),
        ("storage", "https://storage.googleapis.com/storage", "storage"),
        ("europe-west1-aiplatform", "https://europe-west1-aiplatform.googleapis.com", "aiplatform"),
    ],
)
def test_an_api_has_an_address(api: str, real: str, local_path: str) -> None:
    assert GoogleCloud("p", None, None).address(api) == real
    assert GoogleCloud("p", "http://127.0.0.1:9", None).address(api) == f"http://127.0.0.1:9/{local_path}"


def test_a_request_answers_json(cloud: GoogleCloud) -> None:
    secret(cloud, "s")
    found = cloud.request("GET", "secretmanager", f"v1/projects/{cloud.project}/secrets/s")
    assert found["replication"] == {"automatic": {}}


@pytest.mark.parametrize("name", ["s#t", "s t", "\udcff", "ü"])
def test_whatever_a_name_holds_it_is_asked_for_and_no_other(cloud: GoogleCloud, name: str) -> None:
    secret(cloud, "s")
    with pytest.raises(CloudProblem) as refused:
        cloud.request("GET", "secretmanager", f"v1/projects/{cloud.project}/secrets/{name}")
    assert refused.value.code in {400, 404}


def test_all_pages_are_read(cloud: GoogleCloud) -> None:
    for number in range(5):
        secret(cloud, f"s{number}")
    path = f"v1/projects/{cloud.project}/secrets"
    names = [
        item["name"].rpartition("/")[2] for item in cloud.pages("secretmanager", path, "secrets", {"pageSize": "2"})
    ]
    assert sorted(names) == [f"s{number}" for number in range(5)]


def test_the_official_clients_speak_to_the_same_cloud(cloud: GoogleCloud) -> None:
    secret(cloud, "s")
    assert [
        found.name.rpartition("/")[2] for found in cloud.secrets().list_secrets(parent=f"projects/{cloud.project}")
    ] == ["s"]
    bucket = cloud.storage().create_bucket(f"{cloud.project}-b", location="europe-west1")
    bucket.blob("a").upload_from_string(b"hello")
    assert cloud.read("storage", f"v1/b/{bucket.name}/o/a", params={"alt": "media"}) == b"hello"


def test_a_refusal_keeps_code_status_and_reason(cloud: GoogleCloud) -> None:
    path = f"v1/projects/{cloud.project}/locations/europe-west1/repositories"
    with pytest.raises(CloudProblem) as error:
        cloud.request("GET", "artifactregistry", path)
    problem = error.value
    assert (problem.code, problem.status, problem.reason) == (403, "PERMISSION_DENIED", "SERVICE_DISABLED")
    assert problem.exit_code == Exit.FAILED
    assert problem.message.startswith(f"GET artifactregistry {path}: 403 PERMISSION_DENIED: Artifact Registry API")


def test_a_missing_permission_has_its_own_exit_code(cloud: GoogleCloud, local_clone: Checkout) -> None:
    stranger = local_cloud(cloud.project, str(cloud.base), local.token(local_clone, "user:stranger@example.com"))
    with pytest.raises(CloudProblem) as error:
        stranger.request("GET", "secretmanager", f"v1/projects/{cloud.project}/secrets")
    assert error.value.exit_code == Exit.PERMISSION
    assert "secretmanager.secrets.list" in error.value.text


def test_storages_own_dialect_is_understood(cloud: GoogleCloud) -> None:
    with pytest.raises(CloudProblem) as error:
        cloud.request("GET", "storage", f"v1/b/{cloud.project}-nothing")
    assert (error.value.code, error.value.reason) == (404, "notFound")


def test_no_answer_is_code_0_and_is_temporary() -> None:
    nobody = local_cloud("p", "http://127.0.0.1:1", "t")
    with pytest.raises(CloudProblem) as error:
        nobody.request("POST", "storage", "v1/b", json={})
    assert (error.value.code, error.value.status) == (0, "UNREACHABLE")
    assert error.value.is_temporary
    assert "Connection refused" in error.value.message


def test_without_a_network_calls_fail_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    with pytest.raises(CloudProblem, match="no answer UNREACHABLE"):
        GoogleCloud("p", None, Credentials("t")).request("GET", "storage", "v1/b/nothing")
    assert 5 < sum(waits) < 10


def test_a_token_in_the_environment_is_used_as_it_is() -> None:
    assert google_cloud("p", {"GOOGLE_OAUTH_ACCESS_TOKEN": "abc"}).credentials.token == "abc"


def test_the_deployer_is_impersonated_where_it_is_named() -> None:
    deployer = "groundwork-deployer@p.iam.gserviceaccount.com"
    variables: Mapping[str, str] = {"GOOGLE_OAUTH_ACCESS_TOKEN": "abc", "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT": deployer}
    assert google_cloud("p", variables).credentials.service_account_email == deployer


def test_a_login_as_the_deployer_does_not_impersonate_it_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`login --impersonate` in a shell that is already set to impersonate: Google lets no account act as itself unless it is granted."""
    deployer, other = (f"{name}@p.iam.gserviceaccount.com" for name in ("groundwork-deployer", "other"))
    person = {"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r"}
    address = f"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{deployer}:generateAccessToken"
    login = {"type": "impersonated_service_account", "service_account_impersonation_url": address}
    (tmp_path / "login.json").write_text(json.dumps({**login, "source_credentials": person}), "utf-8")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "login.json"))
    shell = {"GOOGLE_IMPERSONATE_SERVICE_ACCOUNT": deployer}
    found = google_cloud("p", shell).credentials
    assert found.service_account_email == deployer
    assert isinstance(found._source_credentials, Credentials)
    assert impersonating_once(shell) == {}
    beyond = {"GOOGLE_IMPERSONATE_SERVICE_ACCOUNT": other}
    assert google_cloud("p", beyond).credentials.service_account_email == other
    assert impersonating_once(beyond) == beyond


@pytest.mark.parametrize(
    ("login", "project"),
    [
        (Credentials("t", refresh_token="r"), "p"),
        (Credentials("t", refresh_token="r", quota_project_id="mine"), "mine"),
        (Credentials("t"), None),
    ],
    ids=["a person", "a person who says which project", "a token"],
)
def test_a_persons_calls_use_the_projects_quota_unless_the_login_names_another(
    login: Credentials, project: str | None
) -> None:
    assert GoogleCloud("p", None, login).credentials.quota_project_id == project


@pytest.mark.parametrize(
    ("code", "reason", "way_on"),
    [
        (401, "", "your login was not accepted"),
        (403, "", "ask an owner of the project"),
        (403, "accountDisabled", "no billing account pays for the project"),
        (403, "USER_PROJECT_DENIED", "run `groundwork login --env NAME`"),
    ],
)
def test_a_refusal_says_what_to_do(code: int, reason: str, way_on: str) -> None:
    (line,) = CloudProblem("GET storage v1/b", code, "", "No.", reason).details
    assert way_on in line


def test_a_rate_limited_call_is_retried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    with scripted() as script:
        path = f"/compute/v1/projects/{PROJECT}/zones"
        often = {"error": {"code": 403, "errors": [{"reason": "rateLimitExceeded"}], "message": "Slower, please."}}
        script.answers[path] = lambda: {"items": []} if len(script.asked) > 2 else (403, often)
        assert script.cloud.request("GET", "compute", f"v1/projects/{PROJECT}/zones") == {"items": []}


def test_a_refused_login_shows_nothing_of_what_google_answered() -> None:
    refused = refused_login(RefreshError("invalid_grant: Bad Request", {"access_token": "hunter2"}))
    assert refused.message == (
        "Your login is no longer valid (invalid_grant: Bad Request): run `groundwork login --env NAME`."
    )
    assert refused.exit_code == Exit.PERMISSION


def test_a_missing_login_is_reported_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_OAUTH_ACCESS_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    with pytest.raises(
        PermissionProblem,
        match=r"^You are not logged in to Google Cloud: run `groundwork login --env NAME`\.$",
    ):
        google_cloud("p", {})
