"""Environment variables for clients."""

from localcloud.server import endpoints
from localcloud.services import SERVICES
from localcloud.services.unwritten import UNWRITTEN
from localcloud.spec.discovery import versions

BASE = "http://127.0.0.1:8080"
KNOWN = (*UNWRITTEN, *SERVICES)
FOUND = endpoints.variables(BASE, KNOWN)


def test_terraform_endpoints_end_in_a_slash_and_stay_on_the_machine() -> None:
    for name, value in FOUND.items():
        if name.startswith("GOOGLE_"):
            assert value.startswith(BASE + "/"), name
            assert value.endswith("/"), name


def test_every_terraform_endpoint_leads_to_a_documented_api_and_version() -> None:
    undocumented = {"CLOUD_QUOTAS", "IAM3"}  # they must not leave the machine all the same
    for service in KNOWN:
        for name, path in service.endpoints.terraform.items():
            assert name in undocumented or path.rstrip("/") in {"", *versions(service.api)}, name


def test_no_two_services_are_pointed_at_by_one_variable() -> None:
    ways = [endpoints.variables(BASE, [service]) for service in KNOWN]
    assert sum(map(len, ways)) == len(FOUND)


def test_gcloud_gets_a_version_only_where_it_wants_one() -> None:
    assert FOUND["CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER"] == f"{BASE}/secretmanager/"
    assert FOUND["CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE"] == f"{BASE}/storage/v1/"


def test_the_backend_and_the_storage_client_are_pointed_too() -> None:
    assert FOUND["GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT"] == f"{BASE}/storage/v1/"
    assert FOUND["API_ENDPOINT_OVERRIDE"] == BASE


def test_parquet_files_are_read_from_here_too() -> None:
    assert FOUND["CLOUD_STORAGE_EMULATOR_ENDPOINT"] == BASE


def test_nothing_makes_a_client_forget_its_credentials() -> None:
    assert "STORAGE_EMULATOR_HOST" not in FOUND
