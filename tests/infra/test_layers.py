"""The environments that come with the project, brought up and taken down by plain Terraform on the local cloud."""

from __future__ import annotations

import pytest
from groundwork.environment.values import names
from groundwork.google.cloud import CloudProblem

from tests.infra.layers import Platform
from tests.terraform_runs import ROOT

every_environment = pytest.mark.parametrize("platform", names(ROOT), indirect=True)
dev = pytest.mark.parametrize("platform", ["dev"], indirect=True)


@every_environment
def test_plain_terraform_works(platform: Platform) -> None:
    planned = platform.applied("bootstrap")
    bucket = "module.state_bucket.google_storage_bucket.bucket"
    assert planned.pop(bucket) == ["update"], "the state bucket is taken over, not made"
    assert {tuple(actions) for actions in planned.values()} == {("create",)}
    assert platform.layer("bootstrap").changes(platform.file) == {}

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


@every_environment
def test_taking_the_platform_down_leaves_the_bootstrap_layer_alone_and_it_comes_up_again(platform: Platform) -> None:
    platform.applied("bootstrap")
    before = platform.project.inventory()
    platform.applied("platform")
    assert platform.project.inventory() != before
    platform.layer("platform").succeed("destroy", "-auto-approve", "-no-color", platform.file)
    assert platform.project.inventory() == before
    platform.applied("platform")
    assert platform.layer("platform").changes(platform.file) == {}
    assert platform.layer("bootstrap").changes(platform.file) == {}


@dev
def test_the_deployer_has_the_roles_that_both_layers_take(platform: Platform) -> None:
    platform.applied("bootstrap")
    deployer = platform.acting_as(f"serviceAccount:{platform.environment.deployer}")
    deployer.applied("platform")
    assert deployer.layer("platform").changes(platform.file) == {}
    assert deployer.layer("bootstrap").changes(platform.file) == {}
    deployer.layer("platform").succeed("destroy", "-auto-approve", "-no-color", platform.file)


@dev
def test_the_planner_may_plan_both_layers_and_change_neither(platform: Platform) -> None:
    platform.up()
    planner = platform.acting_as(f"serviceAccount:{platform.environment.planner}")
    for layer in ("bootstrap", "platform"):
        terraform = planner.layer(layer)
        assert terraform.changes("-lock=false", platform.file) == {}
        refused = terraform.fail("apply", "-auto-approve", "-no-color", platform.file)
        assert "storage.objects.create" in refused


@dev
def test_an_operator_may_act_as_the_deployer_and_a_data_scientist_may_not(platform: Platform) -> None:
    platform.up()
    path = f"v1/projects/-/serviceAccounts/{platform.environment.deployer}:generateAccessToken"
    body = {"scope": ["https://www.googleapis.com/auth/cloud-platform"]}
    operator = platform.project.as_principal("user:carol@example.com")
    assert operator.request("POST", "iamcredentials", path, json=body)["accessToken"]
    scientist = platform.project.as_principal("user:alice@example.com")
    with pytest.raises(CloudProblem, match=r"403 .*iam\.serviceAccounts\.getAccessToken"):
        scientist.request("POST", "iamcredentials", path, json=body)


@dev
def test_an_identity_reads_and_writes_what_the_file_says_and_no_more(platform: Platform) -> None:
    platform.up()
    buckets, identities = platform.environment.buckets, platform.environment.identities
    train = platform.project.as_principal(f"serviceAccount:{identities['train'].email}").storage()
    owner = platform.project.cloud.storage()
    owner.bucket(buckets["data"].full_name).blob("images.zip").upload_from_string("cats and dogs")
    assert train.get_bucket(buckets["data"].full_name).blob("images.zip").download_as_text() == "cats and dogs"
    train.bucket(buckets["models"].full_name).blob("model.pt").upload_from_string("weights")
    with pytest.raises(Exception, match=r"403 .*storage\.objects\.create"):
        train.bucket(buckets["data"].full_name).blob("images.zip").upload_from_string("mice")
    outsider = platform.project.as_principal("user:mallory@example.com").storage()
    with pytest.raises(Exception, match=r"403 .*storage\.objects\.get"):
        outsider.bucket(buckets["data"].full_name).blob("images.zip").download_as_text()


@dev
def test_a_change_of_the_file_changes_what_it_names_alone(platform: Platform) -> None:
    platform.up()
    file = platform.environment.path
    file.write_text(
        file.read_text().replace("alice@example.com: {role: data-scientist}", "alice@example.com: {role: viewer}")
    )
    changes = platform.layer("platform").changes(platform.file)
    assert changes
    assert all("alice@example.com" in address for address in changes)
