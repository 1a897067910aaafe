"""APIs enabled and disabled in a project."""

from typing import Any

from localcloud.services.serviceusage import catalogue, title

from tests.cloud_client import Client


def services(cloud: Client) -> str:
    return f"serviceusage/v1/projects/{cloud.project}/services"


def number(cloud: Client) -> str:
    return str(cloud.ok("GET", f"cloudresourcemanager/v1/projects/{cloud.project}")["projectNumber"])


def enabled(cloud: Client) -> list[str]:
    body = cloud.ok(
        "GET", services(cloud), filter="state:ENABLED", pageSize="200", fields="services/name,nextPageToken"
    )
    return [one["name"].rpartition("/")[2] for one in body["services"]]


def test_an_enabled_api_answers_from_then_on(cloud: Client) -> None:
    secrets = f"secretmanager/v1/projects/{cloud.project}/secrets"
    assert cloud("GET", secrets).reasons == ["SERVICE_DISABLED"]
    operation = cloud.ok("POST", f"{services(cloud)}/secretmanager.googleapis.com:enable", {})
    assert operation["done"] is True
    service: dict[str, Any] = operation["response"]["service"]
    assert service["name"] == f"projects/{number(cloud)}/services/secretmanager.googleapis.com"
    assert (service["state"], service["config"]["title"]) == ("ENABLED", "Secret Manager API")
    assert cloud.ok("GET", secrets) == {}
    assert cloud.ok("GET", f"serviceusage/v1/{operation['name']}") == operation


def test_enabling_again_is_done_without_an_operation(cloud: Client) -> None:
    path = f"{services(cloud)}/run.googleapis.com:enable"
    cloud.ok("POST", path, {})
    assert cloud.ok("POST", path, {})["name"] == "operations/noop.DONE_OPERATION"


def test_a_batch_enables_all_or_none(cloud: Client) -> None:
    unknown = cloud(
        "POST", f"{services(cloud)}:batchEnable", {"serviceIds": ["run.googleapis.com", "nosuch.googleapis.com"]}
    )
    assert unknown.status == 403
    assert unknown.message == "Not found or permission denied for service(s): nosuch.googleapis.com."
    assert "run.googleapis.com" not in enabled(cloud)
    hosts = ["run.googleapis.com", "iam.googleapis.com"]
    operation = cloud.ok("POST", f"{services(cloud)}:batchEnable", {"serviceIds": hosts})
    assert [one["state"] for one in operation["response"]["services"]] == ["ENABLED", "ENABLED"]
    assert set(hosts) <= set(enabled(cloud))


def test_a_batch_is_read_from_one_project(cloud: Client) -> None:
    for project in (cloud.project, number(cloud)):
        names = f"projects/{project}/services/run.googleapis.com"
        assert len(cloud.ok("GET", f"{services(cloud)}:batchGet", names=names)["services"]) == 1
    other = cloud("GET", f"{services(cloud)}:batchGet", names="projects/other-project/services/run.googleapis.com")
    assert (other.status, "is not in the parent" in other.message) == (400, True)


def test_a_batch_has_one_to_twenty_names(cloud: Client) -> None:
    for hosts in ([], [f"{name}" for name in sorted(catalogue())[:21]]):
        assert cloud("POST", f"{services(cloud)}:batchEnable", {"serviceIds": hosts}).status == 400


def test_a_disabled_api_answers_no_more_but_keeps_what_it_has(cloud: Client) -> None:
    cloud.enable("secretmanager")
    secrets = f"secretmanager/v1/projects/{cloud.project}/secrets"
    cloud.ok("POST", secrets, {"replication": {"automatic": {}}}, secretId="s")
    operation = cloud.ok(
        "POST", f"{services(cloud)}/secretmanager.googleapis.com:disable", {"disableDependentServices": True}
    )
    assert operation["response"]["service"]["state"] == "DISABLED"
    assert cloud("GET", secrets).status == 403
    cloud.enable("secretmanager")
    assert len(cloud.ok("GET", secrets)["secrets"]) == 1


def test_a_new_project_has_what_google_enables_by_default(cloud: Client) -> None:
    assert {"storage.googleapis.com", "logging.googleapis.com", "monitoring.googleapis.com"} <= set(enabled(cloud))
    assert "compute.googleapis.com" not in enabled(cloud)


def test_one_api_is_read_with_its_state(cloud: Client) -> None:
    assert cloud.ok("GET", f"{services(cloud)}/run.googleapis.com")["state"] == "DISABLED"
    assert cloud("GET", f"{services(cloud)}/nosuch.googleapis.com").status == 403


def test_all_known_apis_are_listed_in_pages(cloud: Client) -> None:
    found: list[str] = []
    page: dict[str, Any] = {"nextPageToken": ""}
    while "nextPageToken" in page:
        page = cloud.ok("GET", services(cloud), pageSize="200", pageToken=page["nextPageToken"])
        found += [one["config"]["name"] for one in page["services"]]
    assert found == sorted(catalogue())


def test_a_project_may_be_named_by_number(cloud: Client) -> None:
    path = services(cloud).replace(cloud.project, number(cloud))
    cloud.ok("POST", f"{path}/run.googleapis.com:enable", {})
    assert "run.googleapis.com" in enabled(cloud)


def test_enabling_needs_its_permission(cloud: Client) -> None:
    cloud.grant("roles/viewer", "user:bob@example.com")
    bob = cloud.as_("user:bob@example.com")
    assert bob("GET", f"{services(cloud)}/run.googleapis.com").status == 200
    for path, body in [("/run.googleapis.com:enable", {}), (":batchEnable", {"serviceIds": ["run.googleapis.com"]})]:
        answer = bob("POST", services(cloud) + path, body)
        assert answer.status == 403
        assert answer.message == "Permission denied to enable service [run.googleapis.com]"
        assert answer.reasons == ["AUTH_PERMISSION_DENIED"]
    listed = cloud.as_("user:eve@example.com")("GET", services(cloud))
    project = f"projects/{number(cloud)}"
    assert listed.message == f"Permission denied to list services for consumer container [{project}]"


def test_a_service_agent_is_made_on_demand_and_can_be_granted_a_role(cloud: Client) -> None:
    path = f"serviceusage/v1beta1/projects/{cloud.project}/services/aiplatform.googleapis.com:generateServiceIdentity"
    email = cloud.ok("POST", path)["response"]["email"]
    assert email == f"service-{number(cloud)}@gcp-sa-aiplatform.iam.gserviceaccount.com"
    cloud.grant("roles/storage.objectViewer", f"serviceAccount:{email}")


def test_titles_come_from_the_documents() -> None:
    assert title("artifactregistry") == "Artifact Registry API"
    assert title("storage-component") == "Cloud Storage"
