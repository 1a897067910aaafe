"""What doctor checks before the first `up`, in a project as the console creates it, and in one that was used before."""

from __future__ import annotations

import os
from typing import Any

import pytest
from groundwork.doctor.finding import CheckResult
from groundwork.doctor.google import findings
from groundwork.errors import Exit
from groundwork.google.cloud import google_cloud
from localcloud.server import launcher

from tests.groundwork.at_google import OWNER, Google, make_deployer
from tests.small_clone import MEMBERS

RESOURCE_MANAGER = "cloudresourcemanager.googleapis.com"
GITHUB = 'github: {repository: cats-dogs-team/cats-dogs, owner_id: "77"}\n'
REPOSITORY = "GET api.github.com/repos/cats-dogs-team/cats-dogs"


def examined(google: Google) -> list[CheckResult]:
    return list(findings(google_cloud(google.clone.project, os.environ), google.environment))


def finding_of(google: Google, subject: str) -> CheckResult:
    """The only result of doctor about it."""
    [only] = [finding for finding in examined(google) if finding.subject == subject]
    return only


def write(google: Google, more: str = "", *, own_members: bool = True) -> None:
    """Add to the file of dev, whose members become people who could exist."""
    file = google.clone.root / "envs" / "dev.yaml"
    text = file.read_text()
    for email in MEMBERS if own_members else ():
        text = text.replace(email, email.replace("example.com", "cats-dogs.dev"))
    file.write_text(text + more)


def disable(google: Google, *apis: str) -> None:
    for api in apis:
        path = f"v1/projects/{google.clone.project}/services/{api}:disable"
        google.owner().request("POST", "serviceusage", path, json={})


def off(api: str) -> tuple[int, Any]:
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "SERVICE_DISABLED"}]
    return 403, {"error": {"code": 403, "status": "PERMISSION_DENIED", "message": f"{api} is off.", "details": details}}


def new_project(google: Google) -> None:
    """As the console makes it: Resource Manager and Cloud Billing are off. (The local cloud has them always on.)"""
    project = f"projects/{google.clone.project}"
    for call in (f"GET {RESOURCE_MANAGER}/v1/{project}", f"POST {RESOURCE_MANAGER}/v1/{project}:testIamPermissions",
                 f"POST {RESOURCE_MANAGER}/v1/{project}:getIamPolicy",
                 f"GET cloudbilling.googleapis.com/v1/{project}/billingInfo"):  # fmt: skip
        google.proxy.scripted[call] = off(call)


def gcloud_says(google: Google, billing: str) -> None:
    google.program("gcloud", f"case \"$*\" in billing*) echo '{billing}' ;; *) echo owner@example.com ;; esac")


def test_before_the_first_up_nothing_is_broken_in_a_new_project(google: Google) -> None:
    google.log_in_as_person(OWNER, quota_project_id=google.clone.project)
    write(google)
    new_project(google)
    gcloud_says(google, '{"billingAccountName": "billingAccounts/0A-1B-2C", "billingEnabled": true}')
    assert [finding for finding in examined(google) if finding.health == "broken"] == []
    assert finding_of(google, "permissions").text == "could not be checked: cloudresourcemanager.googleapis.com is off"


def test_doctor_then_exits_with_0(google: Google) -> None:
    google.log_in_as_person(OWNER, quota_project_id=google.clone.project)
    write(google)
    new_project(google)
    result = google.clone("doctor", "--env", "dev")
    broken = [line for line in result.text.splitlines() if line.startswith("broken")]
    assert (broken, result.code) == ([], Exit.OK)


@pytest.mark.parametrize(
    ("answer", "health", "text"),
    [
        ('{"billingAccountName": "billingAccounts/0A-1B-2C", "billingEnabled": true}', "ok", "account 0A-1B-2C"),
        ('{"billingAccountName": "", "billingEnabled": false}', "broken", "has no billing account"),
        ('{"billingAccountName": "billingAccounts/0A-1B-2C"}', "broken", "account 0A-1B-2C is linked to"),
        ("nonsense", "note", "could not be checked: cloudbilling.googleapis.com is off"),
    ],
)
def test_billing_is_asked_by_gcloud_where_its_api_is_off(answer: str, health: str, text: str, google: Google) -> None:
    google.log_in()
    new_project(google)
    gcloud_says(google, answer)
    billing = finding_of(google, "billing")
    assert (billing.health, text in billing.text) == (health, True), billing


