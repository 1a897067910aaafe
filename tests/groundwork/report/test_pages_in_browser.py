"""Every page in a browser, in both themes and at three widths: axe finds nothing serious, and nothing is wider than the window."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import requests

from tests import browser
from tests.groundwork.clone import Clone, cloned

pytestmark = pytest.mark.slow
CONSOLE = (
    "", "project/{p}", "project/{p}/map", "project/{p}/access", "project/{p}/logs", "project/{p}/operations", "project/{p}/usage", "project/{p}/iam",
    "bucket/{p}-data", "object/{p}-data/raw/rows.csv", "resource/secretmanager/projects/{p}/secrets/key",
    "resource/artifactregistry/projects/{p}/locations/europe-west1/repositories/images", "requests", "requests?refused", "switches",
)  # fmt: skip


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """Every page of the console, the report and the costs, as HTML."""
    browser.browser()
    with cloned(tmp_path_factory.mktemp("pages") / "clone") as clone:
        assert clone.run("up", "--env", "small").returncode == 0
        yield {**_console(clone), **_written(clone)}


def _console(clone: Clone) -> dict[str, str]:
    project = clone.environment.project
    program = f"from google.cloud import storage; storage.Client().bucket('{project}-data').blob('raw/rows.csv').upload_from_string('a,b')"
    assert clone.run("run", "--env", "small", "--", sys.executable, "-c", program).returncode == 0
    address = clone.run("open", "--env", "small", "--no-browser").stdout.strip().partition("/project/")[0]
    door = requests.get(address.partition("/console/")[0], headers={"Accept": "text/html"}, timeout=30).text
    found = {"door": door}
    for page in CONSOLE:
        answer = requests.get(f"{address}/{page.format(p=project)}", timeout=30)
        assert answer.status_code == 200, page
        found[page or "overview"] = answer.text
    return found


def _written(clone: Clone) -> dict[str, str]:
    report, costs = clone.root / "report.html", clone.root / "costs.html"
    assert clone.run("report", "--env", "small", "--html", str(report)).returncode == 0
    assert clone.run("cost", "report", "--env", "small", "--demo", "--chart", str(costs)).returncode == 0
    return {"report": report.read_text("utf-8"), "costs": costs.read_text("utf-8")}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_page(
    pages: Mapping[str, str], scheme: browser.Scheme, tmp_path: Path
) -> None:
    assert browser.faults(tmp_path, pages, scheme) == []


def test_axe_would_find_something(tmp_path: Path) -> None:
    page = '<!doctype html><html lang="en"><title>x</title><img src="x.png"><p style="width:3000px">wide</p></html>'
    found = browser.faults(tmp_path, {"bad": page}, "light", (390,))
    assert [line.split(": ")[1].split(" ")[0] for line in found] == ["is", "image-alt"]
