"""Every client reaches every service, and each call is made as the principal whose token the client has."""

from __future__ import annotations

import importlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import grpc
import httplib2
import pytest
import requests
from google.api_core.exceptions import GoogleAPICallError
from google.oauth2.credentials import Credentials
from google_auth_httplib2 import AuthorizedHttp
from googleapiclient.errors import HttpError
from localcloud.server import certificates
from localcloud.services import SERVICES
from localcloud.spec.discovery import document

from tests.localcloud.calls import EXAMPLES, LEFT_OUT, Example
from tests.localcloud.containers import gcloud
from tests.localcloud.inside import OWNER, PROJECT
from tests.localcloud.serving import Serving, serving

STRANGER = f"serviceAccount:stranger@{PROJECT}.iam.gserviceaccount.com"
"""An account without any role; a person would administer the billing account."""


@dataclass(frozen=True)
class Client:
    """A cloud and the principal whose token a client of it has."""

    serving: Serving
    state: Path
    principal: str

    @property
    def token(self) -> str:
        """The principal's token."""
        return self.serving.cloud.tokens.token(self.principal)

    @property
    def authority(self) -> Path:
        """The authority that a client of the proxy trusts; a bundle of all those of this machine takes long to read."""
        return certificates.Authority(self.state).certificate

    def rows(self) -> list[dict[str, Any]]:
        """The log of requests."""
        with closing(HTTPConnection("127.0.0.1", self.serving.port, timeout=60)) as connection:
            connection.request("GET", "/_local/requests", headers={"X-Local-Control": "key"})
            rows: list[dict[str, Any]] = json.loads(connection.getresponse().read())["requests"]
        return rows

    @contextmanager
    def calling(self, example: Example) -> Iterator[None]:
        """Asserts that the block calls the method as this principal, and that the answer is what it may get."""
        before = len(self.rows())
        yield
        made = [row for row in self.rows()[before:] if row["method"] == example.method]
        assert {(row["principal"], row["status"]) for row in made} == {
            (self.principal, 200 if self.principal == OWNER else 403)
        }


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Serving, Path]]:
    state = tmp_path_factory.mktemp("clients") / "state"
    with serving(state, *(service.api for service in SERVICES)) as cloud:
        cloud.account("runner")
        cloud.account("stranger")
        cloud.grant("roles/iam.serviceAccountTokenCreator", OWNER)
        yield cloud, state


@pytest.fixture(params=[OWNER, STRANGER], ids=["owner", "stranger"])
def client(served: tuple[Serving, Path], request: pytest.FixtureRequest) -> Client:
    return Client(*served, request.param)


def test_every_service_is_called_or_left_out_for_a_reason() -> None:
    assert {example.api for example in EXAMPLES} | LEFT_OUT.keys() == {service.api for service in SERVICES}


each = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.method}-{example.version}")


def sent(client: Client, example: Example, url: str, **options: Any) -> None:
    """Sends the call to an address."""
    headers = {"Authorization": f"Bearer {client.token}"}
    verb = document(example.api, example.version).methods[example.method].http
    requests.request(verb, url, headers=headers, json=example.body or None, timeout=60, **options)


@each
def test_a_plain_client_under_the_prefix(client: Client, example: Example) -> None:
    known = document(example.api, example.version).methods[example.method]
    path = example.prepared().uri.partition(".googleapis.com/")[2]
    below = path[path.index(known.flat_path.partition("{")[0]) :]
    with client.calling(example):
        sent(client, example, f"http://127.0.0.1:{client.serving.port}/{example.api}/{below}")


@each
@pytest.mark.parametrize("scheme", ["https", "http"], ids=["tunnel", "absolute"])
def test_a_plain_client_through_the_proxy(client: Client, example: Example, scheme: str) -> None:
    url = example.prepared().uri.replace("https:", f"{scheme}:", 1)
    proxy = f"http://127.0.0.1:{client.serving.port}"
    for host in {"", f"{example.region}-" if example.region else ""}:
        address = url.replace("://", f"://{host}", 1)
        with client.calling(example):
            sent(client, example, address, proxies={scheme: proxy}, verify=str(client.authority))


@each
def test_googles_discovery_client(client: Client, example: Example) -> None:
    proxy = httplib2.proxy_info_from_url(f"http://127.0.0.1:{client.serving.port}", "https")
    http = httplib2.Http(proxy_info=proxy, ca_certs=str(client.authority), timeout=60)
    with client.calling(example), suppress(HttpError):
        example.prepared().execute(http=AuthorizedHttp(Credentials(client.token), http))


@pytest.mark.parametrize("example", [one for one in EXAMPLES if one.library], ids=lambda example: example.method)
def test_googles_library_over_grpc(client: Client, example: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    assert example.library is not None
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{client.serving.port}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    package, name, function = example.library
    library = getattr(importlib.import_module(package), name)
    transport = library.get_transport_class("grpc")
    trusted = grpc.ssl_channel_credentials(client.authority.read_bytes())
    bearer = grpc.composite_channel_credentials(trusted, grpc.access_token_call_credentials(client.token))
    for host in {"", f"{example.region}-" if example.region else ""}:
        target = f"{host}{transport.DEFAULT_HOST}:443"
        with client.calling(example), grpc.secure_channel(target, bearer) as channel, suppress(GoogleAPICallError):
            getattr(library(transport=transport(channel=channel)), function)(request=example.request)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("gcloud") is None, reason="gcloud is not on this machine")
@pytest.mark.parametrize("example", [one for one in EXAMPLES if one.gcloud], ids=lambda example: example.method)
def test_gcloud(client: Client, example: Example, tmp_path: Path) -> None:
    command = ["gcloud", *example.gcloud, "--format=json", "--quiet"]
    with client.calling(example):
        environment = gcloud.environment(client.serving, client.state, tmp_path, client.principal)
        subprocess.run(command, env=environment, capture_output=True, check=False, timeout=120)
