"""The comparison with Google's own provider: only where this folder is asked for, with a table at the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.provider.compare import Comparison
from tests.provider.sides import Sides, both, real_provider_is_missing

HERE = Path(__file__).parent
COMPARED: list[Comparison] = []


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves the comparison out of other runs: it takes minutes, and a provider that few machines have."""
    asked = any((path := Path(one.split("::")[0]).resolve()) == HERE or HERE in path.parents for one in config.args)
    if not asked:
        items[:] = [item for item in items if HERE not in item.path.parents]


@pytest.fixture(scope="session")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sides]:
    """Both providers, each with a local cloud; fails where the real one cannot be had."""
    missing = real_provider_is_missing()
    if missing:
        pytest.fail(f"Nothing was compared: {missing}", pytrace=False)
    with both(tmp_path_factory.mktemp("clouds")) as started:
        yield started


@pytest.fixture
def compared() -> list[Comparison]:
    """Where a comparison is noted for the table."""
    return COMPARED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table: root, leaves compared, leaves that differ."""
    if not COMPARED:
        return
    terminalreporter.section("our provider against hashicorp/google 7.45.0")
    width = max(len(one.root) for one in COMPARED)
    for one in COMPARED:
        terminalreporter.write_line(f"{one.root:<{width}}  {one.leaves:>7} leaves  {len(one.different):>4} different")
    leaves, different = sum(one.leaves for one in COMPARED), sum(len(one.different) for one in COMPARED)
    terminalreporter.write_line(f"{'all':<{width}}  {leaves:>7} leaves  {different:>4} different")
