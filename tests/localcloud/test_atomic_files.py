"""Files that are written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from localcloud import atomic_files


def test_a_file_is_replaced_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "record.json"
    file.write_text("old")
    file.chmod(0o644)
    assert atomic_files.write(file, "new ü") == file
    assert (file.read_text("utf-8"), file.stat().st_mode & 0o777) == ("new ü", 0o600)
    atomic_files.write(file, b"\x00", mode=0o644)
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"\x00", 0o644)


def test_what_cannot_be_put_in_its_place_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "record.json").mkdir()
    with pytest.raises(OSError, match="directory"):
        atomic_files.write(tmp_path / "record.json", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["record.json"]
