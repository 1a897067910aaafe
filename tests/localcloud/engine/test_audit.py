"""Admin activity: every change and its author in the project's log."""

from pathlib import Path
from typing import Any

import pytest
from localcloud.engine import audit
from localcloud.services import SERVICES
from localcloud.spec.discovery import document

from tests.localcloud.services.requests_inside import OWNER, PROJECT, Sender, sender

SECRETS = f"/secretmanager/v1/projects/{PROJECT}/secrets"


@pytest.fixture
def call(tmp_path: Path) -> Sender:
    return sender(tmp_path, "secretmanager", "storage")


def entries(call: Sender) -> list[Any]:
    return [entry for _, entry in call.cloud.logs.read(f"projects/{PROJECT}")]


def test_a_change_is_logged_with_who_made_it_and_what_it_needed(call: Sender) -> None:
    call("POST", f"{SECRETS}?secretId=key", {"replication": {"automatic": {}}})
    call("POST", f"{SECRETS}/key:addVersion", {"payload": {"data": "c2VjcmV0"}})
    first, second = entries(call)
    assert first["logName"] == f"projects/{PROJECT}/logs/cloudaudit.googleapis.com%2Factivity"
    assert first["severity"] == "NOTICE"
    audit = first["protoPayload"]
    assert audit["authenticationInfo"] == {"principalEmail": OWNER.removeprefix("user:")}
    assert audit["serviceName"] == "secretmanager.googleapis.com"
    assert audit["methodName"] == "google.cloud.secretmanager.v1.SecretManagerService.CreateSecret"
    assert audit["resourceName"].endswith("/secrets/key")
    assert audit["authorizationInfo"][0]["permission"] == "secretmanager.secrets.create"
    assert "c2VjcmV0" not in str(second)


def test_a_refused_change_is_logged_as_denied_and_nothing_else_of_it_is_kept(call: Sender) -> None:
    eve = call.as_("user:eve@example.com")
    eve("POST", f"{SECRETS}?secretId=key", {"replication": {"automatic": {}}}, status=403)
    eve("POST", f"/storage/v1/b?project={PROJECT}", {"name": "data-bucket"}, status=403)
    eve("GET", SECRETS, status=403)
    eve(
        "POST",
        "/secretmanager/v1/projects/nobodys/secrets?secretId=key",
        {"replication": {"automatic": {}}},
        status=403,
    )
    first, second = entries(call)
    assert [entry["severity"] for entry in (first, second)] == ["ERROR", "ERROR"]
    assert first["protoPayload"]["authenticationInfo"] == {"principalEmail": "eve@example.com"}
    assert first["protoPayload"]["status"]["code"] == 7
    assert first["protoPayload"]["authorizationInfo"] == [
        {"permission": "secretmanager.secrets.create", "resource": f"projects/{PROJECT}"}
    ]
    assert second["protoPayload"]["methodName"] == "storage.buckets.create"


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("artifactregistry.projects.locations.repositories.create", "google.devtools.artifactregistry.v1.ArtifactRegistry.CreateRepository"),
        ("cloudresourcemanager.projects.setIamPolicy", "SetIamPolicy"),
        ("compute.instances.insert", "v1.compute.instances.insert"),
        ("iam.projects.roles.patch", "google.iam.admin.v1.UpdateRole"),
        ("iam.projects.serviceAccounts.keys.create", "google.iam.admin.v1.CreateServiceAccountKey"),
        ("iam.projects.serviceAccounts.setIamPolicy", "google.iam.admin.v1.SetIAMPolicy"),
        ("logging.projects.metrics.create", "google.logging.v2.MetricsServiceV2.CreateLogMetric"),
        ("pubsub.projects.subscriptions.create", "google.pubsub.v1.Subscriber.CreateSubscription"),
        ("run.projects.locations.jobs.run", "google.cloud.run.v2.Jobs.RunJob"),
        ("run.projects.locations.services.patch", "google.cloud.run.v2.Services.UpdateService"),
        ("run.namespaces.services.create", "google.cloud.run.v1.Services.CreateService"),
        ("run.namespaces.services.replaceService", "google.cloud.run.v1.Services.ReplaceService"),
        ("secretmanager.projects.secrets.addVersion", "google.cloud.secretmanager.v1.SecretManagerService.AddSecretVersion"),
        ("secretmanager.projects.secrets.setIamPolicy", "google.cloud.secretmanager.v1.SecretManagerService.SetIamPolicy"),
        ("secretmanager.projects.secrets.versions.destroy", "google.cloud.secretmanager.v1.SecretManagerService.DestroySecretVersion"),
        ("serviceusage.services.enable", "google.api.serviceusage.v1.ServiceUsage.EnableService"),
        ("storage.buckets.patch", "storage.buckets.update"),
        ("storage.buckets.setIamPolicy", "storage.setIamPermissions"),
    ],
)  # fmt: skip
def test_methods_have_the_names_that_googles_audit_log_gives_them(method: str, name: str) -> None:
    of_api = [one for one in SERVICES if one.api == method.partition(".")[0]]
    described = [(one, document(one.api, one.versions[0]).methods) for one in of_api]
    names = [audit.method_name(service, methods[method]) for service, methods in described if method in methods]
    assert names == [name]


def test_reads_failures_and_data_changes_are_not_logged(call: Sender) -> None:
    call("GET", SECRETS)
    call("POST", f"{SECRETS}/none:addVersion", {"payload": {"data": "c2VjcmV0"}}, status=404)
    call("POST", f"/storage/v1/b?project={PROJECT}", {"name": "data-bucket"})
    bearer = {"authorization": call.bearer(), "content-type": "text/plain"}
    call.send("POST", "/upload/storage/v1/b/data-bucket/o?uploadType=media&name=x", bearer, b"x")
    assert [entry["protoPayload"]["methodName"] for entry in entries(call)] == ["storage.buckets.create"]
