"""The clock that can be moved."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from localcloud.engine.clock import Clock
from localcloud.engine.store import Store
from localcloud.spec.timestamps import parse, rfc3339


def test_a_moved_clock_stays_moved_after_a_restart(tmp_path: Path) -> None:
    store = Store(tmp_path)
    Clock(store).advance(86_400)
    store.close()
    moved = Clock(Store(tmp_path))
    assert moved.offset == 86_400
    assert moved.now() - datetime.now(UTC) > timedelta(hours=23)


def test_a_rolled_back_clock_move_is_dropped(tmp_path: Path) -> None:
    store = Store(tmp_path)
    clock = Clock(store)
    store.begin()
    clock.advance(60)
    store.rollback()
    assert clock.offset == 0


def test_times_are_written_as_google_writes_them() -> None:
    assert rfc3339(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) == "2026-01-02T03:04:05.000000Z"
    assert parse("2026-01-02T03:04:05Z") == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        parse("2026-01-02T03:04:05")