def test_a_closed_account_is_distinguished_from_none(google: Google) -> None:
    google.log_in()
    call = f"GET cloudbilling.googleapis.com/v1/projects/{google.clone.project}/billingInfo"
    google.proxy.scripted[call] = (200, {"billingAccountName": "billingAccounts/0A-1B-2C"})
    billing = finding_of(google, "billing")
    assert "closed" in billing.text
    assert "reopen it at https://console.cloud.google.com/billing/0A-1B-2C" in billing.remedy


def test_examples_that_are_left_are_named(google: Google) -> None:
    google.log_in()
    write(google, 'github: {repository: example-team/cats-dogs, owner_id: "1234567"}\n', own_members=False)
    left = finding_of(google, "placeholders")
    assert left.health == "broken"
    for example in (*MEMBERS, "github.repository: example-team/cats-dogs"):
        assert example in left.text


def test_a_member_that_iam_spells_differently_is_named(google: Google) -> None:
    google.log_in()
    write(google)
    file = google.clone.root / "envs" / "dev.yaml"
    file.write_text(file.read_text().replace("dora@cats-dogs.dev", "d.ora@googlemail.com"))
    path = f"v1/projects/{google.clone.project}"
    policy = google.owner().request("POST", "cloudresourcemanager", f"{path}:getIamPolicy", json={})
    policy["bindings"].append({"role": "roles/browser", "members": ["user:dora@gmail.com"]})
    google.owner().request("POST", "cloudresourcemanager", f"{path}:setIamPolicy", json={"policy": policy})
    member = finding_of(google, "members")
    assert (member.health, member.remedy) == ("broken", "use dora@gmail.com in envs/dev.yaml")


def in_organization(google: Google, **policies: Any) -> None:
    """The project lies in an organization of cats-dogs.dev, with these list policies."""
    path = f"{RESOURCE_MANAGER}/v1/projects/{google.clone.project}"
    number = google.owner().request("GET", "cloudresourcemanager", f"v1/projects/{google.clone.project}")[
        "projectNumber"
    ]
    parent = {"type": "organization", "id": "123"}
    google.proxy.scripted[f"GET {path}"] = (
        200,
        {"projectNumber": number, "lifecycleState": "ACTIVE", "parent": parent},
    )
    google.proxy.scripted[f"POST {path}:getEffectiveOrgPolicy"] = (200, {"listPolicy": policies})
    owner = {"displayName": "cats-dogs.dev", "owner": {"directoryCustomerId": "C01"}}
    google.proxy.scripted[f"POST {RESOURCE_MANAGER}/v1/organizations:search"] = (200, {"organizations": [owner]})


@pytest.mark.parametrize(
    ("policy", "own_members", "expected"),
    [
        ({}, True, []),
        ({"allowedValues": ["C01", "in:eu-locations"]}, True, ["ok", "ok"]),
        ({"allowedValues": ["C01", "europe-west1"]}, False, ["broken", "ok"]),
        ({"allowedValues": ["C99", "in:us-locations"]}, True, ["note", "broken"]),
        ({"allowedValues": ["is:C01", "us-central1"]}, True, ["ok", "broken"]),
    ],
)
def test_what_an_organization_forbids_is_reported_beforehand(
    policy: dict[str, Any], own_members: bool, expected: list[str], google: Google
) -> None:
    google.log_in()
    write(google, own_members=own_members)
    in_organization(google, **policy)
    rows = [finding for finding in examined(google) if finding.subject == "organization"]
    assert [row.health for row in rows] == expected, rows
    assert all(row.remedy for row in rows if row.health != "ok")


def bucket(google: Google, name: str, project: str = "", **more: str) -> None:
    google.owner().request(
        "POST", "storage", "v1/b", params={"project": project or google.clone.project}, json={"name": name, **more}
    )


def test_bucket_names_are_free_ours_or_somebody_elses(google: Google) -> None:
    google.log_in()
    project = google.clone.project
    assert finding_of(google, "buckets").text == "3 of 3 names are free"
    bucket(google, f"{project}-data")
    assert finding_of(google, "buckets").text == f"2 of 3 names are free, {project}-data is this project's"
    other = f"{project}-x"[:30]
    google.owner().request("POST", "cloudresourcemanager", "v1/projects", json={"projectId": other})
    bucket(google, f"{project}-plain", other)
    foreign = finding_of(google, "buckets")
    assert foreign.text.startswith(f"{project}-plain is taken: it is in project number ")
    assert foreign.remedy == "rename it under buckets: in envs/dev.yaml, or choose another project ID"


