"""Records and locks in the state folder."""

import os
import stat
from pathlib import Path

import pytest
from localcloud.server.records import Locked, holder, locked, read, remove, write


def test_a_record_is_read_back_and_private(tmp_path: Path) -> None:
    path = tmp_path / "server.json"
    write(path, {"pid": 1})
    assert read(path) == {"pid": 1}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["server.json"]


@pytest.mark.parametrize("text", ["", "{", "[1]", "\x00\x01"])
def test_a_damaged_record_counts_as_missing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "server.json"
    path.write_text(text)
    assert read(path) is None
    assert read(tmp_path / "absent.json") is None


def test_only_the_own_record_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "server.json"
    write(path, {"pid": 1})
    remove(path, {"pid": 2})
    assert path.exists()
    remove(path, {"pid": 1})
    assert not path.exists()


def test_a_lock_has_one_holder_who_can_be_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert holder(path) is None
    with locked(path, wait=False):
        assert holder(path) == os.getpid()
        with pytest.raises(Locked), locked(path, wait=True, seconds=0.05):
            pass
    assert holder(path) is None
