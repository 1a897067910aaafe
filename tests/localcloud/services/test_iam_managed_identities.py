"""Namespaces and managed identities of pools that are trust domains."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.localcloud.services.requests_inside import NUMBER, PROJECT, Sender, sender

POOLS = f"/iam/v1/projects/{PROJECT}/locations/global/workloadIdentityPools"
SPACES = f"{POOLS}/domain/namespaces"
IDENTITIES = f"{SPACES}/space/managedIdentities"
NAME = f"projects/{NUMBER}/locations/global/workloadIdentityPools/domain/namespaces/space"
RULE = {"googleCloudResource": f"//compute.googleapis.com/projects/{NUMBER}/uid/zones/z/instances/1"}


@pytest.fixture
def call(tmp_path: Path) -> Sender:
    call = sender(tmp_path, "iam")
    call("POST", f"{POOLS}?workloadIdentityPoolId=domain", {"mode": "TRUST_DOMAIN"})
    call("POST", f"{SPACES}?workloadIdentityPoolNamespaceId=space", {"description": "ours"})
    return call


def test_a_namespace_is_created_changed_listed_deleted_and_restored(call: Sender) -> None:
    assert call("GET", f"{SPACES}/space") == {"name": NAME, "description": "ours", "state": "ACTIVE"}
    operation = call("PATCH", f"{SPACES}/space?updateMask=disabled", {"disabled": True})
    assert operation["name"].startswith(f"{NAME.replace(NUMBER, PROJECT)}/operations/")
    assert operation["response"]["disabled"] is True
    call("DELETE", f"{SPACES}/space")
    assert call("GET", SPACES) == {}
    assert call("GET", f"{SPACES}?showDeleted=true")["workloadIdentityPoolNamespaces"][0]["state"] == "DELETED"
    assert call("POST", f"{SPACES}/space:undelete", {})["response"]["state"] == "ACTIVE"


def test_managed_identities_belong_to_namespaces_and_have_attestation_rules(call: Sender) -> None:
    created = call("POST", f"{IDENTITIES}?workloadIdentityPoolManagedIdentityId=me", {})
    assert created["done"] is True
    assert call("GET", f"/iam/v1/{created['name']}")["response"] == created["response"]
    assert created["response"]["@type"].endswith(".WorkloadIdentityPoolManagedIdentity")
    changed = call("POST", f"{IDENTITIES}/me:setAttestationRules", {"attestationRules": [RULE]})
    assert changed["response"]["@type"].endswith(".WorkloadIdentityPoolManagedIdentity")
    assert call("GET", f"{IDENTITIES}/me:listAttestationRules") == {"attestationRules": [RULE]}
    call("POST", f"{IDENTITIES}/me:removeAttestationRule", {"attestationRule": RULE})
    assert call("GET", f"{IDENTITIES}/me:listAttestationRules") == {}
    assert [one["name"] for one in call("GET", IDENTITIES)["workloadIdentityPoolManagedIdentities"]] == [
        f"{NAME}/managedIdentities/me"
    ]


def test_invalid_namespaces_and_identities_are_refused(call: Sender) -> None:
    call("POST", f"{POOLS}?workloadIdentityPoolId=github", {})
    other = f"{POOLS}/github/namespaces?workloadIdentityPoolNamespaceId=space"
    assert "only pools in TRUST_DOMAIN" in call.refused("POST", other, {})
    call.refused("POST", f"{SPACES}?workloadIdentityPoolNamespaceId=space", {}, status=409)
    call.refused("POST", f"{SPACES}?workloadIdentityPoolNamespaceId=gcp-a", {})
    call.refused("POST", f"{SPACES}?workloadIdentityPoolNamespaceId=a", {})
    call.refused("POST", f"{SPACES}/none/managedIdentities?workloadIdentityPoolManagedIdentityId=me", {}, status=404)


def test_they_need_permissions_of_their_own(call: Sender) -> None:
    ann = call.as_("user:ann@example.com")
    assert "workloadIdentityPoolNamespaces.get" in ann.refused("GET", f"{SPACES}/space", status=403)
    call.grant("roles/iam.workloadIdentityPoolViewer", ann.principal)
    ann("GET", f"{SPACES}/space")
    ann("GET", IDENTITIES)
    text = ann.refused("POST", f"{IDENTITIES}?workloadIdentityPoolManagedIdentityId=me", {}, status=403)
    assert "workloadIdentityPoolManagedIdentities.create" in text
