"""Ephemeral resources: opened values come from the API and are stored nowhere."""

from __future__ import annotations

import base64
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from groundwork.environment.checkout import Checkout
from groundwork.google import local

from tests.localcloud.provider.conftest import PROJECT, World
from tests.localcloud.provider.core import Core, Refusal
from tests.localcloud.provider.test_terraform import ALICE, SECRET, grant, root

VERSION = "google_secret_manager_secret_version"
HUSH = "hush-hush"
ACCOUNT = "google_service_account"
EMAIL = "robot-one@provider-project.iam.gserviceaccount.com"
COPY = """
ephemeral "google_secret_manager_secret_version" "one" {
  secret = "%s"
}
resource "google_secret_manager_secret_version" "copy" {
  secret                 = google_secret_manager_secret.one.id
  secret_data_wo         = ephemeral.google_secret_manager_secret_version.one.secret_data
  secret_data_wo_version = 1
}
"""


def encoded(value: bytes) -> str:
    return base64.b64encode(value).decode()


def added(world: World, secret: str, *values: bytes) -> list[dict[str, Any]]:
    """A secret with these values."""
    secrets = "v1/projects/{project}/secrets"
    world.ask("POST", "secretmanager", secrets, {"replication": {"automatic": {}}}, secretId=secret)
    return [
        world.ask("POST", "secretmanager", f"{secrets}/{secret}:addVersion", {"payload": {"data": encoded(value)}})
        for value in values
    ]


def test_the_latest_version_is_opened_unless_another_is_named(world: World) -> None:
    first, second = added(world, "one", b"first", HUSH.encode())
    assert world.core.opened(VERSION, secret="one") == {
        "project": PROJECT,
        "secret": "one",
        "version": None,
        "is_secret_data_base64": None,
        "secret_data": HUSH,
        "name": second["name"],
        "create_time": second["createTime"],
        "destroy_time": None,
        "enabled": True,
    }
    found = world.core.opened(VERSION, secret=f"projects/{PROJECT}/secrets/one", version="1")
    assert (found["secret_data"], found["name"]) == ("first", first["name"])


def test_a_binary_value_is_opened_and_copied_byte_for_byte(world: World) -> None:
    value = b"\xff\x00\xc3hush"
    added(world, "one", value)
    added(world, "two")
    assert world.core.opened(VERSION, secret="one", is_secret_data_base64=True)["secret_data"] == encoded(value)
    found = world.core.opened(VERSION, secret="one")["secret_data"]
    world.core.created(VERSION, secret="two", secret_data_wo=found, secret_data_wo_version=1)
    path = "v1/projects/{project}/secrets/two/versions/1:access"
    assert world.ask("GET", "secretmanager", path)["payload"]["data"] == encoded(value)


def test_a_refused_value_names_the_missing_permission(world: World) -> None:
    added(world, "one", HUSH.encode())
    grant(world, ALICE, "roles/secretmanager.viewer")
    alice = world.core.configured("ipv4:127.0.0.1:2", project=PROJECT, access_token=world.token(ALICE))
    with pytest.raises(Refusal, match=r"403.*'secretmanager\.versions\.access'"):
        alice.opened(VERSION, secret="one")


def test_a_disabled_version_and_a_missing_secret_are_refused(world: World) -> None:
    added(world, "one", HUSH.encode())
    world.ask("POST", "secretmanager", "v1/projects/{project}/secrets/one/versions/1:disable", {})
    with pytest.raises(Refusal, match="FAILED_PRECONDITION"):
        world.core.opened(VERSION, secret="one")
    with pytest.raises(Refusal, match="404"):
        world.core.opened(VERSION, secret="two")


def test_what_the_api_decides_cannot_be_set(offline: Core) -> None:
    offline.validate_ephemeral(VERSION, secret="one")
    with pytest.raises(Refusal, match="secret_data cannot be set"):
        offline.validate_ephemeral(VERSION, secret="one", secret_data=HUSH)


def impersonable(world: World) -> str:
    """A service account whose tokens the owner may make."""
    enable = "v1/projects/{project}/services/iamcredentials.googleapis.com:enable"
    world.ask("POST", "serviceusage", enable, {})
    created = world.ask("POST", "iam", "v1/projects/{project}/serviceAccounts", {"accountId": "robot-one"})
    binding = {"role": "roles/iam.serviceAccountTokenCreator", "members": [local.OWNER]}
    world.ask("POST", "iam", f"v1/{created['name']}:setIamPolicy", {"policy": {"bindings": [binding]}})
    return str(created["email"])


def claims(token: str) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    return result


def test_an_access_token_acts_as_the_account(world: World) -> None:
    email = impersonable(world)
    found = world.core.opened(f"{ACCOUNT}_access_token", target_service_account=email, scopes=["cloud-platform"])
    assert found["lifetime"] == "3600s"
    added(world, "one", HUSH.encode())
    robot = world.core.configured("ipv4:127.0.0.1:2", project=PROJECT, access_token=found["access_token"])
    with pytest.raises(Refusal, match="403"):
        robot.opened(VERSION, secret="one")
    grant(world, f"serviceAccount:{email}", "roles/secretmanager.admin")
    assert robot.opened(VERSION, secret="one")["secret_data"] == HUSH


