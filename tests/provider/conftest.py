"""The comparison with Google's own provider: only if this folder is selected, with a table at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.provider.compare import Comparison
from tests.provider.sides import Sides, both, real_provider_is_missing

HERE = Path(__file__).parent


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Leaves the comparison out of other runs: it takes minutes, and a provider that few machines have."""
    asked = any((path := Path(one.split("::")[0]).resolve()) == HERE or HERE in path.parents for one in config.args)
    return None if asked else True


@pytest.fixture(scope="session")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sides]:
    """Both providers, each with a local cloud; fails if the real one is not available."""
    missing = real_provider_is_missing()
    if missing:
        pytest.fail(f"Nothing was compared: {missing}", pytrace=False)
    with both(tmp_path_factory.mktemp("clouds")) as started:
        yield started


@pytest.fixture
def compared(record_property: Callable[[str, object], None]) -> Callable[[Comparison], None]:
    """Records a comparison for the table in the test's report, so that it also arrives from another process."""
    return lambda found: record_property("compared", (found.root, found.leaves, len(found.different)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table: root, leaves compared, leaves that differ."""
    reports = [report for name in ("passed", "failed") for report in terminalreporter.stats.get(name, [])]
    said = [pair for report in reports if report.when == "call" for pair in report.user_properties]
    rows = sorted((*value,) for name, value in said if name == "compared")
    if not rows:
        return
    terminalreporter.section("our provider against hashicorp/google 7.45.0")
    width = max(len(root) for root, _, _ in rows)
    for root, leaves, different in [*rows, ("all", sum(row[1] for row in rows), sum(row[2] for row in rows))]:
        terminalreporter.write_line(f"{root:<{width}}  {leaves:>7} leaves  {different:>4} different")
