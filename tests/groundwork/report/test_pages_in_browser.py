"""Every page in a browser, in both themes and at three widths: axe finds nothing serious, nothing is wider than the window, and keys do all."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests import browser
from tests.groundwork.clone import Clone, cloned
from tests.window import Window, window

pytestmark = pytest.mark.slow
CONSOLE = (
    "", "project/{p}", "project/{p}/map", "project/{p}/access", "project/{p}/logs", "project/{p}/operations", "project/{p}/usage", "project/{p}/iam",
    "bucket/{p}-data", "object/{p}-data/raw/rows.csv", "resource/secretmanager/projects/{p}/secrets/key",
    "resource/artifactregistry/projects/{p}/locations/europe-west1/repositories/images", "requests", "requests?refused", "switches",
)  # fmt: skip


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """Where a browser finds every page of the console, the report and the costs."""
    browser.browser()
    with cloned(tmp_path_factory.mktemp("pages") / "clone") as clone:
        assert clone.run("up", "--env", "small").returncode == 0
        yield {**_console(clone), **_written(clone)}


def _console(clone: Clone) -> dict[str, str]:
    project = clone.environment.project
    program = f"from google.cloud import storage; storage.Client().bucket('{project}-data').blob('raw/rows.csv').upload_from_string('a,b')"
    assert clone.run("run", "--env", "small", "--", sys.executable, "-c", program).returncode == 0
    address = clone.run("open", "--env", "small", "--no-browser").stdout.strip().partition("/project/")[0]
    named = {page or "overview": f"{address}/{page.format(p=project)}" for page in CONSOLE}
    return {"door": address.partition("/console/")[0], **named}


def _written(clone: Clone) -> dict[str, str]:
    report, costs = clone.root / "report.html", clone.root / "costs.html"
    assert clone.run("report", "--env", "small", "--html", str(report)).returncode == 0
    assert clone.run("cost", "report", "--env", "small", "--demo", "--chart", str(costs)).returncode == 0
    return {"report": report.as_uri(), "costs": costs.as_uri()}


@pytest.fixture(scope="module")
def pages(addresses: Mapping[str, str]) -> Mapping[str, str]:
    """Every page as HTML."""
    return {name: _html(address) for name, address in addresses.items()}


def _html(address: str) -> str:
    if address.startswith("file:"):
        return Path(urlsplit(address).path).read_text("utf-8")
    answer = requests.get(address, headers={"Accept": "text/html"}, timeout=30)
    assert answer.status_code == 200, address
    return answer.text


# What a key can reach, in the order in which it stands on the page.
_CONTROLS = """
window.controls = [...document.querySelectorAll("a[href], button, input, select, summary, [tabindex='0']")].filter(one => one.checkVisibility());
controls.length"""
# Which of them has the focus, and what is wrong with how it is seen.
_FOCUSED = """(() => {
  const one = document.activeElement, box = one.getBoundingClientRect(), style = getComputedStyle(one), wrong = [];
  if (style.outlineStyle == "none" || parseFloat(style.outlineWidth) < 2) wrong.push("no outline");
  if (box.bottom < 0 || box.top > innerHeight || box.right < 0 || box.left > innerWidth) wrong.push("out of sight");
  return [controls.indexOf(one), wrong.length ? `${wrong} at ${one.outerHTML.slice(0, 120)}` : ""];
})()"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    """A window with a keyboard."""
    with window(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.mark.parametrize("width", [390, 1280])
def test_tab_reaches_all_in_order_and_shows_where_it_is(addresses: Mapping[str, str], page: Window, width: int) -> None:
    faults: list[str] = []
    for name, address in addresses.items():
        page.open(address, width, 900)
        for expected in range(page.run(_CONTROLS)):
            page.press("Tab")
            place, wrong = page.run(_FOCUSED)
            if place != expected or wrong:
                faults.append(f"{name}: {wrong or f'{place} instead of {expected}'}")
    assert faults == []


def test_enter_and_space_toggle_foldable_parts(addresses: Mapping[str, str], page: Window) -> None:
    page.open(addresses["bucket/{p}-data"], 1280, 900)
    page.run("document.querySelectorAll('summary')[1].focus()")
    for key, opened in (("Enter", True), (" ", False), (" ", True)):
        page.press(key)
        assert page.run("document.activeElement.parentElement.open") is opened


def test_the_skip_link_leads_past_the_menu(addresses: Mapping[str, str], page: Window) -> None:
    page.open(addresses["project/{p}/logs"], 1280, 900)
    page.press("Tab")
    assert page.run("document.activeElement.getBoundingClientRect().left >= 0")
    page.press("Enter")
    page.press("Tab")
    assert page.run("document.activeElement.closest('main') !== null")


@pytest.mark.parametrize("key", ["Enter", " "])
def test_a_button_is_pressed_by_keys(addresses: Mapping[str, str], page: Window, key: str) -> None:
    page.open(addresses["switches"], 1280, 900)
    page.run("document.querySelector('input[name=code]').value = '503'")
    page.run("[...document.querySelectorAll('button')].find(one => one.textContent == 'Inject').focus()")
    page.press(key)
    page.settled()
    assert '"code": 503' in page.run("document.querySelector('main pre').textContent")
    page.run("[...document.querySelectorAll('button')].find(one => one.textContent == 'Remove all faults').focus()")
    page.press(key)
    page.settled()
    assert page.run("document.querySelector('main pre') === null")


def test_a_form_is_sent_from_its_field(addresses: Mapping[str, str], page: Window) -> None:
    page.open(addresses["project/{p}/logs"], 390, 900)
    page.run("document.querySelector('input[name=text]').focus()")
    page.type("nothing-has-this")
    page.press("Enter")
    page.settled()
    assert page.run("document.querySelector('tbody').textContent.trim()") == "There is none with that."


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_page(
    pages: Mapping[str, str], scheme: browser.Scheme, tmp_path: Path
) -> None:
    assert browser.faults(tmp_path, pages, scheme) == []


def test_axe_would_find_something(tmp_path: Path) -> None:
    page = '<!doctype html><html lang="en"><title>x</title><img src="x.png"><p style="width:3000px">wide</p></html>'
    found = browser.faults(tmp_path, {"bad": page}, "light", (390,))
    assert [line.split(": ")[1].split(" ")[0] for line in found] == ["is", "image-alt"]
