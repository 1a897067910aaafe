"""Tables with aligned columns; in a pipe nothing is wrapped or cut off."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from groundwork.cli.printing import echo
from groundwork.display import on_one_line, screen, wide_of

if TYPE_CHECKING:
    from rich.table import Table

_PIPE = 1000
_BETWEEN = 2


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table of rows, with the columns' names, on standard output."""
    from rich.table import Table

    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*map(on_one_line, row))
    show(table)


def show(table: Table) -> None:
    """Print a rich table, without a frame, on standard output; as paragraphs where the columns do not fit."""
    wide = wide_of(sys.stdout) or _PIPE
    columns = [[str(cell) for cell in (column.header, *column.cells)] for column in table.columns]
    if table.title:
        screen(width=wide).print(table.title, style="bold", soft_wrap=True)
        table.title = None
    widths = _widths(columns if table.show_header else [cells[1:] for cells in columns], wide)
    if not widths:
        echo("\n".join(_paragraphs(columns)))
        return
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
    screen(width=wide).print(table)


def _widths(columns: Sequence[Sequence[str]], wide: int) -> list[int]:
    """Column widths at which the table fits and no word is broken; empty if there are none."""
    widths = [max(map(len, cells), default=0) for cells in columns]
    least = [max(len(word) for cell in cells for word in cell.split() or [""]) for cells in columns]
    room = wide - _BETWEEN * (len(columns) - 1)
    if sum(least) > room:
        return []
    while sum(widths) > room:
        at = max((at for at, width in enumerate(widths) if width > least[at]), key=lambda at: widths[at])
        widths[at] -= 1
    return widths


def _paragraphs(columns: Sequence[Sequence[str]]) -> Iterator[str]:
    """Each row as its first cell, with the other cells below it, each after its column's name."""
    names, *rows = zip(*columns, strict=True)
    before = max(map(len, names[1:]), default=0)
    for first, *others in rows:
        yield f"{names[0]} {first}"
        yield from (f"  {name:<{before}}  {cell}" for name, cell in zip(names[1:], others, strict=True) if cell)
