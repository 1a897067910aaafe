"""The cost page: costs by day, service, component and member, and the remaining credits, as one HTML file without any network requests.

What credits paid is hatched and what was paid in money is solid, every bar has its figure in a table beside it, and
nothing depends on colour alone. The page follows the reader's choice of light or dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from html import escape

from groundwork.cost import against as comparison
from groundwork.cost import axes, burndown, stacked
from groundwork.cost.against import SpendComparison
from groundwork.cost.amounts import ZERO, as_money
from groundwork.cost.credits import HOW, CreditBalance, GrantBalance
from groundwork.cost.report import CostGroup, CostReport, Sums, groupings
from groundwork.cost.tables import balance_sentence, day_words

LIGHT = {
    "paper": "#ffffff",
    "ink": "#1b1b1f",
    "soft": "#55555f",
    "line": "#c9c9d1",
    "bar": "#0b57d0",
    "wash": "#dbe6fb",
    "s0": "#0b57d0",
    "s1": "#b3261e",
    "s2": "#5f8f00",
    "s3": "#8e4ec6",
    "s4": "#9a6700",
    "s5": "#6f7480",
}
DARK = {
    "paper": "#16171b",
    "ink": "#ececf1",
    "soft": "#b4b4bf",
    "line": "#46474f",
    "bar": "#8ab4ff",
    "wash": "#24344f",
    "s0": "#8ab4ff",
    "s1": "#ff8a80",
    "s2": "#a5d65c",
    "s3": "#cfa8ff",
    "s4": "#ffcc66",
    "s5": "#9aa0ac",
}

_STYLE = """
:root { color-scheme: light dark; %(light)s }
@media (prefers-color-scheme: dark) { :root { %(dark)s } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 64rem; background: var(--paper); color: var(--ink);
  font: 16px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p { margin: .25rem 0; } .soft { color: var(--soft); }
.warning { border: 2px solid var(--ink); padding: .5rem .75rem; margin: .75rem 0; font-weight: 600; }
.figures { display: flex; flex-wrap: wrap; gap: .5rem 2rem; margin: 1rem 0; padding: 0; list-style: none; }
.figures strong { display: block; font-size: 1.35rem; }
table { border-collapse: collapse; width: 100%%; }
th, td { text-align: left; padding: .3rem .5rem; border-bottom: 1px solid var(--line); vertical-align: middle; }
th { font-weight: 600; } td.number, th.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
th[scope=row] { font-weight: 500; width: 45%%; min-width: 7rem; overflow-wrap: anywhere; } th.day { width: auto; } .day { white-space: nowrap; }
figure { margin: 1rem 0; } summary { cursor: pointer; } .scroll:focus-visible, summary:focus-visible { outline: 3px solid var(--bar); outline-offset: 2px; }
.s0 { fill: var(--s0); } .s1 { fill: var(--s1); } .s2 { fill: var(--s2); } .s3 { fill: var(--s3); } .s4 { fill: var(--s4); } .s5 { fill: var(--s5); }
:is(.s0, .s1, .s2, .s3, .s4, .s5) { stroke: var(--paper); stroke-width: 1; } .cone { fill: var(--wash); stroke: none; }
.left, .ahead { fill: none; stroke: var(--bar); stroke-width: 2.5; } .ahead { stroke-dasharray: 6 5; }
.days { min-width: 40rem; }
svg { display: block; width: 100%%; height: auto; } svg text { fill: var(--soft); font-size: 12px; }
.key { display: flex; gap: 1.5rem; flex-wrap: wrap; margin: .25rem 0 .5rem; } .key svg { display: inline; width: 2rem; height: 1rem; vertical-align: -2px; }
.money { fill: var(--bar); stroke: var(--bar); } .credit { fill: url(#hatch); stroke: var(--bar); }
.open { stroke-dasharray: 4 3; } .rule { stroke: var(--line); } .hatch { stroke: var(--bar); stroke-width: 2; }
.ground { fill: var(--wash); }
@media (max-width: 40rem) { body { padding: .75rem; } .key { gap: .1rem 1.5rem; }
  .bars, .bars tbody { display: block; } .bars tr { display: flex; flex-wrap: wrap; border-bottom: 1px solid var(--line); padding: .3rem 0; }
  .bars :is(th, td) { border: 0; padding: .1rem 0; flex: 1 1 0; } .bars tr > :first-child { flex: 1 0 100%%; } .bars :is(.number, .day) { white-space: normal; text-align: left; } }
.scroll { overflow-x: auto; }
"""
_HATCH = (
    '<svg width="0" height="0" style="position:absolute" aria-hidden="true"><defs>'
    '<pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect class="ground" width="6" height="6"/><line class="hatch" x1="0" y1="0" x2="0" y2="6"/></pattern></defs></svg>'
)


def page(
    report: CostReport, balances: Sequence[CreditBalance], now: datetime, estimated: SpendComparison | None = None
) -> str:
    """The whole page for a report and its credits, with a comparison with the estimate where `estimated` is given."""
    simulated = " (simulated)" if report.ledger.simulated else ""
    parts = [_head(report, simulated), _figures(report)]
    if "day" in groupings(report):
        parts += [_days(report, simulated)]
        parts += [
            stacked.drawn(stacked.stack(report, name), report.currency, simulated) for name in ("member", "service")
        ]
    parts += [_bars(report, name, simulated) for name in ("service", "component", "member")]
    parts += [comparison.drawn(estimated, report.currency, simulated)] if estimated else []
    parts += [_credits(report, balances, now.date(), simulated)] if balances else []
    return _document(f"Costs{simulated}", "\n".join(parts), now)


def _document(title: str, body: str, now: datetime) -> str:
    style = _STYLE % {"light": _variables(LIGHT), "dark": _variables(DARK)}
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n{_HATCH}\n{body}\n"
        f'<p class="soft">Written by groundwork on {now:%Y-%m-%d %H:%M} UTC.</p>\n</body>\n</html>\n'
    )


def _variables(colours: dict[str, str]) -> str:
    return " ".join(f"--{name}: {colour};" for name, colour in colours.items())


def _head(report: CostReport, simulated: str) -> str:
    as_of = report.ledger.as_of
    when = f"As of {as_of:%Y-%m-%d %H:%M} UTC." if as_of else "The export does not say when it was made."
    dearest = report.by("service")[0]
    most = f"{dearest.name} is the most expensive service, with {as_money(dearest.sums.before_promotion, report.currency)} before promotional credits."
    warnings = "".join(f'<p class="warning">{escape(warning)}</p>' for warning in report.warnings)
    return (
        f'<h1>Costs{simulated}</h1>\n<p class="soft">{escape(report.ledger.origin)}, {escape(report.period.words)}, in {escape(report.currency)}. {when}</p>\n'
        f"<p>{escape(most)}</p>{warnings}"
    )


def _figures(report: CostReport) -> str:
    sums = report.sums
    figures = (
        ("gross", sums.gross),
        ("free tier and discounts", sums.other_credits),
        ("before promotional credits", sums.before_promotion),
        ("promotional credits", sums.promotion),
        ("net", sums.net),
    )
    items = "".join(
        f"<li>{name}<strong>{escape(as_money(amount, report.currency))}</strong></li>" for name, amount in figures
    )
    return f'<ul class="figures">{items}</ul>\n{_key()}'


def _key() -> str:
    def sample(name: str) -> str:
        return f'<svg viewBox="0 0 32 16" aria-hidden="true"><rect class="{name}" x="1" y="1" width="30" height="14"/></svg>'

    return (
        f'<p class="key"><span>{sample("money")} paid in money (net)</span> <span>{sample("credit")} paid by promotional credits</span> '
        f"<span>{sample('credit open')} dashed outline: lines may still come</span></p>"
    )


@dataclass(frozen=True, slots=True)
class _Parts:
    """The two parts of a bar, neither negative: what was paid in money, and what credits paid."""

    money: Decimal
    credit: Decimal


def _parts(sums: Sums) -> _Parts:
    whole = max(sums.before_promotion, ZERO)
    credit = min(max(-sums.promotion, ZERO), whole)
    return _Parts(whole - credit, credit)


def _bars(report: CostReport, grouping: str, simulated: str) -> str:
    groups = report.by(grouping)
    most = max((group.sums.before_promotion for group in groups), default=ZERO)
    rows = "\n".join(_bar_row(group, most, report.currency) for group in groups)
    return (
        f'<h2>By {grouping}{simulated}</h2>\n<div class="scroll" tabindex="0" role="region" aria-label="By {grouping}"><table class="bars">\n<tr><th scope="col">{grouping}</th>'
        '<th scope="col" class="number">before credits</th><th scope="col" class="number">credits</th><th scope="col" class="number">net</th></tr>\n'
        f"{rows}\n</table></div>"
    )


def _bar_row(group: CostGroup, most: Decimal, currency: str) -> str:
    sums = group.sums
    numbers = "".join(
        f'<td class="number">{escape(as_money(amount, currency))}</td>'
        for amount in (sums.before_promotion, sums.promotion, sums.net)
    )
    return f'<tr><th scope="row">{escape(group.name)}{_bar(_parts(sums), most)}</th>{numbers}</tr>'


def _bar(parts: _Parts, most: Decimal) -> str:
    money = axes.share(parts.money, most, 300)
    credit = axes.share(parts.credit, most, 300)
    return (
        '<svg viewBox="0 0 302 18" aria-hidden="true">'
        + (f'<rect class="money" x="1" y="2" width="{money:.1f}" height="14"/>' if parts.money else "")
        + (f'<rect class="credit" x="{1 + money:.1f}" y="2" width="{credit:.1f}" height="14"/>' if parts.credit else "")
        + "</svg>"
    )


@dataclass(frozen=True, slots=True)
class _Column:
    """A day, or a week where there are many days, with its sums."""

    start: date
    sums: Sums
    unfinished: bool


def _days(report: CostReport, simulated: str) -> str:
    columns, step = _columns(report)
    most = max((column.sums.before_promotion for column in columns), default=ZERO)
    wide = (axes.WIDTH - axes.LEFT) / len(columns)
    top = axes.marks(most)[-1]
    drawn = "".join(_column(column, n, wide, top, report.currency) for n, column in enumerate(columns))
    word = "day" if step == 1 else "week"
    label = f"Cost before promotional credits by {word}, {columns[0].start} to {columns[-1].start}, at most {as_money(most, report.currency)}"
    return (
        f'<h2>By {word}{simulated}</h2>\n<div class="scroll" tabindex="0" role="region" aria-label="By {word}"><svg class="days" viewBox="0 0 {axes.WIDTH} {axes.HEIGHT}" role="img" aria-label="{escape(label)}">'
        f"{axes.scale(top, report.currency)}{drawn}{axes.dates([column.start for column in columns], wide)}</svg></div>"
    )


def _columns(report: CostReport) -> tuple[list[_Column], int]:
    """The columns, and the days per column."""
    sums = {date.fromisoformat(group.key): group.sums for group in report.by("day")}
    starts, step = axes.starts(report)
    columns = []
    for start in starts:
        days = [sums[day] for day in (start + timedelta(days=n) for n in range(step)) if day in sums]
        columns.append(_Column(start, _added(days), report.unfinished(start + timedelta(days=step - 1))))
    return columns, step


def _added(days: Sequence[Sums]) -> Sums:
    return Sums(
        gross=sum((sums.gross for sums in days), ZERO),
        other_credits=sum((sums.other_credits for sums in days), ZERO),
        promotion=sum((sums.promotion for sums in days), ZERO),
    )


def _column(column: _Column, place: int, wide: float, top: Decimal, currency: str) -> str:
    parts, ground, high = _parts(column.sums), axes.GROUND, axes.HIGH
    money, credit = axes.share(parts.money, top, high), axes.share(parts.credit, top, high)
    x, width = axes.LEFT + place * wide + wide * 0.1, wide * 0.8
    outline = " open" if column.unfinished else ""
    title = f"{column.start}: {as_money(column.sums.before_promotion, currency)}, of which credits paid {as_money(parts.credit, currency)}"
    title += ", lines may still come" if column.unfinished else ""
    return (
        f"<g><title>{escape(title)}</title>"
        f'<rect class="money{outline}" x="{x:.1f}" y="{ground - money:.1f}" width="{width:.1f}" height="{money:.1f}"/>'
        f'<rect class="credit{outline}" x="{x:.1f}" y="{ground - money - credit:.1f}" width="{width:.1f}" height="{credit:.1f}"/></g>'
    )


def _credits(report: CostReport, balances: Sequence[CreditBalance], today: date, simulated: str) -> str:
    rows = "\n".join(_grant_row(balance, standing, today) for balance in balances for standing in balance.standings)
    figures = "".join(
        burndown.drawn(
            burndown.burndown(balance, report.ledger, today),
            today,
            balance_sentence(balance),
            f"{', '.join(dict.fromkeys(one.grant.member for one in balance.standings))}: what is left",
        )
        for balance in balances
    )
    return (
        f'<h2>Credits left on {today}{simulated}</h2>\n<div class="scroll" tabindex="0" role="region" aria-label="Credits left"><table class="bars">\n<tr><th scope="col">member</th>'
        '<th scope="col" class="number">granted</th><th scope="col" class="number">left</th><th scope="col">empty</th><th scope="col">expires</th></tr>\n'
        f'{rows}\n</table></div>\n{figures}<p class="soft">{escape(HOW)}</p>'
    )


def _grant_row(balance: CreditBalance, standing: GrantBalance, today: date) -> str:
    grant = standing.grant
    left = axes.share(standing.left, grant.amount, 300)
    bar = (
        '<svg viewBox="0 0 302 18" aria-hidden="true"><rect class="money" fill-opacity="0" x="1" y="2" width="300" height="14"/>'
        f'<rect class="credit" x="1" y="2" width="{left:.1f}" height="14"/></svg>'
    )
    empty = standing.empty
    words = f'<span class="day">{escape(day_words(balance, standing, today))}</span>'
    if empty.soonest and standing.left:
        words += f'<br><span class="day soft">{empty.soonest} to {empty.latest or "expiry"}</span>'
    return (
        f'<tr><th scope="row">{escape(grant.member)}{bar}</th>'
        f'<td class="number">{escape(as_money(grant.amount, balance.currency))}</td>'
        f'<td class="number">{escape(as_money(standing.left, balance.currency))}</td>'
        f'<td>{words}</td><td class="day">{grant.expires}</td></tr>'
    )