def test_tokens_have_the_requested_claims(world: World) -> None:
    email = impersonable(world)
    target: dict[str, Any] = {"target_service_account": email}
    token = world.core.opened(f"{ACCOUNT}_id_token", **target, target_audience="https://a.example", include_email=True)
    assert claims(token["id_token"]).items() >= {"aud": "https://a.example", "email": email}.items()
    signed = world.core.opened(f"{ACCOUNT}_jwt", **target, payload='{"sub": "one"}', expires_in=600)
    assert claims(signed["jwt"])["sub"] == "one"
    assert {"sub", "exp"} == claims(signed["jwt"]).keys()


def test_a_failed_impersonation_names_the_missing_permission(world: World) -> None:
    target: dict[str, Any] = {"target_service_account": impersonable(world)}
    alice = world.core.configured("ipv4:127.0.0.1:2", project=PROJECT, access_token=world.token(ALICE))
    with pytest.raises(Refusal, match=r"403.*iam\.serviceAccounts\.getAccessToken"):
        alice.opened(f"{ACCOUNT}_access_token", **target, scopes=["cloud-platform"])
    with pytest.raises(Refusal, match=r"403.*iam\.serviceAccounts\.signJwt") as error:
        alice.opened(f"{ACCOUNT}_jwt", **target, payload=f'{{"sub": "{HUSH}"}}')
    assert HUSH not in str(error.value)


@pytest.mark.parametrize("payload", [HUSH, '["hush-hush"]'])
def test_invalid_claims_are_refused_without_being_shown(offline: Core, payload: str) -> None:
    with pytest.raises(Refusal, match="not a JSON object") as error:
        offline.opened(f"{ACCOUNT}_jwt", target_service_account=EMAIL, payload=payload, expires_in=1)
    assert HUSH not in str(error.value)


def test_an_id_token_without_an_account_is_refused(offline: Core) -> None:
    with pytest.raises(Refusal, match="Set target_service_account"):
        offline.opened(f"{ACCOUNT}_id_token", target_audience="https://a.example")


def test_the_provider_block_is_opened_as_it_is_read(offline: Core) -> None:
    found = offline.opened("google_client_config")
    assert (found["project"], found["access_token"], found["default_labels"]) == (PROJECT, "token", {})


@pytest.mark.parametrize(
    ("resource", "values", "attribute"),
    [
        ("access_token", {"target_service_account": "robot", "scopes": []}, "target_service_account"),
        ("access_token", {"target_service_account": EMAIL, "scopes": [], "lifetime": "3601s"}, "lifetime"),
        ("access_token", {"target_service_account": EMAIL, "scopes": [], "lifetime": "soon"}, "lifetime"),
        ("access_token", {"target_service_account": EMAIL, "scopes": [], "delegates": ["robot"]}, "delegates"),
        ("id_token", {"target_audience": "a", "target_service_account": ""}, "target_service_account"),
        ("jwt", {"target_service_account": EMAIL, "payload": "{}", "expires_in": 0}, "expires_in"),
    ],
)
def test_a_wrong_configuration_is_refused_where_it_is_wrong(
    offline: Core, resource: str, values: dict[str, Any], attribute: str
) -> None:
    with pytest.raises(Refusal) as error:
        offline.validate_ephemeral(f"{ACCOUNT}_{resource}", **values)
    assert error.value.attributes == [attribute]
    assert "robot" not in str(error.value)


def test_an_opened_value_is_passed_on_and_stored_nowhere(world: World, checkout: Checkout, folder: Path) -> None:
    added(world, "source", HUSH.encode())
    terraform = root(folder, checkout, SECRET, COPY % "source")
    output = terraform.succeed("plan", "-out=plan") + terraform.succeed("apply", "plan")
    assert terraform.changes() == {}
    path = "v1/projects/{project}/secrets/one/versions/latest:access"
    assert world.ask("GET", "secretmanager", path)["payload"]["data"] == encoded(HUSH.encode())
    with zipfile.ZipFile(folder / "plan") as plan:
        planned = b"".join(map(plan.read, plan.namelist())).decode(errors="replace")
    logs = "".join(file.read_text("utf-8") for file in checkout.local_state.glob("*.log"))
    for text in (output, planned, (folder / "terraform.tfstate").read_text("utf-8"), logs, str(world.requests())):
        assert HUSH not in text
        assert encoded(HUSH.encode()) not in text


def test_a_refused_opening_names_the_permission_and_not_the_value(
    world: World, checkout: Checkout, folder: Path
) -> None:
    added(world, "source", HUSH.encode())
    grant(world, ALICE, "roles/secretmanager.viewer")
    output = root(folder, checkout, SECRET, COPY % "source", principal=ALICE).fail("plan", "-no-color")
    assert "secretmanager.versions.access" in output
    assert HUSH not in output
