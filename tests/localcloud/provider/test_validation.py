"""A configuration is refused before anything is planned, by a sentence that names the attribute."""

from __future__ import annotations

from typing import Any

import pytest
from localcloud.provider.checks import complaint
from localcloud.provider.values import UNKNOWN

from tests.localcloud.provider.core import Core, Refusal

AUTO = [{"auto": [{}]}]


@pytest.mark.parametrize(
    ("resource", "values", "message"),
    [
        ("google_service_account", {"account_id": "short"}, "account_id must have 6 to 30 characters; it has 5"),
        ("google_service_account", {"account_id": "Upper-Case"}, "account_id is 'Upper-Case'; it must match"),
        ("google_service_account", {"account_id": "train-me\n"}, "account_id is .*; it must match"),
        (
            "google_project_iam_custom_role",
            {"role_id": "own", "title": "t", "permissions": []},
            "permissions needs at least 1",
        ),
        ("google_project_iam_member", {"project": "p", "role": "r", "member": "bob"}, "member must be a principal"),
        ("google_project_service", {"service": "run"}, "service must be a domain"),
        (
            "google_secret_manager_secret",
            {"secret_id": "s", "replication": [{}]},
            "One of replication.auto, .* must be set",
        ),
        (
            "google_secret_manager_secret",
            {"secret_id": "s", "replication": AUTO, "rotation": [{"rotation_period": "1s"}]},
            "rotation needs topics as well",
        ),
        (
            "google_secret_manager_secret_version",
            {"secret": "s", "secret_data": "a", "secret_data_wo": "b"},
            "Only one of secret_data, secret_data_wo may be set",
        ),
        (
            "google_artifact_registry_repository",
            {"repository_id": "r", "format": "DOCKER", "mode": "FAST"},
            "mode is 'FAST'; it must be one of STANDARD_REPOSITORY, VIRTUAL_REPOSITORY, REMOTE_REPOSITORY, ''",
        ),
        ("google_storage_bucket", {"name": "b", "location": "EU", "url": "gs://b"}, "url cannot be set"),
        ("google_storage_bucket", {"name": "b", "location": "EU", "labels": {"A": "b"}}, "invalid label key: 'A'"),
        (
            "google_storage_bucket",
            {"name": "b", "location": "EU", "soft_delete_policy": [{"retention_duration_seconds": 1.5}]},
            "retention_duration_seconds is 1.5; it must be a whole number",
        ),
        (
            "google_storage_bucket",
            {"name": "b", "location": "EU", "lifecycle_rule": [{"action": [], "condition": [{}]}]},
            "action is required",
        ),
    ],
)
def test_a_mistake_is_refused_by_name(offline: Core, resource: str, values: dict[str, Any], message: str) -> None:
    with pytest.raises(Refusal, match=message):
        offline.validate(resource, **values)


def test_what_is_not_known_yet_is_not_judged(offline: Core) -> None:
    offline.validate("google_service_account", account_id=UNKNOWN)
    offline.validate("google_project_iam_binding", project="p", role="r", members=[UNKNOWN])
    offline.validate("google_secret_manager_secret_version", secret="s", secret_data=UNKNOWN)


@pytest.mark.parametrize(
    ("resource", "values"),
    [
        ("google_project_iam_binding", {"project": "p", "role": "r", "members": ["bob", UNKNOWN]}),
        ("google_storage_bucket", {"name": "b", "location": "EU", "ip_filter": [{"mode": "x", "allow_cross_org_vpcs": UNKNOWN}]}),
        (
            "google_iam_workload_identity_pool_provider",
            {
                "workload_identity_pool_id": "pool",
                "workload_identity_pool_provider_id": "provider",
                "oidc": [{"issuer_uri": "https://example.com"}],
                "saml": [{"idp_metadata_xml": UNKNOWN}],
            },
        ),
        (
            "google_storage_bucket_object",
            {"bucket": "b", "name": "o", "content": "c", "kms_key_name": "k", "customer_encryption": UNKNOWN},
        ),
    ],
)  # fmt: skip
def test_a_partly_known_value_is_not_validated(offline: Core, resource: str, values: dict[str, Any]) -> None:
    offline.validate(resource, **values)


def test_a_label_whose_value_is_null_is_no_label(offline: Core) -> None:
    offline.validate("google_storage_bucket", name="b", location="EU", labels={"Not A Label": None})


def test_a_refusal_points_at_the_attribute(offline: Core) -> None:
    website = [{"main_page_suffix": None}]
    with pytest.raises(Refusal) as error:
        offline.validate("google_storage_bucket", name="b", location="EU", website=website)
    assert error.value.attributes[:2] == ["website", ""]


def test_what_is_required_may_not_be_null(offline: Core) -> None:
    with pytest.raises(Refusal, match="location is required, but it is null") as error:
        offline.validate("google_storage_bucket", name="b", location=None)
    assert error.value.attributes == ["location"]


@pytest.mark.parametrize(
    ("check", "right", "wrong"),
    [
        ("base64", "aGVsbG8=", "hello!"),
        ("base64", "aGVs\nbG8=\n", "aGVsbG8"),
        ("cidr", "10.0.0.0/8", "10.0.0.1"),
        ("duration", "1h30m", "soon"),
        ("endpoint", "http://127.0.0.1:1/v1/", "http://127.0.0.1:1"),
        ("iam_member", "allUsers", "deleted:user:x@example.com?uid=1"),
        ("pool_id", "my-pool", "gcp-pool"),
        ("pool_id", "example.svc.id.goog", "my_pool"),
        ("pool_part", "my-provider", "example.svc.id.goog"),
        ("project_id", "projects/my-project", "My Project"),
        ("service_name", "run.googleapis.com", "bigquery-json.googleapis.com"),
    ],
)
def test_every_check_accepts_and_refuses(check: str, right: str, wrong: str) -> None:
    assert complaint(check, right) == ""
    assert complaint(check, wrong).startswith("must ")
