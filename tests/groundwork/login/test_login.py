"""Logging in, the resulting identity, and how `doctor` reports it: at "Google", with a stand-in for gcloud that writes a login."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from groundwork.errors import Exit
from groundwork.google import local
from groundwork.google.cloud import google_cloud
from groundwork.login import deployer, identity

from tests.groundwork.at_google import OWNER, Google, gcloud, make_deployer
from tests.small_clone import SmallClone


def commands(notes: Path) -> list[str]:
    """The calls of gcloud to log in or set the quota project; google-auth also calls it for a project."""
    lines = notes.read_text().splitlines() if notes.exists() else []
    return [line.removeprefix("gcloud auth application-default ") for line in lines if " auth " in line]


def test_nobody_logs_in_to_the_local_cloud(clone: SmallClone) -> None:
    result = clone("login")
    assert result.code == Exit.OK
    assert "The local cloud (simulated) needs no login: every command runs as owner@example.com" in result.text
    assert 'eval "$(groundwork env --env local)"' in result.text


def test_login_runs_gcloud_sets_the_quota_project_and_names_the_identity(google: Google) -> None:
    notes = gcloud(google)
    result = google.clone("login", "--env", "dev")
    assert result.code == Exit.OK, result.err
    assert commands(notes) == ["login", f"set-quota-project {google.clone.project}"]
    assert "principal      owner@example.com\n" in result.text
    assert f"quota project  {google.clone.project}\n" in result.text
    assert f"deployer       {google.environment.deployer} does not exist yet; the first `up` creates it" in result.text
    assert google.proxy.refused == []


def test_a_login_that_works_says_nothing_else(google: Google) -> None:
    google.log_in()
    result = subprocess.run(
        [sys.executable, "-m", "groundwork", "whoami", "--env", "dev"],
        cwd=google.clone.root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (result.returncode, result.stderr) == (Exit.OK, "")
    assert "principal      owner@example.com\n" in result.stdout


def test_a_valid_login_is_left_alone(google: Google) -> None:
    notes = gcloud(google)
    google.log_in(quota_project_id=google.clone.project)
    assert google.clone("login", "--env", "dev").code == Exit.OK
    assert commands(notes) == []


def test_the_option_again_renews_a_valid_login(google: Google) -> None:
    notes = gcloud(google)
    google.log_in(quota_project_id=google.clone.project)
    google.clone("login", "--env", "dev", "--again", "--no-browser")
    assert commands(notes)[0] == "login --no-launch-browser"


def test_a_login_that_ran_out_is_renewed(google: Google) -> None:
    notes = gcloud(google)
    google.log_in()
    google.spoil()
    refused = google.clone("whoami", "--env", "dev")
    assert refused.code == Exit.PERMISSION
    assert "Your login is no longer valid (" in refused.err
    assert "run `groundwork login --env dev`" in refused.err
    assert google.clone("login", "--env", "dev").code == Exit.OK
    assert commands(notes)[0] == "login"


def test_without_the_right_to_charge_the_project_the_login_still_works(google: Google) -> None:
    gcloud(google, quota="echo 'ERROR: (gcloud.auth) no permission' >&2; exit 1")
    result = google.clone("login", "--env", "dev")
    assert result.code == Exit.OK
    assert f"note: {google.clone.project} could not be set as the quota project" in result.err
    assert "(no permission); that needs serviceusage.services.use" in result.err


def test_impersonation_of_the_deployer_is_tried(google: Google) -> None:
    gcloud(google)
    make_deployer(google, OWNER)
    result = google.clone("login", "--env", "dev")
    assert f"deployer       may act as {google.environment.deployer} (tried)" in result.text
    assert f"export GOOGLE_IMPERSONATE_SERVICE_ACCOUNT={google.environment.deployer}" in result.text
    assert "local/" not in result.text + result.err


def test_a_caller_who_may_not_act_as_the_deployer_is_told(google: Google) -> None:
    gcloud(google)
    make_deployer(google, "user:carol@example.com")
    google.log_in("user:alice@example.com")
    found = deployer.ask(google_cloud(google.clone.project, os.environ), google.environment, "alice@example.com")
    assert (found.answer, "operators have it" in found.text) == ("no", True)


def test_a_named_deployer_is_the_identity(google: Google, monkeypatch: pytest.MonkeyPatch) -> None:
    make_deployer(google, OWNER)
    google.log_in()
    monkeypatch.setenv("GOOGLE_IMPERSONATE_SERVICE_ACCOUNT", google.environment.deployer)
    found = json.loads(google.clone("whoami", "--env", "dev", "--json").out)
    assert found["principal"] == found["impersonated"] == google.environment.deployer
    assert datetime.fromisoformat(found["expires"]) > datetime.now(UTC)


def test_a_caller_who_may_not_act_as_the_named_service_account_is_told(
    google: Google, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_deployer(google, "user:carol@example.com")
    google.log_in("user:alice@example.com")
    monkeypatch.setenv("GOOGLE_IMPERSONATE_SERVICE_ACCOUNT", google.environment.deployer)
    for command in (("whoami",), ("access", "check")):
        result = google.clone(*command, "--env", "dev")
        assert result.code == Exit.PERMISSION
        assert (
            f"Error: Your login may not act as {google.environment.deployer}, or there is no such account" in result.err
        )


def test_logging_in_as_the_deployer_names_it_to_gcloud(google: Google) -> None:
    notes = gcloud(google)
    google.clone("login", "--env", "dev", "--impersonate")
    assert commands(notes)[0] == f"login --impersonate-service-account {google.environment.deployer}"


def test_a_dry_run_shows_the_gcloud_command(google: Google) -> None:
    result = google.clone("login", "--env", "dev", "--dry-run")
    assert "would run, unless the login is valid: gcloud auth application-default login\n" in result.text
    assert not (google.config / "application_default_credentials.json").exists()


def test_a_token_in_the_shell_is_the_identity(google: Google, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", local.token(google.clone.checkout))
    found = json.loads(google.clone("whoami", "--env", "dev", "--json").out)
    assert (found["principal"], found["source"]) == ("owner@example.com", "the token in GOOGLE_OAUTH_ACCESS_TOKEN")
    assert found["expires"] is None


@pytest.mark.parametrize(
    ("as_", "principal"),
    [
        (None, "owner@example.com"),
        ("alice@example.com", "alice@example.com"),
        ("USER:Bob@Example.com", "bob@example.com"),
    ],
)
def test_on_the_local_cloud_as_chooses_the_principal(as_: str | None, principal: str, clone: SmallClone) -> None:
    found = json.loads(clone("whoami", *(["--as", as_] if as_ else []), "--json").out)
    assert (found["principal"], found["simulated"]) == (principal, True)


@pytest.mark.parametrize(
    ("token", "as_", "principal"),
    [
        ("local/user:alice@example.com//code", None, "alice@example.com"),
        ("local/user:alice@example.com//code", "bob@example.com", "bob@example.com"),
        ("a-token-of-google", None, "owner@example.com"),
    ],
)
def test_on_the_local_cloud_the_shell_names_the_principal_unless_as_does(
    token: str, as_: str | None, principal: str, clone: SmallClone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", token)
    found = json.loads(clone("whoami", *(["--as", as_] if as_ else []), "--json").out)
    assert found["principal"] == principal


@pytest.mark.parametrize(
    ("minutes", "text"),
    [(59.5, "in 59 min, then it is renewed"), (0.5, "in 0 min, then it is renewed"), (-5, "expired")],
)
def test_expiry_is_shown_in_minutes(minutes: float, text: str) -> None:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    found = identity.Caller("a", "b", "p", "", "", now + timedelta(minutes=minutes), simulated=False)
    assert found.expiry(now) == text
