"""IAM: identity pools and their providers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from localcloud.services.iam import pools
from localcloud.spec.expressions import Language, compiled

from tests.localcloud.services.requests_inside import NUMBER, PROJECT, Sender, sender

IAM = f"/iam/v1/projects/{PROJECT}"
POOLS = f"{IAM}/locations/global/workloadIdentityPools"
PROVIDERS = f"{POOLS}/github/providers"
GITHUB = {
    "oidc": {"issuerUri": "https://token.actions.githubusercontent.com"},
    "attributeMapping": {"google.subject": "assertion.sub", "attribute.repository": "assertion.repository"},
    "attributeCondition": "assertion.repository_owner_id == '42'",
}


@pytest.fixture
def call(tmp_path: Path) -> Sender:
    return sender(tmp_path, "iam", "secretmanager")


def pool(call: Sender) -> dict[str, Any]:
    created: dict[str, Any] = call("POST", f"{POOLS}?workloadIdentityPoolId=github", {"displayName": "GitHub"})
    return created


def test_a_pool_is_made_by_a_done_operation_and_named_by_project_number(call: Sender) -> None:
    operation = pool(call)
    assert operation["done"] is True
    assert operation["response"]["name"] == f"projects/{NUMBER}/locations/global/workloadIdentityPools/github"
    assert operation["response"]["state"] == "ACTIVE"
    assert call("GET", f"/iam/v1/{operation['name']}")["done"] is True
    assert call("GET", f"{POOLS}/github:listAttestationRules") == {}


def test_a_deleted_pool_blocks_its_id_for_thirty_days_and_can_come_back(call: Sender) -> None:
    pool(call)
    call("POST", f"{PROVIDERS}?workloadIdentityPoolProviderId=github", GITHUB)
    call("DELETE", f"{POOLS}/github")
    assert call("GET", f"{POOLS}/github")["state"] == "DELETED"
    assert call("GET", POOLS) == {}
    assert (
        call.refused("POST", f"{POOLS}?workloadIdentityPoolId=github", {}, status=409)
        == "Requested entity already exists"
    )
    call("POST", f"{POOLS}/github:undelete", {})
    assert call("GET", f"{POOLS}/github")["state"] == "ACTIVE"
    assert "nothing to undelete" in call.refused("POST", f"{POOLS}/github:undelete", {})
    call("DELETE", f"{POOLS}/github")
    call.later(days=31)
    call.refused("GET", f"{POOLS}/github", status=404)
    pool(call)
    assert call("GET", PROVIDERS) == {}


@pytest.mark.parametrize("identity", ["abc", "gcp-mine", "Upper", "x" * 33, "under_score"])
def test_pool_ids_have_4_to_32_characters_and_no_google_prefix(call: Sender, identity: str) -> None:
    assert "must have 4 to 32" in call.refused("POST", f"{POOLS}?workloadIdentityPoolId={identity}", {})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"attributeCondition": ""}, "must reference one of the provider's claims."),
        ({"attributeCondition": "'assertion.sub' == 'x'"}, "must reference one of the provider's claims."),
        ({"attributeCondition": "assertion.sub == 'x"}, "cannot be read"),
        ({"attributeCondition": "(assertion.sub == 'x'"}, "cannot be read"),
        ({"attributeMapping": {}}, "must include a mapping for google.subject"),
        ({"attributeMapping": {"attribute.x": "assertion.x"}}, "must include a mapping for google.subject"),
        ({"attributeMapping": {"assertion.aud": "assertion.aud"}}, "Invalid mapped attribute key: assertion.aud."),
        ({"oidc": {"issuerUri": "http://plain.example.com"}}, "must be an https address"),
        ({"oidc": {"issuerUri": "https://[::1"}}, "must be an https address"),
        ({"oidc": {"issuerUri": "https://a.example.com", "jwksJson": "{"}}, "not a JSON Web Key Set"),
        ({"aws": {"accountId": "1"}}, "exactly one of aws, oidc, saml, x509; this one has aws and oidc"),
        ({"displayName": "x" * 33}, "display name must be less than or equal to 32 characters"),
    ],
)
def test_wrong_providers_are_refused(call: Sender, change: dict[str, Any], message: str) -> None:
    pool(call)
    text = call.refused("POST", f"{PROVIDERS}?workloadIdentityPoolProviderId=github", GITHUB | change)
    assert message in text


def test_a_custom_issuer_needs_no_condition(call: Sender) -> None:
    pool(call)
    own = {"oidc": {"issuerUri": "https://id.example.com"}, "attributeMapping": {"google.subject": "assertion.sub"}}
    created = call("POST", f"{PROVIDERS}?workloadIdentityPoolProviderId=own-issuer", own)["response"]
    assert created["oidc"]["issuerUri"] == "https://id.example.com"


def test_a_provider_is_patched_with_masks_in_either_spelling_but_keeps_its_kind(call: Sender) -> None:
    pool(call)
    call("POST", f"{PROVIDERS}?workloadIdentityPoolProviderId=github", GITHUB)
    path = f"{PROVIDERS}/github"
    call("PATCH", f"{path}?updateMask=oidc.allowed_audiences", {"oidc": {"allowedAudiences": ["team"]}})
    call(
        "PATCH",
        f"{path}?updateMask=displayName,attributeCondition",
        {"displayName": "G", "attributeCondition": "assertion.ref == 'x'"},
    )
    found = call("GET", path)
    assert found["oidc"] == {"issuerUri": "https://token.actions.githubusercontent.com", "allowedAudiences": ["team"]}
    assert found["attributeCondition"] == "assertion.ref == 'x'"
    assert "keeps its kind" in call.refused("PATCH", f"{path}?updateMask=oidc,aws", {"aws": {"accountId": "1"}})


def test_an_aws_provider_without_mapping_has_googles_default_which_is_not_shown(call: Sender) -> None:
    pool(call)
    created = call("POST", f"{PROVIDERS}?workloadIdentityPoolProviderId=aws-one", {"aws": {"accountId": "123"}})
    assert "attributeMapping" not in created["response"]
    default = pools.mapping(created["response"])
    assert default["google.subject"] == "assertion.arn"
    compiled(Language.MAPPING, default["attribute.aws_role"])


def test_attestation_rules_are_kept_beside_the_pool(call: Sender) -> None:
    pool(call)
    rule = {"googleCloudResource": f"//compute.googleapis.com/projects/{NUMBER}/uid/zones/z/instances/1"}
    call("POST", f"{POOLS}/github:setAttestationRules", {"attestationRules": [rule]})
    call("POST", f"{POOLS}/github:addAttestationRule", {"attestationRule": {"googleCloudResource": "x"}})
    call("POST", f"{POOLS}/github:removeAttestationRule", {"attestationRule": {"googleCloudResource": "x"}})
    assert call("GET", f"{POOLS}/github:listAttestationRules") == {"attestationRules": [rule]}
    assert "_attestationRules" not in call("GET", f"{POOLS}/github")


def test_pools_need_the_permissions_of_pools(call: Sender) -> None:
    pool(call)
    call.grant("roles/iam.workloadIdentityPoolViewer", "user:ann@example.com")
    ann = call.as_("user:ann@example.com")
    ann("GET", f"{POOLS}/github")
    text = ann.refused("DELETE", f"{POOLS}/github", status=403)
    assert "iam.googleapis.com/workloadIdentityPools.delete" in text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"attributeCondition": "(" * 3000 + "true"}, "cannot be read: Expression recursion limit exceeded"),
        ({"attributeCondition": "!" * 3000 + "assertion.x"}, ""),
        ({"attributeCondition": "assertion.x + 'a'"}, "must be true or false"),
        ({"attributeCondition": "resource.name == 'a'"}, "undeclared reference to 'resource.name'"),
        ({"attributeCondition": "'assertion.x' == 'assertion.x'"}, "must reference one of the provider's claims"),
        ({"attributeCondition": "assertion.x == 'a" + "a" * 4096 + "'"}, "at most 4096 characters"),
        ({"attributeMapping": {"google.subject": "assertion.sub +"}}, "The mapping of google.subject cannot be read"),
        ({"attributeMapping": {"google.subject": "google.groups[0]"}}, "undeclared reference to 'google"),
        (
            {"attributeMapping": {"google.subject": "assertion.sub", **{f"attribute.a{n}": "'a'" for n in range(51)}}},
            "may map 50 custom attributes",
        ),
    ],
)
def test_expressions_are_checked_when_a_provider_is_set(call: Sender, changes: dict[str, Any], message: str) -> None:
    pool(call)
    path = f"{PROVIDERS}?workloadIdentityPoolProviderId=github"
    if message:
        assert message in call.refused("POST", path, GITHUB | changes)
    else:
        call("POST", path, GITHUB | changes)