def test_a_bucket_that_may_not_be_seen_belongs_to_somebody_else(google: Google) -> None:
    google.log_in()
    project = google.clone.project
    refused = {"error": {"code": 403, "message": "owner@example.com does not have storage.buckets.get access"}}
    google.proxy.scripted[f"GET storage.googleapis.com/storage/v1/b/{project}-tfstate"] = (403, refused)
    taken = finding_of(google, "buckets")
    assert (taken.health, taken.text) == ("broken", f"{project}-tfstate is taken: you may not see it")
    assert f"ask an operator of {project} for access" in taken.remedy


def test_a_state_bucket_in_another_region_is_reported_before_terraform_plans_to_replace_it(google: Google) -> None:
    google.log_in()
    bucket(google, f"{google.clone.project}-tfstate", location="EUROPE-NORTH1")
    state = finding_of(google, "state bucket")
    assert (state.health, "set region: europe-north1 in envs/dev.yaml" in state.remedy) == ("broken", True)


def test_an_enabled_api_that_still_refuses_is_reported_as_late(google: Google) -> None:
    google.log_in()
    (google.clone.root / "infra" / "platform" / "services.tf").write_text('["secretmanager.googleapis.com"]')
    call = f"GET secretmanager.googleapis.com/v1/projects/{google.clone.project}/secrets"
    google.owner().request(
        "POST", "serviceusage", f"v1/projects/{google.clone.project}/services/{RESOURCE_MANAGER}:enable", json={}
    )
    google.owner().request(
        "POST", "serviceusage", f"v1/projects/{google.clone.project}/services/storage.googleapis.com:enable", json={}
    )
    assert "secretmanager" in finding_of(google, "APIs").text
    google.proxy.scripted[call] = off(call)
    late = finding_of(google, "APIs")
    assert (late.health, late.text) == ("note", "secretmanager.googleapis.com is on, but calls are still refused")
    assert "`up` waits" in late.remedy


def test_the_deployers_own_permissions_are_asked_with_its_own_token(google: Google) -> None:
    google.log_in()
    make_deployer(google, OWNER)
    lacks = finding_of(google, "deployer's permissions")
    assert lacks.health == "broken"
    assert "an owner of the project runs `groundwork up --env dev`" in lacks.remedy
    path = f"v1/projects/{google.clone.project}"
    policy = google.owner().request("POST", "cloudresourcemanager", f"{path}:getIamPolicy", json={})
    policy["bindings"].append({"role": "roles/owner", "members": [f"serviceAccount:{google.environment.deployer}"]})
    google.owner().request("POST", "cloudresourcemanager", f"{path}:setIamPolicy", json={"policy": policy})
    assert finding_of(google, "deployer's permissions").health == "ok"


