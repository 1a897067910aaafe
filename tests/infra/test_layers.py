"""The project's environments, created and destroyed by plain Terraform on the local cloud."""

from __future__ import annotations

import re

import pytest
from groundwork.environment.values import names
from groundwork.google.cloud import CloudProblem
from groundwork.lifecycle import connection

from tests.infra.layers import Platform
from tests.terraform_runs import ROOT

others = [pytest.param(name, marks=pytest.mark.slow) for name in names(ROOT) if name != "local"]
every_environment = pytest.mark.parametrize("platform", ["local", *others], indirect=True)
fresh_dev = pytest.mark.parametrize("platform", ["dev"], indirect=True)
starfish = pytest.mark.parametrize("platform", ["starfish"], indirect=True)


@every_environment
def test_plain_terraform_makes_both_layers_and_the_platform_goes_and_comes_again(platform: Platform) -> None:
    planned = platform.applied("bootstrap")
    bucket = "module.state_bucket.google_storage_bucket.bucket"
    assert planned.pop(bucket) == ["update"], "the state bucket is taken over, not made"
    assert {tuple(actions) for actions in planned.values()} == {("create",)}
    assert platform.layer("bootstrap").changes(platform.file) == {}
    before = platform.project.inventory()

    planned = platform.applied("platform")
    assert {tuple(actions) for actions in planned.values()} == {("create",)}
    assert platform.layer("platform").changes(platform.file) == {}
    inventory = platform.project.inventory()
    environment = platform.environment
    assert inventory["buckets"] == sorted(
        [environment.state_bucket, *(bucket.full_name for bucket in environment.buckets.values())]
    )
    outputs = platform.layer("platform").outputs()
    assert outputs["buckets"] == {name: bucket.url for name, bucket in environment.buckets.items()}
    assert outputs["repositories"] == {name: one.url for name, one in environment.repositories.items()}
    assert outputs["identities"] == {name: one.email for name, one in environment.identities.items()}
    assert outputs["members"] == {email: member.role for email, member in environment.members.items()}
    assert platform.layer("bootstrap").outputs()["deployer"] == environment.deployer

    assert inventory != before
    platform.layer("platform").succeed("destroy", "-auto-approve", "-no-color", platform.file)
    assert platform.project.inventory() == before, "the bootstrap layer is left alone"
    platform.applied("platform")
    assert platform.layer("platform").changes(platform.file) == {}
    assert platform.layer("bootstrap").changes(platform.file) == {}


@fresh_dev
def test_the_deployer_has_the_roles_that_both_layers_take(platform: Platform) -> None:
    platform.applied("bootstrap")
    deployer = platform.acting_as(f"serviceAccount:{platform.environment.deployer}")
    deployer.applied("platform")
    assert deployer.layer("platform").changes(platform.file) == {}
    assert deployer.layer("bootstrap").changes(platform.file) == {}
    deployer.layer("platform").succeed("destroy", "-auto-approve", "-no-color", platform.file)


def test_the_planner_may_plan_both_layers_and_change_neither(dev: Platform) -> None:
    planner = dev.acting_as(f"serviceAccount:{dev.environment.planner}")
    for layer in ("bootstrap", "platform"):
        terraform = planner.layer(layer)
        assert terraform.changes("-lock=false", dev.file) == {}
        refused = terraform.fail("apply", "-auto-approve", "-no-color", dev.file)
        assert "storage.objects.create" in refused


@pytest.mark.slow
@starfish
def test_services_jobs_builds_and_training_are_applied_by_the_deployer_and_planned_by_the_planner(
    platform: Platform,
) -> None:
    talk: list[str] = []
    connection.ensure(platform.project.cloud, platform.environment, platform.checkout, talk.append)
    platform.applied("bootstrap")
    deployer = platform.acting_as(f"serviceAccount:{platform.environment.deployer}")
    deployer.applied("platform")
    planner = platform.acting_as(f"serviceAccount:{platform.environment.planner}")
    for layer in ("bootstrap", "platform"):
        assert deployer.layer(layer).changes(platform.file) == {}
        assert planner.layer(layer).changes("-lock=false", platform.file) == {}
    outputs = platform.layer("platform").outputs()
    assert set(outputs["services"]) == set(platform.environment.services)
    assert outputs["jobs"] == {name: name for name in platform.environment.jobs}
    assert set(outputs["builds"]) == set(platform.environment.builds)
    deployer.layer("platform").succeed("destroy", "-auto-approve", "-no-color", platform.file)


