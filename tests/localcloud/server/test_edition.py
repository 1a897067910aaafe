"""Every change of the code is another edition."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from localcloud.server import edition


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "services").mkdir()
    (tmp_path / "cloud.py").write_text("", "utf-8")
    (tmp_path / "services" / "roles.json").write_text("{}", "utf-8")
    monkeypatch.setattr(edition, "_HERE", tmp_path)
    return tmp_path


def test_the_same_code_is_the_same_edition(code: Path) -> None:
    before = edition.current()
    (code / "cloud.cpython-311.pyc").write_bytes(b"")
    assert edition.current() == before


def test_a_changed_file_is_another_edition(code: Path) -> None:
    before = edition.current()
    os.utime(code / "services" / "roles.json", (4_000_000_000, 4_000_000_000))
    assert edition.current() != before


def test_a_file_that_is_gone_is_another_edition(code: Path) -> None:
    before = edition.current()
    (code / "services" / "roles.json").unlink()
    assert edition.current() != before