def test_a_grant_that_is_not_yet_effective_is_not_called_a_refusal(google: Google) -> None:
    google.log_in("user:alice@example.com")
    make_deployer(google, "user:carol@example.com")
    running = launcher.start(google.clone.checkout.local_state)
    assert finding_of(google, "deployer").text.startswith("may not act as")
    path = f"v1/projects/{google.clone.project}/serviceAccounts/{google.environment.deployer}"
    call = f"POST iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{google.environment.deployer}:generateAccessToken"
    refused = {"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "denied"}}
    google.proxy.scripted[call] = (403, refused)
    grant = {"role": "roles/iam.serviceAccountTokenCreator", "members": ["user:alice@example.com"]}
    viewer = {"role": "roles/iam.serviceAccountAdmin", "members": ["user:alice@example.com"]}
    google.owner().request("POST", "iam", f"{path}:setIamPolicy", json={"policy": {"bindings": [grant, viewer]}})
    soon = finding_of(google, "deployer")
    assert (soon.health, "soon: it was granted" in soon.text) == ("note", True)
    assert running


def github(google: Google, status: int = 200, *, protected: bool = True, **repository: Any) -> None:
    body = {"full_name": "cats-dogs-team/cats-dogs", "owner": {"id": 77}, **repository}
    google.proxy.scripted[REPOSITORY] = (status, body)
    google.proxy.scripted[f"{REPOSITORY}/branches/main"] = (200, {"protected": protected})


@pytest.mark.parametrize(
    ("answer", "health", "text"),
    [
        ({}, "ok", "cats-dogs-team/cats-dogs, owner 77"),
        ({"full_name": "Cats-Dogs-Team/cats-dogs"}, "broken", "is called Cats-Dogs-Team/cats-dogs"),
        ({"owner": {"id": 78}}, "broken", "has the number 78, but the file has 77"),
        ({"status": 404}, "note", "does not exist or is not public"),
        ({"status": 500}, "note", "could not be checked: 500"),
    ],
)
def test_the_repository_is_the_one_that_the_file_says(
    answer: dict[str, Any], health: str, text: str, google: Google
) -> None:
    google.log_in()
    write(google, GITHUB)
    github(google, **answer)
    row = finding_of(google, "GitHub")
    assert (row.health, text in row.text) == (health, True), row
    assert row.remedy or health == "ok"


def test_a_branch_that_anybody_may_push_to_is_reported(google: Google) -> None:
    google.log_in()
    write(google, GITHUB)
    github(google, protected=False)
    branch = finding_of(google, "GitHub branch")
    assert (branch.health, "settings/branches" in branch.remedy) == ("missing", True)
    del google.proxy.scripted[f"{REPOSITORY}/branches/main"]
    assert finding_of(google, "GitHub branch").text.startswith("cats-dogs-team/cats-dogs has no branch main")


def test_a_pool_that_was_deleted_is_reported_as_restorable(google: Google) -> None:
    google.log_in()
    write(google, GITHUB)
    assert finding_of(google, "identity pool").text.endswith("does not exist yet; `up` creates it")
    pools = f"v1/projects/{google.clone.project}/locations/global/workloadIdentityPools"
    pool = google.environment.github.pool if google.environment.github else ""
    google.owner().request("POST", "iam", pools, params={"workloadIdentityPoolId": pool}, json={})
    assert finding_of(google, "identity pool").text == f"{pool} exists"
    google.owner().request("DELETE", "iam", f"{pools}/{pool}")
    assert (finding_of(google, "identity pool").health, finding_of(google, "identity pool").remedy) == (
        "note",
        "`up` restores it",
    )


def export(google: Google, *tables: str, location: str = "EU") -> None:
    google.log_in()
    write(google, "cost: {export: {project: the-billing-project, dataset: bills}}\n")
    path = "GET bigquery.googleapis.com/bigquery/v2/projects/the-billing-project/datasets/bills"
    listed = [{"tableReference": {"tableId": table}} for table in tables]
    google.proxy.scripted[path] = (200, {"location": location})
    google.proxy.scripted[f"{path}/tables"] = (200, {"tables": listed})


def test_the_export_is_checked_before_a_report_needs_it(google: Google) -> None:
    export(google, "gcp_billing_export_v1_0A1B2C")
    assert finding_of(google, "billing export").text == "the-billing-project.bills in EU"
    google.log_in("user:alice@example.com")
    assert "you may not run queries: bigquery.jobs.create is missing" in finding_of(google, "billing export").text


@pytest.mark.parametrize(
    ("tables", "location", "text", "remedy"),
    [
        (
            (),
            "EU",
            "has no table gcp_billing_export_v1_",
            "switch it on in the console at https://console.cloud.google.com/billing/export",
        ),
        (("gcp_billing_export_v1_0A",), "US", "is in US, not in EU", "set location: US under cost.export"),
    ],
)
def test_an_export_that_cannot_be_read_has_a_remedy(
    tables: tuple[str, ...], location: str, text: str, remedy: str, google: Google
) -> None:
    export(google, *tables, location=location)
    row = finding_of(google, "billing export")
    assert (text in row.text, remedy in row.remedy) == (True, True), row


def test_every_readiness_problem_has_a_remedy(google: Google) -> None:
    google.log_in("user:dora@example.com")
    write(google, GITHUB + "cost: {export: {project: the-billing-project, dataset: bills}}\n")
    rows = examined(google)
    assert [row for row in rows if row.health in ("missing", "broken") and not row.remedy] == []
