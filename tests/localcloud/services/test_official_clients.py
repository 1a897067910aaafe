"""Google's own Python clients, with only the address changed: secrets, IAM, impersonation, federation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import google.auth
import pytest
from google.api_core.exceptions import BadRequest, Conflict, Forbidden, NotFound
from google.auth import impersonated_credentials
from google.auth.exceptions import RefreshError
from google.cloud import secretmanager
from google.oauth2.credentials import Credentials
from google.protobuf.field_mask_pb2 import FieldMask
from googleapiclient.discovery import build

from tests.cloud_client import Client

SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]
ANN = "user:ann@example.com"


def secrets(cloud: Client, credentials: Any = None) -> secretmanager.SecretManagerServiceClient:
    return secretmanager.SecretManagerServiceClient(
        credentials=credentials or Credentials(cloud.token()),
        transport="rest",
        client_options={"api_endpoint": f"{cloud.server.base}/secretmanager"},
    )


def secret(cloud: Client, value: bytes = b"s3cret") -> str:
    """The full name of a new secret with one version."""
    cloud.enable("secretmanager")
    client = secrets(cloud)
    request = {"parent": f"projects/{cloud.project}", "secret_id": "key", "secret": {"replication": {"automatic": {}}}}
    name: str = client.create_secret(request=request).name
    client.add_secret_version(request={"parent": name, "payload": {"data": value}})
    return name


def account(cloud: Client, member: str, role: str = "roles/iam.serviceAccountTokenCreator") -> str:
    """The e-mail of a new service account that a member may impersonate."""
    cloud.enable("iam", "iamcredentials")
    path = f"iam/v1/projects/{cloud.project}/serviceAccounts"
    created = cloud.ok("POST", path, {"accountId": "deployer"})
    policy = {"bindings": [{"role": role, "members": [member]}]}
    cloud.ok("POST", f"{path}/{created['email']}:setIamPolicy", {"policy": policy})
    return str(created["email"])


def token_address(cloud: Client, email: str) -> str:
    return f"{cloud.server.base}/iamcredentials/v1/projects/-/serviceAccounts/{email}:generateAccessToken"


def test_the_life_cycle_of_a_secret(cloud: Client) -> None:
    name, client = secret(cloud), secrets(cloud)
    second = client.add_secret_version(request={"parent": name, "payload": {"data": b"new", "data_crc32c": 3611556910}})
    assert second.client_specified_payload_checksum
    payload = client.access_secret_version(name=f"{name}/versions/latest").payload
    assert (payload.data, payload.data_crc32c) == (b"new", 3611556910)
    changed = client.update_secret(
        secret={"name": name, "labels": {"team": "cats"}, "version_aliases": {"first": 1}},
        update_mask=FieldMask(paths=["labels", "version_aliases"]),
    )
    assert dict(changed.labels) == {"team": "cats"}
    assert client.access_secret_version(name=f"{name}/versions/first").payload.data == b"s3cret"
    client.disable_secret_version(name=second.name)
    with pytest.raises(BadRequest, match="is in DISABLED state"):
        client.access_secret_version(name=second.name)
    client.destroy_secret_version(name=second.name)
    states = [version.state.name for version in client.list_secret_versions(request={"parent": name, "page_size": 1})]
    assert states == ["DESTROYED", "ENABLED"]
    with pytest.raises(Conflict, match="already exists"):
        secret(cloud)
    client.delete_secret(name=name)
    with pytest.raises(NotFound, match="not found"):
        client.get_secret(name=name)


def test_reading_a_secret_needs_the_role(cloud: Client) -> None:
    name, owner, ann = secret(cloud), secrets(cloud), secrets(cloud.as_(ANN))
    with pytest.raises(Forbidden, match=r"secretmanager\.versions\.access"):
        ann.access_secret_version(name=f"{name}/versions/1")
    policy = owner.get_iam_policy(request={"resource": name})
    policy.bindings.add(role="roles/secretmanager.secretAccessor", members=[ANN])
    owner.set_iam_policy(request={"resource": name, "policy": policy})
    assert ann.access_secret_version(name=f"{name}/versions/1").payload.data == b"s3cret"
    with pytest.raises(Conflict, match="concurrent policy changes"):
        owner.set_iam_policy(request={"resource": name, "policy": policy})


def test_impersonated_credentials_act_as_the_account(cloud: Client) -> None:
    name, email = secret(cloud), account(cloud, ANN)
    source = Credentials(cloud.token(ANN))
    address = token_address(cloud, email)
    acting = impersonated_credentials.Credentials(source, email, SCOPES, lifetime=600, iam_endpoint_override=address)
    with pytest.raises(Forbidden, match=r"secretmanager\.secrets\.get"):
        secrets(cloud, acting).get_secret(name=name)
    cloud.grant("roles/secretmanager.viewer", f"serviceAccount:{email}")
    assert secrets(cloud, acting).get_secret(name=name).name == name
    stranger = Credentials(cloud.token("user:eve@example.com"))
    refused = impersonated_credentials.Credentials(stranger, email, SCOPES, iam_endpoint_override=address)
    with pytest.raises(RefreshError, match=r"iam\.serviceAccounts\.getAccessToken"):
        secrets(cloud, refused).get_secret(name=name)


@pytest.mark.parametrize("impersonating", [False, True])
def test_application_default_credentials_from_a_token_file(
    cloud: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, impersonating: bool
) -> None:
    name, email = secret(cloud), account(cloud, ANN)
    cloud.grant("roles/secretmanager.viewer", f"serviceAccount:{email}" if impersonating else ANN)
    (tmp_path / "token").write_text(cloud.token(ANN))
    file = {
        "type": "external_account",
        "audience": "//iam.googleapis.com/locations/global/workforcePools/local/providers/local",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": f"{cloud.server.base}/sts/v1/token",
        "credential_source": {"file": str(tmp_path / "token")},
    } | ({"service_account_impersonation_url": token_address(cloud, email)} if impersonating else {})
    (tmp_path / "adc.json").write_text(json.dumps(file))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "adc.json"))
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", cloud.project)
    credentials, project = google.auth.default(scopes=SCOPES)
    assert project == cloud.project
    assert secrets(cloud, credentials).get_secret(name=name).name == name


def test_the_discovery_client_of_iam(cloud: Client) -> None:
    cloud.enable("iam")
    options = {"api_endpoint": f"{cloud.server.base}/iam/"}
    iam = build("iam", "v1", credentials=Credentials(cloud.token()), client_options=options).projects()
    parent = f"projects/{cloud.project}"
    accounts = iam.serviceAccounts()
    created = accounts.create(name=parent, body={"accountId": "deployer"}).execute()
    accounts.patch(
        name=created["name"], body={"serviceAccount": {"displayName": "D"}, "updateMask": "displayName"}
    ).execute()
    assert accounts.list(name=parent).execute()["accounts"] == [created | {"displayName": "D"}]
    permissions = {"title": "T", "includedPermissions": ["secretmanager.versions.access"]}
    iam.roles().create(parent=parent, body={"roleId": "reader", "role": permissions}).execute()
    assert iam.roles().get(name=f"{parent}/roles/reader").execute()["title"] == "T"
    pools = iam.locations().workloadIdentityPools()
    path = f"{parent}/locations/global"
    operation = pools.create(parent=path, workloadIdentityPoolId="github", body={}).execute()
    assert pools.operations().get(name=operation["name"]).execute()["done"] is True
