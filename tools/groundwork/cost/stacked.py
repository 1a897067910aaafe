"""The stacked chart of daily spending, with its legend and a table of the figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from html import escape
from typing import Any

from groundwork.cost import axes
from groundwork.cost.amounts import ZERO, as_money, exact, total
from groundwork.cost.report import GROUPINGS, CostReport

MOST = 5
OTHERS = "others"


@dataclass(frozen=True, slots=True)
class Stack:
    """Names, the most expensive first, and for each day or week what each cost before promotional credits; `step` is 1 or 7 days."""

    grouping: str
    names: tuple[str, ...]
    columns: Mapping[date, Mapping[str, Decimal]]
    step: int


def stack(report: CostReport, grouping: str) -> Stack:
    """The costs by day and `grouping`; all but the five most expensive are summed up as others."""
    starts, step = axes.starts(report)
    name_by_key = {group.key: group.name for group in report.by(grouping)[:MOST]}
    key = GROUPINGS[grouping]
    columns: dict[date, dict[str, Decimal]] = {start: {} for start in starts}
    for line in report.lines:
        start = starts[(line.day - starts[0]).days // step]
        name = name_by_key.get(key(line)[0], OTHERS)
        columns[start][name] = total((columns[start].get(name, ZERO), line.before_promotion))
    others = any(OTHERS in column for column in columns.values())
    return Stack(grouping, (*name_by_key.values(), *([OTHERS] if others else [])), columns, step)


def as_data(found: Stack) -> list[dict[str, Any]]:
    """A row for each day or week and name, as `cost report --json` prints it."""
    return [
        {
            "from": start.isoformat(),
            "days": found.step,
            found.grouping: name,
            "before_promotional_credits": exact(column[name]),
        }
        for start, column in found.columns.items()
        for name in found.names
        if name in column
    ]


def drawn(found: Stack, currency: str, simulated: str) -> str:
    """Heading, legend, chart and table, as HTML."""
    word = "day" if found.step == 1 else "week"
    heights = (total(max(amount, ZERO) for amount in column.values()) for column in found.columns.values())
    most = max(heights, default=ZERO)
    wide = (axes.WIDTH - axes.LEFT) / len(found.columns)
    top = axes.marks(most)[-1]
    bars = "".join(_column(found, n, wide, top, currency) for n in range(len(found.columns)))
    key = "".join(
        f'<span><svg viewBox="0 0 32 16" aria-hidden="true"><rect class="s{n}" x="1" y="1" width="30" height="14"/></svg> {escape(name)}</span> '
        for n, name in enumerate(found.names)
    )
    title = f"By {word} and {found.grouping}{simulated}"
    label = f"{title}: stacked columns from {min(found.columns)} to {max(found.columns)}, at most {as_money(most, currency)}; the figures are in the table below"
    return (
        f'<h2>{title}</h2>\n<p class="key">{key}</p>\n<div class="scroll" tabindex="0" role="region" aria-label="{escape(title)}">'
        f'<svg class="days" viewBox="0 0 {axes.WIDTH} {axes.HEIGHT}" role="img" aria-label="{escape(label)}">'
        f"{axes.scale(top, currency)}{bars}{axes.dates(list(found.columns), wide)}</svg></div>\n{_table(found, currency, title)}"
    )


def _column(found: Stack, place: int, wide: float, top: Decimal, currency: str) -> str:
    start, column = list(found.columns.items())[place]
    floor, rects = float(axes.GROUND), []
    for n, name in enumerate(found.names):
        high = axes.share(max(column.get(name, ZERO), ZERO), top, axes.HIGH)
        floor -= high
        if high:
            x, width = axes.LEFT + place * wide + wide * 0.1, wide * 0.8
            title = escape(f"{start}, {name}: {as_money(column[name], currency)}")
            rects.append(
                f'<g class="stack"><title>{title}</title>'
                f'<rect class="s{n}" x="{x:.1f}" y="{floor:.1f}" width="{width:.1f}" height="{high:.1f}"/></g>'
            )
    return "".join(rects)


def _table(found: Stack, currency: str, title: str) -> str:
    heads = "".join(f'<th scope="col" class="number">{escape(name)}</th>' for name in found.names)
    rows = ""
    for start, column in found.columns.items():
        span = start.isoformat() if found.step == 1 else f"{start} to {start + timedelta(days=found.step - 1)}"
        amounts = (as_money(column.get(name, ZERO), currency) for name in found.names)
        cells = "".join(f'<td class="number">{escape(amount)}</td>' for amount in amounts)
        rows += f'<tr><th scope="row" class="day">{span}</th>{cells}</tr>'
    return (
        f'<details><summary>The figures</summary><div class="scroll" tabindex="0" role="region" aria-label="{escape(title)}, the figures">'
        f'<table><tr><th scope="col">{"day" if found.step == 1 else "week"}</th>{heads}</tr>{rows}</table></div></details>'
    )
