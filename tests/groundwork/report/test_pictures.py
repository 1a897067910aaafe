"""The report's parts as files: the map always, a picture of each part if there is a browser, and an explanation otherwise."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import browser
from tests.groundwork.clone import Clone, cloned

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    with cloned(tmp_path_factory.mktemp("pictures") / "clone") as clone:
        assert clone.run("up", "--env", "small").returncode == 0
        yield clone


def test_each_part_is_a_picture_as_high_as_it_is(clone: Clone, tmp_path: Path) -> None:
    browser.browser()
    result = clone.run("report", "--env", "small", "--parts", str(tmp_path / "parts"))
    assert result.returncode == 0, result.stderr
    sections = json.loads(clone.run("report", "--env", "small", "--json").stdout)["sections"]
    pictures = {path.stem: path.read_bytes() for path in (tmp_path / "parts").glob("*.png")}
    assert set(pictures) == {*sections, "map"}
    heights = {name: int.from_bytes(data[20:24], "big") for name, data in pictures.items()}
    assert all(data.startswith(b"\x89PNG") for data in pictures.values())
    assert all(150 < height < 8000 for height in heights.values())
    assert heights["map"] > heights["team"]
    assert (tmp_path / "parts" / "map.svg").read_text("utf-8").startswith("<svg")


def test_without_a_browser_there_is_the_map_and_a_note(clone: Clone, tmp_path: Path) -> None:
    for name in ("python3", "git", "terraform"):
        found = next(
            (Path(folder, name) for folder in os.environ["PATH"].split(":") if Path(folder, name).exists()), None
        )
        if found:
            (tmp_path / name).symlink_to(found)
    result = clone.run("report", "--env", "small", "--parts", str(tmp_path / "parts"), PATH=str(tmp_path))
    assert "There are no PNGs: none of chromium" in result.stderr
    assert [path.name for path in (tmp_path / "parts").iterdir()] == ["map.svg"]
