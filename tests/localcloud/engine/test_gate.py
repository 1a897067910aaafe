"""The permission that a method implies."""

import pytest
from localcloud.engine.gate import usual


@pytest.mark.parametrize(
    ("method", "permission"),
    [
        ("secretmanager.projects.secrets.create", "secretmanager.secrets.create"),
        ("secretmanager.projects.secrets.patch", "secretmanager.secrets.update"),
        ("secretmanager.projects.secrets.versions.access", "secretmanager.versions.access"),
        ("artifactregistry.projects.locations.repositories.setIamPolicy", "artifactregistry.repositories.setIamPolicy"),
        ("serviceusage.services.enable", "serviceusage.services.enable"),
        ("artifactregistry.projects.locations.operations.get", ""),
        ("artifactregistry.projects.locations.list", "artifactregistry.locations.list"),
        ("secretmanager.projects.locations.get", "secretmanager.locations.get"),
        ("eventarc.projects.locations.get", "eventarc.locations.get"),
        ("secretmanager.projects.secrets.testIamPermissions", ""),
    ],
)
def test_a_method_implies_a_permission_by_rule(method: str, permission: str) -> None:
    assert (
        usual(method, {"artifactregistry.locations.list", "secretmanager.locations.get", "eventarc.locations.get"})
        == permission
    )
