"""Nothing is sent through a proxy or to another host: neither by Terraform nor by the clients in this process."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests
from google.api_core.exceptions import GoogleAPICallError
from groundwork.cost.billing import bigquery
from groundwork.environment.checkout import Checkout
from groundwork.errors import Exit

from tests.groundwork.clone import cloned
from tests.small_clone import SmallClone, make_clone

VALUE = b"a-value-that-must-not-leave"
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@dataclass
class Listener:
    """A proxy that answers nothing and records what it receives."""

    url: str
    heard: list[bytes] = field(default_factory=list)

    @property
    def variables(self) -> dict[str, str]:
        """A shell that goes through it, with no exception for this machine."""
        return {**dict.fromkeys(PROXIES, self.url), "NO_PROXY": "", "no_proxy": ""}


@pytest.fixture
def listener() -> Iterator[Listener]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        found = Listener(f"http://127.0.0.1:{listening.getsockname()[1]}")

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with connection:
                        found.heard.append(connection.recv(65536))
                        connection.sendall(
                            b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                        )

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield found
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.fixture
def clone(tmp_path: Path, local_clone: Checkout, listener: Listener, monkeypatch: pytest.MonkeyPatch) -> SmallClone:
    """A clone in a shell with proxies."""
    small = make_clone(tmp_path / "clone", local_clone, ["key"])
    for name, value in listener.variables.items():
        monkeypatch.setenv(name, value)
    return small


def test_a_client_that_obeys_the_variables_uses_the_proxy(clone: SmallClone, listener: Listener) -> None:
    assert requests.get(str(clone.cloud().base), timeout=30).status_code == 502
    assert listener.heard[0].startswith(b"GET http://127.0.0.1:")


def test_no_value_leaves_by_a_proxy_on_the_local_cloud(clone: SmallClone, listener: Listener) -> None:
    assert clone("secrets", "set", "key", given=VALUE).code == Exit.OK
    assert clone("secrets", "list").code == Exit.OK
    bucket = clone.cloud().storage().create_bucket(f"{clone.project}-b", location="europe-west1")
    bucket.blob("small").upload_from_string(VALUE)
    assert bucket.blob("small").download_as_bytes() == VALUE
    with suppress(GoogleAPICallError):
        list(bigquery.client(clone.cloud()).list_datasets())
    assert listener.heard == []


def test_terraform_asks_no_proxy_on_the_local_cloud(tmp_path: Path, listener: Listener) -> None:
    with cloned(tmp_path) as platform:
        result = platform.run("plan", "--env", "small", **listener.variables, TF_LOG="")
        assert result.returncode == 0, result.stderr
    assert listener.heard == []


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (("secrets", "list"), "GOOGLE_CLOUD_UNIVERSE_DOMAIN"),
        (("secrets", "list"), "CLOUDSDK_CORE_UNIVERSE_DOMAIN"),
        (("secrets", "list"), "API_ENDPOINT_OVERRIDE"),
        (("doctor",), "GOOGLE_CLOUD_UNIVERSE_DOMAIN"),
        (("status",), "GOOGLE_UNIVERSE_DOMAIN"),
        (("whoami",), "GCE_METADATA_ROOT"),
    ],
)
def test_a_real_environment_sends_no_login_elsewhere(
    clone: SmallClone, listener: Listener, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], name: str
) -> None:
    text = (clone.root / "envs" / "local.yaml").read_text()
    (clone.root / "envs" / "dev.yaml").write_text(
        text.replace("cloud: local\n", "").replace(clone.project, "real-project-1")
    )
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "ya29.real")
    monkeypatch.setenv(name, "x.example")
    result = clone(*arguments, "--env", "dev")
    assert result.code != Exit.OK
    assert (
        f"but {name} would send its calls elsewhere: unset it (unset {name}) and run again." in result.err + result.text
    )
    assert not [said for said in listener.heard if b"x.example" in said or b"ya29" in said]


def test_another_universe_does_not_matter_to_the_local_cloud(
    clone: SmallClone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_UNIVERSE_DOMAIN", "x.example")
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://x.example")
    monkeypatch.setenv("API_ENDPOINT_OVERRIDE", "http://x.example")
    assert clone("secrets", "set", "key", given=VALUE).code == Exit.OK
    assert list(clone.cloud().storage().list_buckets()) == []
