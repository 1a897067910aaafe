"""What doctor reports about login and project at "Google": each problem has its line and its remedy."""

from __future__ import annotations

import json
import os
import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from google.oauth2.credentials import Credentials
from groundwork.doctor import clock
from groundwork.doctor import google as quota
from groundwork.doctor.finding import CheckResult, how_to_ask
from groundwork.doctor.google import findings
from groundwork.doctor.permissions import needed
from groundwork.google.cloud import CloudProblem, GoogleCloud, google_cloud
from groundwork.lifecycle.prerequisites import APIS
from groundwork.login import identity
from groundwork.resources.kind import several
from groundwork.resources.registry import provisionings
from localcloud.server import launcher

from tests.groundwork.at_google import Google, gcloud
from tests.small_clone import ROOT, SmallClone


def examined(google: Google) -> dict[str, CheckResult]:
    """What doctor says, by subject."""
    return {row.subject: row for row in findings(google_cloud(google.clone.project, os.environ), google.environment)}


def test_doctor_finds_nothing_for_an_owner_of_a_billed_project(google: Google) -> None:
    google.log_in()
    project = f"v1/projects/{google.clone.project}"
    account = {"billingAccountName": "billingAccounts/000000-000000-000000"}
    google.owner().request("PUT", "cloudbilling", f"{project}/billingInfo", json=account)
    google.owner().request("POST", "serviceusage", f"{project}/services:batchEnable", json={"serviceIds": list(APIS)})
    found = examined(google)
    assert {subject for subject, row in found.items() if row.health == "ok"} == {
        "login", "project", "billing", "APIs", "permissions", "buckets", "clock", "deployer",
    }  # fmt: skip
    assert found["permissions"].text == f"all {len(needed(google.clone.environment))} that `up` needs"
    assert found["billing"].text == "account 000000-000000-000000"


def test_doctor_says_that_up_enables_what_is_off(google: Google) -> None:
    google.log_in()
    path = f"v1/projects/{google.clone.project}/services/cloudresourcemanager.googleapis.com:disable"
    google.owner().request("POST", "serviceusage", path, json={})
    row = examined(google)["APIs"]
    assert (row.health, row.remedy) == ("note", "`up` enables them and waits until they answer")


def test_doctor_names_permissions_that_are_missing_and_the_way_around(google: Google) -> None:
    google.log_in("user:carol@example.com")
    row = examined(google)["permissions"]
    assert row.health == "missing"
    assert "that `up` needs are missing: serviceusage.services.enable, iam.roles.create" in row.text
    assert f"export GOOGLE_IMPERSONATE_SERVICE_ACCOUNT={google.environment.deployer}" in row.remedy


def test_doctor_reports_a_missing_project(google: Google) -> None:
    google.log_in()
    file = google.clone.root / "envs" / "dev.yaml"
    file.write_text(file.read_text().replace(google.clone.project, "groundwork-nowhere"))
    found = {row.subject: row for row in findings(google_cloud("groundwork-nowhere", os.environ), google.environment)}
    assert (found["project"].health, found["permissions"].health) == ("broken", "missing")
    assert "create groundwork-nowhere in the console" in found["project"].remedy


def test_doctor_says_that_a_project_is_about_to_be_deleted(google: Google) -> None:
    google.log_in()
    google.owner().request("DELETE", "cloudresourcemanager", f"v1/projects/{google.clone.project}")
    row = examined(google)["project"]
    assert row.health == "broken"
    assert "undelete" in row.remedy or "create" in row.remedy


def test_doctor_reports_missing_billing(google: Google) -> None:
    google.log_in()
    path = f"v1/projects/{google.clone.project}/billingInfo"
    google.owner().request("PUT", "cloudbilling", path, json={"billingAccountName": ""})
    row = examined(google)["billing"]
    assert (row.health, "gcloud billing projects link" in row.remedy) == ("broken", True)


