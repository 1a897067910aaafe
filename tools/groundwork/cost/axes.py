"""What the cost charts share: size, time steps, scale and date labels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from html import escape

from groundwork.cost.amounts import ZERO, mark
from groundwork.cost.report import CostReport

MOST_COLUMNS = 92
WIDTH, HEIGHT, LEFT, FLOOR = 960, 240, 70, 30
GROUND, HIGH = HEIGHT - FLOOR, HEIGHT - FLOOR - 15


def share(amount: Decimal, most: Decimal, length: float) -> float:
    """The length at which to draw an amount, where `most` is drawn at `length`."""
    return float(amount / most) * length if most > 0 else 0.0


def starts(report: CostReport) -> tuple[list[date], int]:
    """The first day of each column, and the days per column: 1, or 7 where single days would be too many columns."""
    days = [date.fromisoformat(group.key) for group in report.by("day")]
    first, last = min(days), max(days)
    step = 1 if (last - first).days < MOST_COLUMNS else 7
    return [first + timedelta(days=n) for n in range(0, (last - first).days + 1, step)], step


def marks(most: Decimal) -> list[Decimal]:
    """Round amounts from 0 to the first that is not below `most`: multiples of 1, 2 or 5 of some unit, at most six."""
    if most <= 0:
        return [ZERO]
    unit = Decimal(1).scaleb(most.adjusted() - 1)
    step = next(unit * times for times in (1, 2, 5, 10, 20, 50) if most <= unit * times * 5)
    return [step * n for n in range(math.ceil(most / step) + 1)]


def scale(most: Decimal, currency: str) -> str:
    """A horizontal line with its amount at each mark, as SVG; `most` is the last of them."""
    lines = []
    for amount in marks(most):
        y = GROUND - share(amount, most, HIGH)
        lines.append(
            f'<line class="rule" x1="{LEFT}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{escape(mark(amount, currency))}</text>'
        )
    return "".join(lines)


def dates(columns: Sequence[date], wide: float) -> str:
    """The dates below the columns, as many as fit, as SVG."""
    every = max(1, round(90 / wide))
    return "".join(
        f'<text x="{LEFT + (n + 0.5) * wide:.1f}" y="{HEIGHT - 8}" text-anchor="middle">{start.day} {start:%b}</text>'
        for n, start in enumerate(columns)
        if n % every == 0
    )
