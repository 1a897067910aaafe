"""The console: protected by its secret, it shows all resources but no secret's value, runs no script, and sets faults and the clock."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from html import unescape
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from localcloud.console import activity
from localcloud.server import launcher

from tests.cloud_client import Client


class Browser:
    """Follows addresses as a browser does, without a token."""

    def __init__(self, cloud: Client) -> None:
        self.cloud = cloud

    def __call__(self, path: str, verb: str = "GET", **headers: str) -> tuple[int, str, dict[str, str]]:
        connection = HTTPConnection("127.0.0.1", self.cloud.server.port, timeout=30)
        connection.request(verb, path, headers=headers)
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        connection.close()
        return answer.status, text, {name.lower(): value for name, value in answer.getheaders()}

    def page(self, page: str = "", query: str = "") -> str:
        path = urlsplit(launcher.console(self.cloud.server, page)).path
        status, text, _ = self(f"{path}?{query}" if query else path)
        assert status == 200, text
        return text


@pytest.fixture
def browser(cloud: Client) -> Browser:
    cloud.enable("secretmanager", "iam")
    cloud.ok("POST", f"storage/v1/b?project={cloud.project}", {"name": f"{cloud.project}-data"})
    return Browser(cloud)


def upload(browser: Browser, name: str, data: bytes, kind: str) -> None:
    path = f"upload/storage/v1/b/{browser.cloud.project}-data/o"
    answer = browser.cloud("POST", path, data, headers={"Content-Type": kind}, uploadType="media", name=name)
    assert answer.status == 200


def test_without_the_secret_it_says_how_to_get_in_and_nothing_else(browser: Browser) -> None:
    status, text, _ = browser("/")
    assert status == 200
    assert "groundwork open" in text
    secret = urlsplit(launcher.console(browser.cloud.server)).path.split("/")[2]
    for path in (
        "", "/", "/wrong", "/wrong/", f"/wrong/project/{browser.cloud.project}", "/wrong/no/such/page", "/wrong/bucket/a/b", "/%ff/x", "//",
    ):  # fmt: skip
        for verb in ("GET", "POST", "PUT", "HEAD"):
            status, text, headers = browser(f"/console{path}", verb)
            assert status == (403 if path else 404), path
            assert browser.cloud.project not in text
            assert secret not in f"{text}{headers}"


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or not shutil.which("curl"),
    reason="only root on Linux, with curl, can be another user of whom the system tells",
)
def test_another_user_does_not_get_in_with_the_secret_either(browser: Browser) -> None:
    command = ["curl", "--silent", "--output", os.devnull, "--write-out", "%{http_code}", "--noproxy", "*"]
    command.append(launcher.console(browser.cloud.server))
    ours, anothers = (
        subprocess.run(command, user=user, capture_output=True, text=True, check=True).stdout for user in (None, 65534)
    )
    assert (ours, anothers) == ("200", "403")


def test_a_web_page_of_another_site_is_refused(browser: Browser) -> None:
    path = urlsplit(launcher.console(browser.cloud.server)).path
    assert browser(path, **{"Sec-Fetch-Site": "cross-site"})[0] == 403
    assert browser(f"{path}switches?advance=3600", "POST", Origin="http://evil.example")[0] == 403


def test_a_project_has_a_tile_for_each_service_with_its_count(browser: Browser) -> None:
    text = browser.page(f"project/{browser.cloud.project}")
    assert re.search(r"<strong>1</strong>storage|<strong>1</strong>Cloud Storage", text)
    assert "Simulated" in text
    assert browser.cloud.project in browser.page()


def test_objects_are_shown_folder_by_folder_with_preview_and_download(browser: Browser) -> None:
    upload(browser, "raw/rows.csv", b"a,b\n1,<script>alert(1)</script>\n", "text/csv")
    bucket = f"{browser.cloud.project}-data"
    assert "raw/" in browser.page(f"bucket/{bucket}")
    page = browser.page(f"object/{bucket}/raw/rows.csv")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>" not in page
    path = urlsplit(launcher.console(browser.cloud.server, f"download/{bucket}/raw/rows.csv")).path
    status, text, headers = browser(path)
    assert (status, text) == (200, "a,b\n1,<script>alert(1)</script>\n")
    assert headers["content-disposition"] == "attachment"
    assert "default-src 'none'" in headers["content-security-policy"]


@pytest.mark.parametrize("kind", ["image/svg+xml", "image/png,text/html", "image/x-html", "text/html"])
def test_files_that_could_run_scripts_are_not_shown_as_pages(browser: Browser, kind: str) -> None:
    upload(browser, "x", b"<svg onload='alert(1)'/>", kind)
    path = urlsplit(launcher.console(browser.cloud.server, f"download/{browser.cloud.project}-data/x")).path
    headers = browser(path)[2]
    assert (headers["content-type"], headers["content-disposition"]) == ("application/octet-stream", "attachment")
    assert headers["content-security-policy"].endswith("; sandbox")


def test_a_secret_shows_that_it_is_there_and_never_its_value(browser: Browser) -> None:
    cloud = browser.cloud
    path = f"secretmanager/v1/projects/{cloud.project}/secrets"
    cloud.ok("POST", path, {"replication": {"automatic": {}}}, secretId="key")
    cloud.ok("POST", f"{path}/key:addVersion", {"payload": {"data": "dG9wLXNlY3JldA=="}})
    listed = browser.page(f"project/{cloud.project}/secretmanager")
    assert "/resource/secretmanager/" in listed
    pages = listed + browser.page(f"resource/secretmanager/projects/{cloud.project}/secrets/key")
    assert "top-secret" not in pages
    assert "dG9wLXNlY3JldA" not in pages


def test_permissions_are_shown_as_a_table(browser: Browser) -> None:
    browser.cloud.grant("roles/viewer", "user:ann@example.com")
    text = browser.page(f"project/{browser.cloud.project}/access")
    row = re.search(
        r'<th scope="row" title="user:ann@example.com">ann@example.com<br><small>user</small></th>(.*?)</tr>',
        text,
        re.DOTALL,
    )
    assert row
    assert "<summary>viewer</summary>" in row[1]
    assert f"The policy of {browser.cloud.project} grants" in row[1]


def test_a_granted_role_shows_its_permissions(browser: Browser) -> None:
    browser.cloud.grant("roles/storage.objectViewer", "user:ann@example.com")
    text = browser.page(f"project/{browser.cloud.project}/access")
    role = re.search(r'<details id="roles/storage.objectViewer">(.*?)</details>', text, re.DOTALL)
    assert role
    assert "<code>storage.objects.get</code>" in role[1]
    assert "storage.objects.delete" not in role[1]


def test_requests_and_their_refusals_are_listed(browser: Browser) -> None:
    browser.cloud.as_("user:eve@example.com")("GET", f"storage/v1/b/{browser.cloud.project}-data")
    text = browser.page("requests")
    assert "storage.buckets.get" in text
    assert '<td class="refused">403</td>' in text
    assert re.search(r'class="why">eve@example.com does not have storage.buckets.get access', text)
    assert "storage.buckets.get" in browser.page("requests", "refused")
    assert '<td class="refused">403</td>' in browser.page("requests", "refused")


def test_each_thing_is_shown_as_gcloud_curl_and_python_ask_for_it(browser: Browser) -> None:
    cloud = browser.cloud
    cloud.ok(
        "POST", f"secretmanager/v1/projects/{cloud.project}/secrets", {"replication": {"automatic": {}}}, secretId="key"
    )
    upload(browser, "it's.txt", b"x", "text/plain")
    pages = {
        f"resource/secretmanager/projects/{cloud.project}/secrets/key": f"gcloud secrets describe key --project {cloud.project}",
        f"bucket/{cloud.project}-data": f"gcloud storage ls gs://{cloud.project}-data/",
        f"object/{cloud.project}-data/it's.txt": f"""gcloud storage cat 'gs://{cloud.project}-data/it'"'"'s.txt'""",
    }
    for page, gcloud in pages.items():
        text = unescape(browser.page(page))
        assert gcloud in text
        assert "| curl --header @-" in text
        assert "google" in text.partition("<summary>Python</summary>")[2]


def test_a_secrets_versions_a_repositorys_images_and_operations_are_listed(browser: Browser) -> None:
    cloud = browser.cloud
    cloud.enable("artifactregistry")
    path = f"secretmanager/v1/projects/{cloud.project}/secrets"
    cloud.ok("POST", path, {"replication": {"automatic": {}}}, secretId="key")
    cloud.ok("POST", f"{path}/key:addVersion", {"payload": {"data": "dG9wLXNlY3JldA=="}})
    assert re.search(
        r"<td>1</td><td>ENABLED</td>", browser.page(f"resource/secretmanager/projects/{cloud.project}/secrets/key")
    )
    place = f"projects/{cloud.project}/locations/europe-west1"
    cloud.ok("POST", f"artifactregistry/v1/{place}/repositories", {"format": "DOCKER"}, repositoryId="images")
    assert "Images" in browser.page(f"resource/artifactregistry/{place}/repositories/images")
    operations = browser.page(f"project/{cloud.project}/operations")
    assert re.search(r"<td>done</td><td[^>]*>artifactregistry", operations)


def test_an_uploaded_drawing_is_the_projects_map(browser: Browser) -> None:
    project = browser.cloud.project
    assert "Nobody has left one here" in browser.page(f"project/{project}/map")
    launcher.keep_map(browser.cloud.server.state, project, "<svg onload='alert(1)'/>")
    assert 'class="map"' in browser.page(f"project/{project}/map")
    path = urlsplit(launcher.console(browser.cloud.server, f"project/{project}/map.svg")).path
    status, text, headers = browser(path)
    assert (status, text, headers["content-type"]) == (200, "<svg onload='alert(1)'/>", "image/svg+xml")
    assert headers["content-security-policy"].endswith("sandbox"), "opened alone it runs nothing either"


def test_what_was_used_is_summed_in_googles_words(browser: Browser) -> None:
    upload(browser, "x.txt", b"x", "text/plain")
    assert re.search(
        r"<td>Cloud Storage</td><td>Class A Operations</td>", browser.page(f"project/{browser.cloud.project}/usage")
    )


def test_amounts_are_numbers_that_people_read() -> None:
    shown = [activity.amount(number) for number in (0, 9, 0.2, 1.67822, 190_552_000, 999.96, 0.00003)]
    assert shown == ["0", "9", "0.2", "1.678", "190,552,000", "1000", "<0.0001"]


def test_what_has_a_state_is_listed_with_it_and_by_the_name_that_people_gave_it(browser: Browser) -> None:
    cloud = browser.cloud
    cloud.enable("cloudbuild", "run")
    build = {"steps": [{"name": "ubuntu", "args": ["true"]}], "options": {"logging": "NONE"}}
    place = f"cloudbuild/v1/projects/{cloud.project}/locations/europe-west1"
    cloud.ok(
        "POST",
        f"{place}/triggers",
        {
            "name": "nightly",
            "build": build,
            "sourceToBuild": {"uri": "https://github.com/a/b", "ref": "refs/heads/main", "repoType": "GITHUB"},
        },
    )
    listed = browser.page(f"project/{cloud.project}/cloudbuild")
    assert re.search(r">nightly</a> <small>[0-9a-f-]{36}</small>", listed)
    services = browser.page(f"project/{cloud.project}/serviceusage")
    assert re.search(r"run\.googleapis\.com</a></td><td>enabled</td>", services)


def test_logs_are_looked_through_and_followed(browser: Browser) -> None:
    page = f"project/{browser.cloud.project}/logs"
    assert f"{browser.cloud.project}-data" in browser.page(page, "text=storage.buckets.create")
    assert "There is none with that." in browser.page(page, "text=nobody-said-this")
    assert 'http-equiv="refresh"' in browser.page(page, "follow")
    assert 'http-equiv="refresh"' not in browser.page(page)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"textPayload": "5 cards"}, "5 cards"),
        ({"jsonPayload": {"cards": 5}}, "&#34;cards&#34;: 5"),
        ({"httpRequest": {"requestMethod": "GET", "requestUrl": "https://backend/price", "status": 200}},
         "GET https://backend/price 200"),
        ({"severity": "NOTICE"}, "NOTICE"),
    ],
)  # fmt: skip
def test_whatever_an_entry_holds_is_shown(browser: Browser, entry: dict[str, object], expected: str) -> None:
    cloud = browser.cloud
    cloud.enable("logging")
    log = {"logName": f"projects/{cloud.project}/logs/app", "resource": {"type": "global"}}
    cloud.ok("POST", "logging/v2/entries:write", {"entries": [{**log, **entry}]})
    assert expected in browser.page(f"project/{cloud.project}/logs")


@pytest.mark.parametrize(
    "query", ["advance=soon", "advance=nan", "fault=error&code=x", "fault=nonsense", "fault=latency&seconds=1e999"]
)
def test_an_invalid_switch_value_is_refused(browser: Browser, query: str) -> None:
    path = urlsplit(launcher.console(browser.cloud.server, "switches")).path
    status, text, _ = browser(f"{path}?{query}", "POST")
    assert status == 400
    assert 'role="alert"' in text


def test_admin_activity_is_in_the_logs(browser: Browser) -> None:
    assert f"{browser.cloud.project}-data" in browser.page(f"project/{browser.cloud.project}/logs")


def test_the_clock_and_the_faults_are_switched(browser: Browser) -> None:
    cloud = browser.cloud
    before = cloud.control("GET", "clock").body["offset_seconds"]
    path = urlsplit(launcher.console(cloud.server, "switches")).path
    assert browser(f"{path}?advance=3600", "POST")[0] == 303
    assert cloud.control("GET", "clock").body["offset_seconds"] == pytest.approx(before + 3600)
    browser(f"{path}?fault=error&code=503", "POST")
    assert cloud.control("GET", "faults").body["faults"][0]["code"] == 503
    browser(f"{path}?fault=none", "POST")
    assert cloud.control("GET", "faults").body["faults"] == []


@pytest.mark.parametrize(
    "page", ["project/nobody-made", "bucket/nobody-made", "resource/iam/projects/x/y/z", "no/such/page"]
)
def test_what_is_not_there_says_so(browser: Browser, page: str) -> None:
    status, text, _ = browser(urlsplit(launcher.console(browser.cloud.server, page)).path)
    assert status == 404
    assert "There is no such thing" in text