@pytest.mark.slow
@starfish
def test_a_budget_that_comes_later_is_created_by_the_deployer(platform: Platform) -> None:
    connection.ensure(platform.project.cloud, platform.environment, platform.checkout, lambda _text: None)
    text = platform.environment.path.read_text(encoding="utf-8")
    platform.environment.path.write_text(re.sub("^budget: .*\n", "", text, flags=re.MULTILINE), encoding="utf-8")
    assert not any("budget" in address for address in platform.applied("bootstrap"))
    platform.environment.path.write_text(text, encoding="utf-8")
    deployer = platform.acting_as(f"serviceAccount:{platform.environment.deployer}")
    assert any("google_billing_budget" in address for address in deployer.applied("bootstrap"))
    planner = platform.acting_as(f"serviceAccount:{platform.environment.planner}")
    assert planner.layer("bootstrap").changes("-lock=false", platform.file) == {}


def test_an_operator_may_act_as_the_deployer_and_a_data_scientist_may_not(dev: Platform) -> None:
    path = f"v1/projects/-/serviceAccounts/{dev.environment.deployer}:generateAccessToken"
    body = {"scope": ["https://www.googleapis.com/auth/cloud-platform"]}
    operator = dev.project.as_principal("user:carol@example.com")
    assert operator.request("POST", "iamcredentials", path, json=body)["accessToken"]
    scientist = dev.project.as_principal("user:alice@example.com")
    with pytest.raises(CloudProblem, match=r"403 .*iam\.serviceAccounts\.getAccessToken"):
        scientist.request("POST", "iamcredentials", path, json=body)


def test_an_identity_reads_and_writes_what_the_file_says_and_no_more(dev: Platform) -> None:
    buckets, identities = dev.environment.buckets, dev.environment.identities
    train = dev.project.as_principal(f"serviceAccount:{identities['train'].email}").storage()
    owner = dev.project.cloud.storage()
    owner.bucket(buckets["data"].full_name).blob("images.zip").upload_from_string("cats and dogs")
    assert train.get_bucket(buckets["data"].full_name).blob("images.zip").download_as_text() == "cats and dogs"
    train.bucket(buckets["models"].full_name).blob("model.pt").upload_from_string("weights")
    with pytest.raises(Exception, match=r"403 .*storage\.objects\.create"):
        train.bucket(buckets["data"].full_name).blob("images.zip").upload_from_string("mice")
    outsider = dev.project.as_principal("user:mallory@example.com").storage()
    with pytest.raises(Exception, match=r"403 .*storage\.objects\.get"):
        outsider.bucket(buckets["data"].full_name).blob("images.zip").download_as_text()


def test_a_change_of_the_file_changes_what_it_names_alone(dev: Platform) -> None:
    file = dev.environment.path
    text = file.read_text()
    file.write_text(text.replace("alice@example.com: {role: data-scientist}", "alice@example.com: {role: viewer}"))
    layer = dev.layer("platform")
    try:
        assert layer.changes(dev.file)
    finally:
        file.write_text(text)
    changed = [entry for entry in layer.planned()["resource_changes"] if entry["change"]["actions"] != ["no-op"]]
    assert {entry["type"].rpartition("_")[2] for entry in changed} == {"binding"}
    for entry in changed:
        before, after = (entry["change"][when] or {"members": []} for when in ("before", "after"))
        assert {*before["members"]} ^ {*after["members"]} == {"user:alice@example.com"}, entry["address"]


def test_a_manual_grant_is_a_change_only_of_roles_that_the_module_owns(dev: Platform) -> None:
    cloud, bucket = dev.project.cloud, dev.environment.buckets["data"].full_name
    eve = "user:eve@example.com"

    def grant(role: str) -> None:
        policy = cloud.request("GET", "storage", f"v1/b/{bucket}/iam")
        policy["bindings"].append({"role": role, "members": [eve]})
        cloud.request("PUT", "storage", f"v1/b/{bucket}/iam", json=policy)

    grant("roles/storage.admin")
    assert dev.layer("platform").changes(dev.file) == {}
    grant("roles/storage.objectViewer")
    address = 'module.buckets["data"].google_storage_bucket_iam_binding.roles["roles/storage.objectViewer"]'
    assert dev.layer("platform").changes(dev.file) == {address: ["update"]}
    dev.applied("platform")
    bindings = cloud.request("GET", "storage", f"v1/b/{bucket}/iam")["bindings"]
    assert [binding["role"] for binding in bindings if eve in binding["members"]] == ["roles/storage.admin"]


@fresh_dev
def test_no_resource_is_made_for_a_member(platform: Platform) -> None:
    file = platform.environment.path
    text = file.read_text()

    def made_with(viewers: int) -> int:
        lines = "".join(f"  member{number}@example.com: {{role: viewer}}\n" for number in range(viewers))
        file.write_text(text.replace("members:\n", f"members:\n{lines}"))
        platform.up()
        return sum(
            len(platform.layer(name).succeed("state", "list").splitlines()) for name in ("bootstrap", "platform")
        )

    assert made_with(1) == made_with(30)
