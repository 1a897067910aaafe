"""Logging in, who one is then, and what `doctor` makes of it: at "Google", with a stand-in for gcloud that writes a login."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from google.oauth2.credentials import Credentials
from groundwork.errors import Exit
from groundwork.google import local
from groundwork.google.cloud import Cloud, CloudProblem, google_cloud
from groundwork.lifecycle.prerequisites import APIS
from groundwork.login import checks, deployer, identity
from groundwork.login.checks import GITHUB_PERMISSIONS, PERMISSIONS, clock_row, rows
from localcloud.server import launcher

from tests.groundwork.login.conftest import Google
from tests.small_clone import ROOT, SmallClone

OWNER = "user:owner@example.com"


def gcloud(google: Google, *, quota: str = "exit 0") -> Any:
    """gcloud as `login` uses it: it writes the owner's login, and the quota project into it."""
    adc = google.config / "application_default_credentials.json"
    fresh = google.credentials(OWNER)
    charged = google.credentials(OWNER, quota_project_id=google.clone.project)
    return google.program(
        "gcloud",
        f"""case "$*" in
  "auth application-default login"*) cat > '{adc}' <<'END'\n{fresh}\nEND
  ;;
  "auth application-default set-quota-project"*) cat > '{adc}' <<'END'\n{charged}\nEND
  {quota} ;;
  "config get account"*) echo other@example.com ;;
esac""",
    )


def asked(notes: Path) -> list[str]:
    """What gcloud was asked to log in or charge; google-auth asks it for a project too."""
    lines = notes.read_text().splitlines() if notes.exists() else []
    return [line.removeprefix("gcloud auth application-default ") for line in lines if " auth " in line]


def make_deployer(google: Google, *members: str) -> None:
    """The deployer, and who may act as it."""
    cloud, project = google.owner(), google.clone.project
    body = {"accountId": "groundwork-deployer"}
    cloud.request("POST", "iam", f"v1/projects/{project}/serviceAccounts", json=body)
    policy = {"bindings": [{"role": "roles/iam.serviceAccountTokenCreator", "members": list(members)}]}
    path = f"v1/projects/{project}/serviceAccounts/{google.environment.deployer}:setIamPolicy"
    cloud.request("POST", "iam", path, json={"policy": policy})


def test_nobody_logs_in_to_the_local_cloud(clone: SmallClone) -> None:
    done = clone("login")
    assert done.code == Exit.OK
    assert "Nobody logs in to the local cloud (simulated): every command is owner@example.com" in done.text
    assert 'eval "$(groundwork env --env local)"' in done.text


def test_logging_in_asks_gcloud_sets_the_quota_project_and_says_who_one_is(google: Google) -> None:
    notes = gcloud(google)
    done = google.clone("login", "--env", "dev")
    assert done.code == Exit.OK, done.err
    assert asked(notes) == ["login", f"set-quota-project {google.clone.project}"]
    assert "principal      owner@example.com\n" in done.text
    assert f"quota project  {google.clone.project}\n" in done.text
    assert f"deployer       {google.environment.deployer} is not there yet; the first `up` makes it" in done.text
    assert google.proxy.refused == []


