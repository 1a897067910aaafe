"""Ephemeral resources: what is opened is what the API says, and nobody keeps it."""

from __future__ import annotations

import base64
import zipfile
from pathlib import Path
from typing import Any

import pytest
from groundwork.checkout import Checkout
from localcloud import serve

from tests.localcloud.provider.conftest import PROJECT, World
from tests.localcloud.provider.core import Core, Refusal
from tests.localcloud.provider.test_terraform import ALICE, SECRET, grant, root

VERSION = "google_secret_manager_secret_version"
HUSH = "hush-hush"
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


def test_a_value_that_is_no_text_is_opened_and_written_byte_by_byte(world: World) -> None:
    value = b"\xff\x00\xc3hush"
    added(world, "one", value)
    added(world, "two")
    assert world.core.opened(VERSION, secret="one", is_secret_data_base64=True)["secret_data"] == encoded(value)
    found = world.core.opened(VERSION, secret="one")["secret_data"]
    world.core.made(VERSION, secret="two", secret_data_wo=found, secret_data_wo_version=1)
    path = "v1/projects/{project}/secrets/two/versions/1:access"
    assert world.ask("GET", "secretmanager", path)["payload"]["data"] == encoded(value)


def test_who_may_not_read_the_value_learns_which_permission_is_missing(world: World) -> None:
    added(world, "one", HUSH.encode())
    grant(world, ALICE, "roles/secretmanager.viewer")
    alice = world.core.configured("ipv4:127.0.0.1:2", project=PROJECT, access_token=serve.token(ALICE))
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


def test_an_opened_value_is_handed_on_and_kept_nowhere(world: World, checkout: Checkout, folder: Path) -> None:
    added(world, "source", HUSH.encode())
    terraform = root(folder, checkout, SECRET, COPY % "source")
    said = terraform.succeed("plan", "-out=plan") + terraform.succeed("apply", "plan")
    assert terraform.changes() == {}
    path = "v1/projects/{project}/secrets/one/versions/latest:access"
    assert world.ask("GET", "secretmanager", path)["payload"]["data"] == encoded(HUSH.encode())
    with zipfile.ZipFile(folder / "plan") as plan:
        planned = b"".join(map(plan.read, plan.namelist())).decode(errors="replace")
    logs = "".join(file.read_text("utf-8") for file in checkout.local_state.glob("*.log"))
    for text in (said, planned, (folder / "terraform.tfstate").read_text("utf-8"), logs, str(world.requests())):
        assert HUSH not in text
        assert encoded(HUSH.encode()) not in text


def test_a_refused_opening_names_the_permission_and_not_the_value(
    world: World, checkout: Checkout, folder: Path
) -> None:
    added(world, "source", HUSH.encode())
    grant(world, ALICE, "roles/secretmanager.viewer")
    said = root(folder, checkout, SECRET, COPY % "source", principal=ALICE).fail("plan", "-no-color")
    assert "secretmanager.versions.access" in said
    assert HUSH not in said
