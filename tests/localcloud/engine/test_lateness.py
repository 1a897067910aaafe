"""With the profile "as-google" changes become visible late, by the cloud's own clock; without it at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from localcloud.engine.lateness import PROFILES
from localcloud.server.assembly import opened
from localcloud.services import SERVICES

from tests.localcloud.inside import OWNER, PROJECT, Inside, inside

GOOGLE = PROFILES["as-google"]
ALICE = "user:alice@example.com"
SECRETS = f"secretmanager/v1/projects/{PROJECT}/secrets"
ACCOUNTS = f"iam/v1/projects/{PROJECT}/serviceAccounts"
EMAIL = f"robot-one@{PROJECT}.iam.gserviceaccount.com"


@pytest.fixture
def cloud(tmp_path: Path) -> Inside:
    cloud = inside(tmp_path, *SERVICES)
    cloud.cloud.lateness.choose("as-google")
    return cloud


def later(cloud: Inside, seconds: float) -> None:
    cloud.cloud.clock.advance(seconds)


def test_an_enabled_api_refuses_for_minutes(cloud: Inside) -> None:
    services = f"serviceusage/v1/projects/{PROJECT}/services"
    cloud.ok("POST", f"{services}/secretmanager.googleapis.com:disable", {"disableDependentServices": True})
    cloud.ok("POST", f"{services}/secretmanager.googleapis.com:enable", {})
    assert cloud.ok("GET", f"{services}/secretmanager.googleapis.com")["state"] == "ENABLED"
    later(cloud, GOOGLE.services - 1)
    refused = cloud("GET", SECRETS)
    assert (refused.status, refused.body["error"]["details"][0]["reason"]) == (403, "SERVICE_DISABLED")
    later(cloud, 2)
    cloud.ok("GET", SECRETS)


def bind(cloud: Inside, *members: str) -> None:
    bindings = [
        {"role": "roles/owner", "members": [OWNER]},
        {"role": "roles/secretmanager.viewer", "members": [*members]},
    ]
    path = f"cloudresourcemanager/v1/projects/{PROJECT}"
    cloud.ok("POST", f"{path}:setIamPolicy", {"policy": {"bindings": [one for one in bindings if one["members"]]}})


def test_a_policy_is_read_back_at_once_and_effective_later(cloud: Inside) -> None:
    bind(cloud, ALICE)
    policy = cloud.ok("POST", f"cloudresourcemanager/v1/projects/{PROJECT}:getIamPolicy", {})
    assert ALICE in [member for binding in policy["bindings"] for member in binding["members"]]
    assert cloud.as_(ALICE)("GET", SECRETS).status == 403
    later(cloud, GOOGLE.policies + 1)
    cloud.as_(ALICE).ok("GET", SECRETS)
    bind(cloud)
    cloud.as_(ALICE).ok("GET", SECRETS)
    later(cloud, GOOGLE.policies + 1)
    assert cloud.as_(ALICE)("GET", SECRETS).status == 403


def test_successive_policy_changes_become_effective_in_order(cloud: Inside) -> None:
    bind(cloud, ALICE)
    later(cloud, GOOGLE.policies / 2)
    bind(cloud)
    assert cloud.as_(ALICE)("GET", SECRETS).status == 403
    later(cloud, GOOGLE.policies / 2 + 1)
    assert cloud.as_(ALICE)("GET", SECRETS).status == 200
    later(cloud, GOOGLE.policies / 2)
    assert cloud.as_(ALICE)("GET", SECRETS).status == 403


def made_account(cloud: Inside) -> None:
    cloud.ok("POST", ACCOUNTS, {"accountId": "robot-one", "serviceAccount": {}})


def names(cloud: Inside, path: str, key: str) -> list[str]:
    return [item["name"].rpartition("/")[2] for item in cloud.ok("GET", path).get(key, ())]


def test_a_new_account_can_be_named_in_policies_a_little_later(cloud: Inside) -> None:
    made_account(cloud)
    cloud.ok("GET", f"{ACCOUNTS}/{EMAIL}")
    policy = {
        "policy": {"bindings": [{"role": "roles/iam.serviceAccountUser", "members": [f"serviceAccount:{EMAIL}"]}]}
    }
    refused = cloud("POST", f"{ACCOUNTS}/{EMAIL}:setIamPolicy", policy)
    assert (refused.status, refused.message) == (400, f"Service account {EMAIL} does not exist.")
    later(cloud, GOOGLE.accounts + 1)
    cloud.ok("POST", f"{ACCOUNTS}/{EMAIL}:setIamPolicy", policy)


def test_lists_lack_what_is_new_and_have_what_is_gone(cloud: Inside) -> None:
    made_account(cloud)
    assert names(cloud, ACCOUNTS, "accounts") == []
    later(cloud, GOOGLE.list_of("iam") + 1)
    assert names(cloud, ACCOUNTS, "accounts") == [EMAIL]
    cloud.ok("DELETE", f"{ACCOUNTS}/{EMAIL}")
    assert names(cloud, ACCOUNTS, "accounts") == [EMAIL]
    assert cloud("GET", f"{ACCOUNTS}/{EMAIL}").status == 404
    later(cloud, GOOGLE.list_of("iam") + 1)
    assert names(cloud, ACCOUNTS, "accounts") == []


def test_the_lists_of_other_apis_are_late_too_but_not_those_of_cloud_storage(cloud: Inside) -> None:
    cloud.ok("POST", f"{SECRETS}?secretId=one", {"replication": {"automatic": {}}})
    later(cloud, GOOGLE.list_of("secretmanager") + 1)
    cloud.ok("DELETE", f"{SECRETS}/one")
    assert names(cloud, SECRETS, "secrets") == ["one"]
    cloud.ok("POST", f"storage/v1/b?project={PROJECT}", {"name": "a-bucket-of-mine"})
    assert names(cloud, f"storage/v1/b?project={PROJECT}", "items") == ["a-bucket-of-mine"]
    assert cloud("DELETE", "storage/v1/b/a-bucket-of-mine").status == 204
    assert names(cloud, f"storage/v1/b?project={PROJECT}", "items") == []


def test_a_recreated_resource_is_listed_once(cloud: Inside) -> None:
    for _ in range(2):
        cloud.ok("POST", f"{SECRETS}?secretId=one", {"replication": {"automatic": {}}})
        later(cloud, GOOGLE.list_of("secretmanager") - 1)
        cloud.ok("DELETE", f"{SECRETS}/one")
    cloud.ok("POST", f"{SECRETS}?secretId=one", {"replication": {"automatic": {}}})
    assert len(names(cloud, SECRETS, "secrets")) <= 1


def test_a_profile_outlives_a_restart_and_ends_with_a_reset(tmp_path: Path) -> None:
    first = opened(tmp_path)
    first.lateness.choose("as-google")
    first.store.close()
    second = opened(tmp_path)
    assert second.lateness.profile == GOOGLE
    second.store.empty()
    assert second.lateness.profile is None
    second.store.close()


def test_without_a_profile_everything_shows_at_once(cloud: Inside) -> None:
    cloud.cloud.lateness.choose("")
    bind(cloud, ALICE)
    cloud.as_(ALICE).ok("GET", SECRETS)
    made_account(cloud)
    assert names(cloud, ACCOUNTS, "accounts") == [EMAIL]
    cloud.ok("DELETE", f"{ACCOUNTS}/{EMAIL}")
    assert names(cloud, ACCOUNTS, "accounts") == []
