"""Web pages are not clients: a browser's requests for them are refused on every path."""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from localcloud.server.launcher import LocalCloud
from localcloud.server.origins import refusal

from tests.cloud_client import Client

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
HOST = "127.0.0.1:8080"


def refusal_of(**headers: str) -> str:
    return refusal([(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()])


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:8080", "127.0.0.1", "127.0.1.1:1", "localhost:8080", "LOCALHOST", "app.localhost:8080", "[::1]:8080",
        "us-central1-127.0.0.1:8080", "storage.googleapis.com", "a-bucket.storage.googleapis.com",
        "europe-west1-aiplatform.googleapis.com:443", "secretmanager.europe-west1.rep.googleapis.com",
        "europe-west1-docker.pkg.dev", "metadata.google.internal", "a-service-abc123-ew.a.run.app",
    ],
)  # fmt: skip
def test_loopback_names_and_googles_hosts_are_served(host: str) -> None:
    assert refusal_of(host=host) == ""
    assert refusal_of(host=host, origin=f"http://{host}", sec_fetch_site="same-origin") == ""


@pytest.mark.parametrize(
    "host",
    [
        "", "evil.example", "evil.example:8080", "127.0.0.1.evil.example", "localhost.evil.example", "xlocalhost",
        "evilgoogleapis.com", "storage.googleapis.com.evil.example", "127.0.0.1:8080@evil.example", "10.0.0.1", "0.0.0.0",
        "127.0.0.1:8080\n", "localhost.", "127.0.0.1:", "evil.example/127.0.0.1", "1270.0.1", "[::2]", "lo\u0441alhost",
    ],
)  # fmt: skip
def test_any_other_host_is_refused_by_name(host: str) -> None:
    assert refusal_of(host=host).startswith("The local cloud answers for loopback addresses and Google's hosts only")
    assert refusal_of(host=HOST, x_forwarded_host=host)


def test_a_request_has_one_host() -> None:
    assert refusal_of() == "The request must have one Host header."
    assert refusal([(b"host", b"127.0.0.1"), (b"host", b"127.0.0.1:1")])


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "http://evil.example",
        "http://127.0.0.1:8081",
        "http://localhost:8080",
        f"http://{HOST}@evil.example",
    ],
)
def test_pages_of_another_origin_are_refused(origin: str) -> None:
    assert "another origin" in refusal_of(host=HOST, origin=origin)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "", "whatever"])
def test_pages_of_another_site_are_refused(site: str) -> None:
    assert "another site" in refusal_of(host=HOST, sec_fetch_site=site)


def test_pages_opened_by_a_person_are_served() -> None:
    assert refusal_of(host=HOST, sec_fetch_site="none") == ""


@pytest.mark.parametrize("path", ["_local/health", "_local/requests", "storage/v1/b", "nothing/there", ""])
@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}],
    ids=lambda headers: next(iter(headers)),
)
def test_no_path_answers_a_page_not_even_with_the_secrets(cloud: Client, path: str, headers: dict[str, str]) -> None:
    answer = cloud("GET", path, headers={**headers, "X-Local-Control": cloud.server.control_key})
    assert (answer.status, answer.body["error"]["status"]) == (403, "PERMISSION_DENIED")
    assert "The local cloud" in answer.message


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory, server: LocalCloud) -> Iterator[str]:
    """The address of a hostile web server, whose pages send a browser to the local cloud."""
    folder = tmp_path_factory.mktemp("evil")
    target = f"{server.base}/_local/health"
    (folder / "get.html").write_text(f"<script>location = '{target}'</script>")
    (folder / "post.html").write_text(
        f"<form method=post action='{target}'></form><script>document.forms[0].submit()</script>"
    )
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as serving:
        thread = threading.Thread(target=serving.serve_forever, daemon=True)
        thread.start()
        yield f"http://evil.example:{serving.server_port}"
        serving.shutdown()
        thread.join()


def rendered(url: str, profile: Path) -> str:
    """What a browser shows that resolves evil.example to this machine, as in a DNS rebinding attack."""
    arguments = [
        "--headless=new", "--disable-gpu", "--no-first-run", f"--user-data-dir={profile}", "--virtual-time-budget=5000",
        "--host-resolver-rules=MAP evil.example 127.0.0.1", "--dump-dom", url,
    ]  # fmt: skip
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    result = subprocess.run(
        [str(CHROMIUM), *sandbox, *arguments], capture_output=True, text=True, check=False, timeout=120
    )
    return result.stdout


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on PATH; the same headers are sent by hand above")
def test_a_browser_is_refused_except_for_pages_that_its_user_opens(
    server: LocalCloud, evil: str, tmp_path: Path
) -> None:
    assert '"status":"ok"' in rendered(f"{server.base}/_local/health", tmp_path)
    rebound = rendered(f"http://evil.example:{server.port}/_local/health", tmp_path)
    assert f"not for the host 'evil.example:{server.port}'" in rebound
    assert "another site" in rendered(f"{evil}/get.html", tmp_path)
    assert "another origin" in rendered(f"{evil}/post.html", tmp_path)
