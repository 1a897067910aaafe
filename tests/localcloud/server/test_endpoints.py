"""Environment variables for clients."""

from localcloud.server.endpoints import TERRAFORM, variables
from localcloud.spec.discovery import versions

BASE = "http://127.0.0.1:8080"


def test_terraform_endpoints_end_in_a_slash_and_stay_on_the_machine() -> None:
    for name, value in variables(BASE).items():
        if name.startswith("GOOGLE_"):
            assert value.startswith(BASE + "/"), name
            assert value.endswith("/"), name


def test_every_terraform_endpoint_leads_to_a_documented_api_and_version() -> None:
    for name, path in TERRAFORM.items():
        api, version = [*path.split("/"), ""][:2]
        if name in {
            "CLOUD_QUOTAS",
            "IAM3",
        }:  # no document is published for these; they must not leave the machine all the same
            continue
        assert versions(api), name
        assert version in {"", *versions(api)}, name


def test_gcloud_gets_a_version_only_where_it_wants_one() -> None:
    found = variables(BASE)
    assert found["CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER"] == f"{BASE}/secretmanager/"
    assert found["CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE"] == f"{BASE}/storage/v1/"


def test_the_backend_and_the_storage_client_are_pointed_too() -> None:
    found = variables(BASE)
    assert found["GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT"] == f"{BASE}/storage/v1/"
    assert found["API_ENDPOINT_OVERRIDE"] == BASE


def test_parquet_files_are_read_from_here_too() -> None:
    assert variables(BASE)["CLOUD_STORAGE_EMULATOR_ENDPOINT"] == BASE


def test_nothing_makes_a_client_forget_its_credentials() -> None:
    assert "STORAGE_EMULATOR_HOST" not in variables(BASE)
