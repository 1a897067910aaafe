"""`make bench`: measure everything in one run, print a table and, if BENCH_JSON names a file, write one JSON object per line.

`make bench ARGS="cloud policy"` measures those parts alone.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import click
from rich.console import Console

from . import cloud, costs, loop, members, policy, processes, services, terraform
from .rows import Row, show, write


def start_up_rows(_folder: Path) -> list[Row]:
    """What `groundwork --help` costs beside importing click alone."""
    groundwork = str(Path(sys.executable).with_name("groundwork"))
    value = processes.median_ratio([groundwork, "--help"], [sys.executable, "-c", "import click"])
    return [Row("groundwork --help ÷ python -c 'import click'", value, at_most=1.5, note="median of 15 pairs")]


PARTS: dict[str, Callable[[Path], list[Row]]] = {
    "start": start_up_rows,
    "cloud": cloud.rows,
    "terraform": terraform.rows,
    "members": members.rows,
    "policy": policy.rows,
    "costs": costs.rows,
    "loop": loop.rows,
    "services": services.rows,
}


@click.command()
@click.argument("parts", nargs=-1, type=click.Choice(list(PARTS)))
def main(parts: Sequence[str]) -> None:
    """Measure the parts in turn, or those named; a failing one stops the run, since an incomplete table is useless."""
    with tempfile.TemporaryDirectory(prefix="groundwork-bench-") as folder:
        rows = [row for part in parts or PARTS for row in PARTS[part](Path(folder))]
    show(rows, Console(width=160 if not sys.stdout.isatty() else None))
    if path := os.environ.get("BENCH_JSON"):
        write(rows, Path(path))


if __name__ == "__main__":
    main()
