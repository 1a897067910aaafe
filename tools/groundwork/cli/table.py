"""Lists as tables: aligned columns on a terminal and in a pipe, cut nowhere in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from groundwork.display import screen

_PIPE = 1000


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows below the names of their columns on standard output."""
    from rich.table import Table

    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    screen(width=None if sys.stdout.isatty() else _PIPE).print(table)