def test_doctor_reports_a_budget_that_would_never_count_anything(google: Google) -> None:
    google.log_in()
    path = f"v1/projects/{google.clone.project}/billingInfo"
    account = {"billingAccountName": "billingAccounts/000000-000000-000000"}
    google.owner().request("PUT", "cloudbilling", path, json=account)
    file = google.clone.root / "envs" / "dev.yaml"
    text = file.read_text()
    file.write_text(f"{text}budget: {{amount: 50, billing_account: 012345-6789AB-CDEF01}}\n")
    row = examined(google)["budget"]
    assert (row.health, "billing_account: 000000-000000-000000" in row.remedy) == ("broken", True)
    assert "billing.resourcebudgets.write" in needed(google.environment)
    file.write_text(f"{text}budget: {{amount: 50}}\n")
    assert "budget" not in examined(google)
    assert "billing.resourcebudgets.write" not in needed(google.environment)


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
    assert "could not be" in row.text or "unknown" in row.text


def test_an_api_that_is_off_is_named_with_the_command_that_enables_it(google: Google) -> None:
    problem = CloudProblem("GET cloudbilling v1/x", 403, "PERMISSION_DENIED", "it is disabled", "SERVICE_DISABLED")
    assert how_to_ask(google.environment, problem) == (
        f"run `gcloud services enable cloudbilling.googleapis.com --project {google.clone.project}` and wait a minute"
    )


def test_doctor_notes_two_accounts_and_another_quota_project(google: Google) -> None:
    gcloud(google)
    google.log_in(quota_project_id="another-project")
    found = examined(google)
    assert found["gcloud account"].text == "gcloud is other@example.com, everything else is owner@example.com"
    assert found["quota project"].text == f"the quota project is another-project, not {google.clone.project}"


def test_doctor_notes_a_persons_login_without_a_quota_project(google: Google) -> None:
    login = Credentials("t", refresh_token="r")
    caller = identity.Caller("a@example.com", "adc", google.clone.project, "", "", None, simulated=False)
    (row,) = quota._quota(GoogleCloud(google.clone.project, None, login), google.environment, caller)
    assert (row.health, row.remedy) == ("note", "run `groundwork login --env dev`")


def test_doctor_stops_where_the_login_is_not_valid(google: Google) -> None:
    google.log_in()
    google.spoil()
    (row,) = findings(google_cloud(google.clone.project, os.environ), google.environment)
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
def test_a_wrong_clock_is_reported_in_seconds(seconds: int, health: str, text: str) -> None:
    now = datetime(2026, 11, 1, 12, tzinfo=UTC)
    row = clock.skew(format_datetime(now - timedelta(seconds=seconds), usegmt=True), now)
    assert row.health == health
    assert text in row.text


@pytest.mark.parametrize("date", ["", "yesterday", "Sun, 99 Nov 2026 12:00:00 GMT"])
def test_a_server_without_a_date_leaves_the_clock_unknown(date: str) -> None:
    assert clock.skew(date, datetime.now(UTC)).health == "note"


def test_the_deployers_roles_hold_every_permission_that_up_needs(clone: SmallClone) -> None:
    text = (ROOT / "infra" / "bootstrap" / "identities.tf").read_text()
    always = text.partition('module "deployer"')[2].partition("project_roles = ")[2].partition("\n  ])\n")[0]
    with_more = text.partition("applies = concat(")[2].partition("\n  )\n")[0]
    roles = re.findall(r'"(roles/[^"]+)"', always + with_more)
    assert len(roles) > 12
    cloud = clone.cloud()
    permissions = {
        permission for role in roles for permission in cloud.request("GET", "iam", f"v1/{role}")["includedPermissions"]
    }
    own = (ROOT / "infra" / "bootstrap" / "budget.tf").read_text().partition("editor = [")[2].partition("]")[0]
    permissions |= set(re.findall(r'"([^"]+)"', own))
    assert sorted({one for how in provisionings().values() for one in several(how.permissions)} - permissions) == []


def test_a_person_who_logged_in_by_gcloud_is_known(google: Google) -> None:
    google.log_in_as_person("user:alice@example.com")
    assert json.loads(google.clone("whoami", "--env", "dev", "--json").out)["principal"] == "alice@example.com"
    assert examined(google)["login"].text.startswith("alice@example.com by application default credentials")


def test_another_gcloud_account_is_not_called_ok_if_google_does_not_name_the_caller(google: Google) -> None:
    gcloud(google)
    google.log_in_as_person()
    google.proxy.scripted["GET openidconnect.googleapis.com/v1/userinfo"] = (401, {"error": "invalid_request"})
    found = examined(google)
    assert found["gcloud account"].health == "note"
    assert "it is unknown whether" in found["gcloud account"].text
