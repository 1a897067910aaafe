"""Addresses that are shown in a browser, and printed where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from groundwork.cli import browser

ADDRESS = "http://127.0.0.1:1/console"


@pytest.fixture(autouse=True)
def no_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")


def test_without_a_screen_the_address_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    browser.show(ADDRESS)
    output = capsys.readouterr()
    assert output.out == f"{ADDRESS}\n"
    assert output.err == "No browser can be opened from here: open this address in one.\n"


def test_without_a_browser_only_the_address_is_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROWSER", "/bin/false")
    browser.show(ADDRESS, wanted=False)
    assert capsys.readouterr() == (f"{ADDRESS}\n", "")


def test_the_users_own_browser_is_opened(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "browser"
    program.write_text('#!/bin/sh\nprintf %s "$1" > "$(dirname "$0")/opened"\n', "utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{program} %s")
    browser.show(ADDRESS)
    assert (tmp_path / "opened").read_text("utf-8") == ADDRESS
    assert capsys.readouterr() == ("", f"opened in your browser: {ADDRESS}\n")
