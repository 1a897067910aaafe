"""Reports of scans are kept, and a cache that another run cleans at the same time breaks nothing."""

from __future__ import annotations

from pathlib import Path

from groundwork.policy.cache import Cache
from policies.language import Settings

TOOLS = Path(__file__).resolve().parents[3] / "tools"


def test_a_report_that_another_run_drops_meanwhile_is_no_problem(tmp_path: Path) -> None:
    (tmp_path / "code-dropped.json").symlink_to("nothing")  # listed, and gone when looked at
    cache = Cache(tmp_path, TOOLS, Settings())
    cache.put("code", "key", {"found": 1})
    assert cache.get("code", "key") == {"found": 1}


def test_only_the_newest_reports_of_a_part_are_kept(tmp_path: Path) -> None:
    cache = Cache(tmp_path, TOOLS, Settings())
    for number in range(12):
        cache.put("code", f"key-{number}", {})
    cache.put("plan", "key-0", {})
    assert sum(cache.get("code", f"key-{number}") is not None for number in range(12)) == 8
    assert cache.get("plan", "key-0") == {}
