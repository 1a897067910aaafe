"""`make bench`: measure everything in one run, print a table and, where BENCH_JSON names a file, one object a line."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from . import cloud, policy, processes, terraform
from .rows import Row, show, write


def start_up_rows(_folder: Path) -> list[Row]:
    """What `groundwork --help` costs beside importing click alone."""
    groundwork = str(Path(sys.executable).with_name("groundwork"))
    value = processes.median_ratio([groundwork, "--help"], [sys.executable, "-c", "import click"])
    return [Row("groundwork --help ÷ python -c 'import click'", value, at_most=1.5, note="median of 15 pairs")]


PARTS: tuple[Callable[[Path], list[Row]], ...] = (start_up_rows, cloud.rows, terraform.rows, policy.rows)


def main() -> None:
    """Measure every part in turn; a part that breaks stops the run, since half a table is no table."""
    with tempfile.TemporaryDirectory(prefix="groundwork-bench-") as folder:
        rows = [row for part in PARTS for row in part(Path(folder))]
    show(rows, Console(width=160 if not sys.stdout.isatty() else None))
    if path := os.environ.get("BENCH_JSON"):
        write(rows, Path(path))


if __name__ == "__main__":
    main()
