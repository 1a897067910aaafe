"""What is checked before a method runs: its location, and the permission that it implies."""

from pathlib import Path

import pytest
from localcloud.engine.gate import usual

from tests.localcloud.services.requests_inside import NUMBER, PROJECT, sender


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


def test_an_unknown_location_is_refused_even_to_the_owner_in_every_service(tmp_path: Path) -> None:
    call = sender(tmp_path, "run", "artifactregistry")
    for api, collection in (("run/v2", "services"), ("artifactregistry/v1", "repositories")):
        path = f"/{api}/projects/{PROJECT}/locations/mars-north1/{collection}"
        error = call("GET", path, status=403)["error"]
        assert error["message"] == "Permission denied on 'locations/mars-north1' (or it may not exist)."
        (info,) = error["details"]
        assert (info["reason"], info["domain"]) == ("LOCATION_POLICY_VIOLATED", "googleapis.com")
        assert info["metadata"] == {
            "consumer": f"projects/{NUMBER}",
            "location": "mars-north1",
            "service": f"{api.partition('/')[0]}.googleapis.com",
        }
        for known in ("europe-west1", "us-central1-a", "us", "-"):
            call("GET", path.replace("mars-north1", known))
