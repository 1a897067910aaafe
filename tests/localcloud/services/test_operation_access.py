"""Operations: reading, cancelling and deleting those of others needs Google's permission."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.localcloud.services.requests_inside import PROJECT, Sender, sender

ANN = "user:ann@example.com"
REPOSITORIES = f"/artifactregistry/v1/projects/{PROJECT}/locations/europe-west1/repositories"
POOLS = f"/iam/v1/projects/{PROJECT}/locations/global/workloadIdentityPools"


@pytest.fixture
def call(tmp_path: Path) -> Sender:
    return sender(tmp_path, "iam", "artifactregistry")


def start_operation(call: Sender, api: str) -> str:
    """The address of an operation of the owner's."""
    operation = {
        "serviceusage": lambda: call(
            "POST", f"/serviceusage/v1/projects/{PROJECT}/services/run.googleapis.com:enable", {}
        ),
        "artifactregistry": lambda: call("POST", f"{REPOSITORIES}?repositoryId=images", {"format": "DOCKER"}),
        "iam": lambda: call("POST", f"{POOLS}?workloadIdentityPoolId=github", {}),
        "cloudresourcemanager": lambda: call("POST", "/cloudresourcemanager/v3/projects", {"projectId": "new-project"}),
    }[api]()
    version = "v3" if api == "cloudresourcemanager" else "v1"
    return f"/{api}/{version}/{operation['name']}"


ROLES = {
    "serviceusage": "roles/serviceusage.serviceUsageViewer",
    "artifactregistry": "roles/browser",
    "iam": "roles/iam.workloadIdentityPoolViewer",
    "cloudresourcemanager": "",
}


@pytest.mark.parametrize("api", ROLES)
def test_an_operation_is_read_with_the_permission_of_its_api_in_its_project(call: Sender, api: str) -> None:
    operation = start_operation(call, api)
    ann = call.as_(ANN)
    assert call("GET", operation)["done"] is True
    assert "ermission" in ann.refused("GET", operation, status=403)
    call.as_("").refused("GET", operation, status=401)
    if ROLES[api]:
        call.grant(ROLES[api], ANN)
        assert ann("GET", operation)["done"] is True


def test_an_operation_without_its_own_permission_is_readable_by_its_creator(call: Sender) -> None:
    call.grant("roles/artifactregistry.admin", ANN)
    operation = start_operation(call.as_(ANN), "artifactregistry")
    call.as_(ANN)("GET", operation)
    call.as_("user:bob@example.com").refused("GET", operation, status=403)


def test_nobody_without_a_role_lists_cancels_or_deletes(call: Sender) -> None:
    operation = start_operation(call, "serviceusage")
    ann = call.as_(ANN)
    assert ann("GET", "/serviceusage/v1/operations") == {}
    assert [one["name"] for one in call("GET", "/serviceusage/v1/operations")["operations"]] == [operation[17:]]
    ann.refused("DELETE", operation, status=403)
    ann.refused("POST", f"{operation}:cancel", {}, status=403)
    images = start_operation(call, "artifactregistry")
    ann.refused("POST", f"{images}:cancel", {}, status=403)
    assert call("GET", operation)["done"] is True