def test_a_login_that_works_says_nothing_else(google: Google) -> None:
    google.log_in()
    done = subprocess.run(
        [sys.executable, "-m", "groundwork", "whoami", "--env", "dev"],
        cwd=google.clone.root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (Exit.OK, "")
    assert "principal      owner@example.com\n" in done.stdout


def test_a_valid_login_is_left_alone(google: Google) -> None:
    notes = gcloud(google)
    google.log_in(quota_project_id=google.clone.project)
    assert google.clone("login", "--env", "dev").code == Exit.OK
    assert asked(notes) == []


def test_again_logs_in_although_the_login_is_valid(google: Google) -> None:
    notes = gcloud(google)
    google.log_in(quota_project_id=google.clone.project)
    google.clone("login", "--env", "dev", "--again", "--no-browser")
    assert asked(notes)[0] == "login --no-launch-browser"


def test_a_login_that_ran_out_is_renewed(google: Google) -> None:
    notes = gcloud(google)
    google.log_in()
    google.spoil()
    refused = google.clone("whoami", "--env", "dev")
    assert refused.code == Exit.PERMISSION
    assert "Your login is not valid any more (" in refused.err
    assert "run `gcloud auth application-default login`" in refused.err
    assert google.clone("login", "--env", "dev").code == Exit.OK
    assert asked(notes)[0] == "login"


def test_without_the_right_to_charge_the_project_the_login_still_works(google: Google) -> None:
    gcloud(google, quota="echo 'ERROR: (gcloud.auth) no permission' >&2; exit 1")
    done = google.clone("login", "--env", "dev")
    assert done.code == Exit.OK
    assert f"note: calls are not charged to {google.clone.project}" in done.err
    assert "(no permission); that needs serviceusage.services.use" in done.err


def test_impersonation_of_the_deployer_is_tried(google: Google) -> None:
    gcloud(google)
    make_deployer(google, OWNER)
    done = google.clone("login", "--env", "dev")
    assert f"deployer       may act as {google.environment.deployer} (tried)" in done.text
    assert f"export GOOGLE_IMPERSONATE_SERVICE_ACCOUNT={google.environment.deployer}" in done.text
    assert "local/" not in done.text + done.err


def test_who_may_not_act_as_the_deployer_is_told(google: Google) -> None:
    gcloud(google)
    make_deployer(google, "user:carol@example.com")
    google.log_in("user:alice@example.com")
    found = deployer.ask(google_cloud(google.clone.project, os.environ), google.environment, "alice@example.com")
    assert (found.answer, "operators have it" in found.text) == ("no", True)


def test_the_deployer_is_whom_one_is_when_it_is_named(google: Google, monkeypatch: pytest.MonkeyPatch) -> None:
    make_deployer(google, OWNER)
    google.log_in()
    monkeypatch.setenv("GOOGLE_IMPERSONATE_SERVICE_ACCOUNT", google.environment.deployer)
    found = json.loads(google.clone("whoami", "--env", "dev", "--json").out)
    assert found["principal"] == found["impersonated"] == google.environment.deployer
    assert datetime.fromisoformat(found["expires"]) > datetime.now(UTC)


def test_who_may_not_act_as_the_service_account_that_is_named_is_told_so(
    google: Google, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_deployer(google, "user:carol@example.com")
    google.log_in("user:alice@example.com")
    monkeypatch.setenv("GOOGLE_IMPERSONATE_SERVICE_ACCOUNT", google.environment.deployer)
    for command in (("whoami",), ("access", "check")):
        done = google.clone(*command, "--env", "dev")
        assert done.code == Exit.PERMISSION
        assert (
            f"Error: Your login may not act as {google.environment.deployer}, or there is no such account" in done.err
        )


def test_logging_in_as_the_deployer_names_it_to_gcloud(google: Google) -> None:
    notes = gcloud(google)
    google.clone("login", "--env", "dev", "--impersonate")
    assert asked(notes)[0] == f"login --impersonate-service-account {google.environment.deployer}"


def test_a_dry_run_says_what_gcloud_would_be_asked(google: Google) -> None:
    done = google.clone("login", "--env", "dev", "--dry-run")
    assert "would run, unless the login is valid: gcloud auth application-default login\n" in done.text
    assert not (google.config / "application_default_credentials.json").exists()


def test_a_token_in_the_shell_is_who_one_is(google: Google, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", local.token(google.clone.checkout))
    found = json.loads(google.clone("whoami", "--env", "dev", "--json").out)
    assert (found["principal"], found["source"]) == ("owner@example.com", "the token in GOOGLE_OAUTH_ACCESS_TOKEN")
    assert found["expires"] is None


@pytest.mark.parametrize(
    ("who", "principal"),
    [
        (None, "owner@example.com"),
        ("alice@example.com", "alice@example.com"),
        ("USER:Bob@Example.com", "bob@example.com"),
    ],
)
def test_on_the_local_cloud_one_is_whom_one_says(who: str | None, principal: str, clone: SmallClone) -> None:
    found = json.loads(clone("whoami", *(["--as", who] if who else []), "--json").out)
    assert (found["principal"], found["simulated"]) == (principal, True)


@pytest.mark.parametrize(
    ("token", "who", "principal"),
    [
        ("local/user:alice@example.com//code", None, "alice@example.com"),
        ("local/user:alice@example.com//code", "bob@example.com", "bob@example.com"),
        ("a-token-of-google", None, "owner@example.com"),
    ],
)
def test_on_the_local_cloud_one_is_whom_the_shell_says_unless_one_says_otherwise(
    token: str, who: str | None, principal: str, clone: SmallClone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", token)
    found = json.loads(clone("whoami", *(["--as", who] if who else []), "--json").out)
    assert found["principal"] == principal


@pytest.mark.parametrize(
    ("minutes", "text"),
    [(59.5, "in 59 min, then it is renewed"), (0.5, "in 0 min, then it is renewed"), (-5, "expired")],
)
def test_expiry_is_said_in_minutes(minutes: float, text: str) -> None:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    found = identity.Identity("a", "b", "p", "", "", now + timedelta(minutes=minutes), simulated=False)
    assert found.expiry(now) == text


def examined(google: Google) -> dict[str, checks.Row]:
    """What doctor says, by subject."""
    return {row.subject: row for row in rows(google_cloud(google.clone.project, os.environ), google.environment)}


def test_doctor_is_content_with_an_owner_of_a_project_that_is_paid_for(google: Google) -> None:
    google.log_in()
    project = f"v1/projects/{google.clone.project}"
    account = {"billingAccountName": "billingAccounts/000000-000000-000000"}
    google.owner().request("PUT", "cloudbilling", f"{project}/billingInfo", json=account)
    google.owner().request("POST", "serviceusage", f"{project}/services:batchEnable", json={"serviceIds": list(APIS)})
    found = examined(google)
    assert {subject for subject, row in found.items() if row.health == "ok"} == {
        "login", "project", "billing", "APIs", "permissions", "clock", "deployer",
    }  # fmt: skip
    assert found["permissions"].text == f"all {len(PERMISSIONS)} that `up` needs"
    assert found["billing"].text == "account 000000-000000-000000"


def test_doctor_says_that_up_enables_what_is_off(google: Google) -> None:
    google.log_in()
    path = f"v1/projects/{google.clone.project}/services/cloudresourcemanager.googleapis.com:disable"
    google.owner().request("POST", "serviceusage", path, json={})
    row = examined(google)["APIs"]
    assert (row.health, row.remedy) == ("note", "`up` enables them, with those that the file needs")


def test_doctor_names_permissions_that_are_missing_and_the_way_around(google: Google) -> None:
    google.log_in("user:carol@example.com")
    row = examined(google)["permissions"]
    assert row.health == "missing"
    assert (
        "that `up` needs are missing: resourcemanager.projects.setIamPolicy, serviceusage.services.enable" in row.text
    )
    assert f"export GOOGLE_IMPERSONATE_SERVICE_ACCOUNT={google.environment.deployer}" in row.remedy


def test_doctor_says_that_a_project_is_not_there(google: Google) -> None:
    google.log_in()
    file = google.clone.root / "envs" / "dev.yaml"
    file.write_text(file.read_text().replace(google.clone.project, "groundwork-nowhere"))
    found = {row.subject: row for row in rows(google_cloud("groundwork-nowhere", os.environ), google.environment)}
    assert (found["project"].health, found["permissions"].health) == ("broken", "missing")
    assert "create groundwork-nowhere in the console" in found["project"].remedy


def test_doctor_says_that_a_project_is_about_to_be_deleted(google: Google) -> None:
    google.log_in()
    google.owner().request("DELETE", "cloudresourcemanager", f"v1/projects/{google.clone.project}")
    row = examined(google)["project"]
    assert row.health == "broken"
    assert "undelete" in row.remedy or "create" in row.remedy


def test_doctor_says_that_nobody_pays(google: Google) -> None:
    google.log_in()
    path = f"v1/projects/{google.clone.project}/billingInfo"
    google.owner().request("PUT", "cloudbilling", path, json={"billingAccountName": ""})
    row = examined(google)["billing"]
    assert (row.health, "gcloud billing projects link" in row.remedy) == ("broken", True)


@pytest.mark.parametrize(
    ("method", "subject", "health"),
    [
        ("cloudbilling.projects.getBillingInfo", "billing", "note"),
        ("serviceusage.services.list", "APIs", "broken"),
        ("cloudresourcemanager.projects.testIamPermissions", "permissions", "broken"),
        ("iamcredentials.projects.serviceAccounts.generateAccessToken", "deployer", "note"),
    ],
)
def test_doctor_says_what_could_not_be_asked(method: str, subject: str, health: str, google: Google) -> None:
    google.log_in()
    running = launcher.start(google.clone.checkout.local_state)
    launcher.control(running, "POST", "/_local/faults", [{"method": method, "kind": "error", "code": 400}])
    row = examined(google)[subject]
    launcher.control(running, "DELETE", "/_local/faults")
    assert row.health == health
    assert "could not be" in row.text


def test_an_api_that_is_off_is_named_with_the_command_that_enables_it(google: Google) -> None:
    problem = CloudProblem("GET cloudbilling v1/x", 403, "PERMISSION_DENIED", "it is disabled", "SERVICE_DISABLED")
    assert checks.how_to_ask(google.environment, problem) == (
        f"run `gcloud services enable cloudbilling.googleapis.com --project {google.clone.project}` and wait a minute"
    )


def test_doctor_notes_two_accounts_and_another_quota_project(google: Google) -> None:
    gcloud(google)
    google.log_in(quota_project_id="another-project")
    found = examined(google)
    assert found["gcloud account"].text == "gcloud is other@example.com, everything else is owner@example.com"
    assert found["quota project"].text == f"calls are charged to another-project, not to {google.clone.project}"


def test_doctor_notes_a_persons_login_without_a_quota_project(google: Google) -> None:
    login = Credentials("t", refresh_token="r")
    who = identity.Identity("a@example.com", "adc", google.clone.project, "", "", None, simulated=False)
    (row,) = checks._quota(Cloud(google.clone.project, None, login), google.environment, who)
    assert (row.health, row.remedy) == ("note", "run `groundwork login --env dev`")


def test_doctor_stops_where_the_login_is_not_valid(google: Google) -> None:
    google.log_in()
    google.spoil()
    (row,) = rows(google_cloud(google.clone.project, os.environ), google.environment)
    assert (row.subject, row.health) == ("login", "broken")
    assert row.remedy == "run `groundwork login --env dev --again`"


@pytest.mark.parametrize(
    ("seconds", "health", "text"),
    [
        (0, "ok", "agrees with Google's"),
        (29, "ok", "agrees with Google's"),
        (-31, "note", "31 s behind Google's"),
        (90, "note", "90 s ahead of Google's"),
        (301, "broken", "301 s ahead of Google's"),
        (-4000, "broken", "4000 s behind Google's"),
    ],
)
def test_a_clock_that_is_off_is_told_by_seconds(seconds: int, health: str, text: str) -> None:
    now = datetime(2026, 11, 1, 12, tzinfo=UTC)
    row = clock_row(format_datetime(now - timedelta(seconds=seconds), usegmt=True), now)
    assert row.health == health
    assert text in row.text


@pytest.mark.parametrize("answered", ["", "yesterday", "Sun, 99 Nov 2026 12:00:00 GMT"])
def test_a_server_that_says_no_time_leaves_the_clock_unknown(answered: str) -> None:
    assert clock_row(answered, datetime.now(UTC)).health == "note"


def test_the_deployers_roles_hold_every_permission_that_up_needs(clone: SmallClone) -> None:
    text = (ROOT / "infra" / "bootstrap" / "identities.tf").read_text()
    block = text.partition('module "deployer"')[2].partition("project_roles = [")[2].partition("]")[0]
    roles = [line.strip(' ",\n') for line in block.splitlines() if "roles/" in line]
    cloud = clone.cloud()
    held = {
        permission for role in roles for permission in cloud.request("GET", "iam", f"v1/{role}")["includedPermissions"]
    }
    assert sorted({*PERMISSIONS, *GITHUB_PERMISSIONS} - held) == []


def test_a_person_who_logged_in_by_gcloud_is_known(google: Google) -> None:
    google.log_in_as_person("user:alice@example.com")
    assert json.loads(google.clone("whoami", "--env", "dev", "--json").out)["principal"] == "alice@example.com"
    assert examined(google)["login"].text.startswith("alice@example.com by application default credentials")


def test_another_account_of_gcloud_is_not_called_ok_where_google_does_not_say_who_one_is(google: Google) -> None:
    gcloud(google)
    google.log_in_as_person()
    google.proxy.scripted["GET openidconnect.googleapis.com/v1/userinfo"] = (401, {"error": "invalid_request"})
    found = examined(google)
    assert found["gcloud account"].health == "note"
    assert "cannot be told" in found["gcloud account"].text
