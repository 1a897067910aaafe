"""Identity tokens: as a person, as an account that one acts as, by a workflow of GitHub's without a key, and cases where none is available."""

from __future__ import annotations

import pytest
from groundwork.errors import Exit, GroundworkError, PermissionProblem
from groundwork.google.cloud import google_cloud
from groundwork.workloads import tokens
from groundwork.workloads.project import Project

from tests.groundwork.at_google import Google

URL = "https://api-x-ew.a.run.app"
CI = "groundwork-ci@p.iam.gserviceaccount.com"
GENERATE = f"POST iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{CI}:generateIdToken"
EXCHANGE = "POST oauth2.googleapis.com/token"


def project(google: Google) -> Project:
    return Project(google_cloud(google.clone.project), google.environment)


def test_a_persons_login_has_an_identity_token_with_the_openid_scope(google: Google) -> None:
    google.log_in_as_person()
    assert tokens.identity_token(project(google), URL) == "a-persons-own"
    answer = {"access_token": "ya29.x", "expires_in": 3599, "token_type": "Bearer"}
    google.proxy.scripted[EXCHANGE] = (200, answer)
    with pytest.raises(PermissionProblem, match="provides no identity token: run `groundwork login --again`"):
        tokens.identity_token(project(google), URL)


def test_acting_as_an_account_gives_the_accounts_token(google: Google, monkeypatch: pytest.MonkeyPatch) -> None:
    google.log_in()
    monkeypatch.setenv("GOOGLE_IMPERSONATE_SERVICE_ACCOUNT", CI)
    google.proxy.scripted[GENERATE] = (200, {"token": "eyJ.ci"})
    assert tokens.identity_token(project(google), URL) == "eyJ.ci"


def test_a_workflow_authenticated_without_a_key_gets_its_accounts(google: Google) -> None:
    """With the token of the identity pool itself, since the account may not create tokens for itself."""
    more = {
        "service_account_impersonation_url": f"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{CI}:generateAccessToken"
    }
    google.log_in(**more)
    google.proxy.scripted[GENERATE] = (200, {"token": "eyJ.github"})
    google.proxy.answered.clear()
    assert tokens.identity_token(project(google), URL) == "eyJ.github"
    assert not [call for call in google.proxy.answered if call.endswith(":generateAccessToken")]


def test_a_bare_access_token_is_not_enough(google: Google, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "ya29.x")
    with pytest.raises(GroundworkError) as problem:
        tokens.identity_token(project(google), URL)
    assert problem.value.exit_code == Exit.PERMISSION
    assert "ya29" not in problem.value.message
