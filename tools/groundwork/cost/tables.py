"""Estimates, reports and credits as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from rich.table import Table
from rich.text import Text

from groundwork.cost import bars
from groundwork.cost import credits as balance_words
from groundwork.cost.amounts import as_money, as_quantity, total
from groundwork.cost.assumptions import DEFAULTS
from groundwork.cost.billing.ledger import Ledger
from groundwork.cost.credits import CreditBalance, GrantBalance
from groundwork.cost.estimate import Component, Estimate, Kind, sentence
from groundwork.cost.report import CostReport, groupings

HEADINGS: dict[Kind, str] = {
    "fixed": "Fixed: charged as long as the resource exists",
    "usage": "By usage: from the assumptions below",
    "free": "Free",
    "unpriced": "Unpriced: not included in the total",
}
Shown = Table | Text


def _table(title: str, *names: str, numbers: int = 0) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for place, name in enumerate(names):
        table.add_column(name, justify="right" if place >= len(names) - numbers else "left", overflow="fold")
    return table


def of_estimate(estimate: Estimate, today: date) -> Iterator[Shown]:
    """An estimate in full, as tables and sentences."""
    for kind in ("fixed", "usage"):
        if estimate.after.of(kind):
            yield _charged(HEADINGS[kind], estimate.after.of(kind))
    if estimate.after.free_tiers:
        yield _free_tiers(estimate)
    if estimate.after.of("unpriced"):
        yield _reasons(estimate.after.of("unpriced"))
    if estimate.after.of("free"):
        yield _free(estimate.after.of("free"))
    if any(row.action != "keep" for row in estimate.rows):
        yield _changes(estimate)
    if estimate.assumed:
        yield _assumptions(estimate)
    yield Text(_sources(estimate))
    yield Text(sentence(estimate, today))


def _charged(title: str, parts: Sequence[Component]) -> Table:
    table = _table(title, "resource", "what", "quantity", "a month", numbers=2)
    for part in parts:
        unit = part.price.unit if part.price else ""
        table.add_row(part.address, part.part, as_quantity(part.quantity, unit), as_money(part.monthly))
    table.add_row("total", "", "", as_money(total(part.monthly for part in parts)), style="bold")
    return table


def _free_tiers(estimate: Estimate) -> Table:
    table = _table("Free tiers: once for the whole billing account", "pool", "a month", numbers=1)
    for tier in estimate.after.free_tiers:
        table.add_row(tier.pool, as_money(-tier.off))
    return table


def _reasons(parts: Sequence[Component]) -> Table:
    table = _table(HEADINGS["unpriced"], "resource", "what", "why")
    for part in parts:
        table.add_row(part.address, part.part, part.why)
    return table


def _free(parts: Sequence[Component]) -> Table:
    table = _table(HEADINGS["free"], "why", "resources", numbers=1)
    for why in sorted({part.why for part in parts}):
        table.add_row(why, str(len({part.address for part in parts if part.why == why})))
    return table


def _changes(estimate: Estimate) -> Table:
    table = _table(
        "What the plan changes, at list prices", "resource", "action", "before", "after", "change", numbers=3
    )
    for row in estimate.rows:
        if row.action == "keep" or not (row.before or row.after):
            continue
        before, after = ("-" if side is None else as_money(side) for side in (row.before, row.after))
        table.add_row(row.address, row.action, before, after, as_money(row.delta, signed=True))
    table.add_row(
        "after free tiers",
        "",
        as_money(estimate.before.monthly),
        as_money(estimate.after.monthly),
        as_money(estimate.delta, signed=True),
        style="bold",
    )
    return table


def _assumptions(estimate: Estimate) -> Table:
    table = _table("Assumptions (cost.assumptions in the environment file)", "name", "value", "from", "meaning")
    for name in estimate.assumed:
        default = DEFAULTS[name]
        table.add_row(
            name,
            f"{estimate.assumptions.value(name):f} {default.unit}",
            estimate.assumptions.origin(name),
            default.meaning,
        )
        for own, number, origin in estimate.assumptions.own(name):
            table.add_row(f"  {own}", f"{number:f} {default.unit}", origin, f"only for {own}")
    return table


def _sources(estimate: Estimate) -> str:
    read = sorted({price.read for price in estimate.used})
    if not read:
        return "No price was needed."
    return f"{len(estimate.used)} list prices in US dollars, read {read[0]} to {read[-1]}; --json gives the source of each. A month has 730 hours."


def of_report(report: CostReport, only: Sequence[str]) -> Iterator[Shown]:
    """A report: totals, then the groupings in `only`, by default member, service, component and day."""
    yield _totals(report)
    wanted = only or [name for name in ("member", "service", "component", "day") if name in groupings(report)]
    for grouping in wanted:
        yield _groups(report, grouping)


def _totals(report: CostReport) -> Text:
    as_of = report.ledger.as_of
    when = f"as of {as_of:%Y-%m-%d %H:%M} UTC" if as_of else "export time not in this layout"
    sums = report.sums
    parts = {
        "gross": sums.gross,
        "credits of other kinds": sums.other_credits,
        "before promotional credits": sums.before_promotion,
        "promotional credits": sums.promotion,
        "net": sums.net,
    }
    lines = [f"Costs from {report.ledger.origin}, {report.period.words}, {when}"]
    lines += [f"  {part.file}: {part.layout}, {part.line_count:,} lines" for part in report.ledger.parts]
    lines.append(" · ".join(f"{name} {as_money(amount, report.currency)}" for name, amount in parts.items()))
    if report.late.line_count:
        lines.append(
            f"of which late: {report.late.line_count} lines, {as_money(report.late.before_promotion, report.currency)}, "
            "billed on a later invoice than that of their month"
        )
    return Text("\n".join(lines))


def _groups(report: CostReport, grouping: str) -> Table:
    title = f"By {grouping}" + (" (simulated)" if report.ledger.simulated else "")
    table = _table(title, grouping, "gross", "before promotional credits", "promotional credits", "net", numbers=4)
    for group in report.by(grouping):
        sums = group.sums
        amounts = (sums.gross, sums.before_promotion, sums.promotion, sums.net)
        is_open = grouping == "day" and report.unfinished(date.fromisoformat(group.key))
        name = f"{group.name} (unfinished)" if is_open else group.name
        table.add_row(name, *(as_money(amount, report.currency) for amount in amounts))
    return table


def of_credits(balances: Sequence[CreditBalance], ledger: Ledger, today: date) -> Iterator[Shown]:
    """Credits: a bar for each member, a table of grants, a sentence per balance, and how it was worked out."""
    title = f"Credits left on {today}" + (" (simulated)" if ledger.simulated else "")
    table = _table(title, "member", "granted", "used", "left", "expires", "empty", "between", numbers=0)
    for balance in balances:
        for standing in balance.standings:
            table.add_row(*_standing(balance, standing, today))
    yield Text("\n".join(bars.lines(bars.bars(balances, today))))
    yield table
    for balance in balances:
        yield Text(balance_sentence(balance))
    as_of = ledger.as_of
    yield Text(f"Costs as of {as_of:%Y-%m-%d %H:%M} UTC. {balance_words.HOW}" if as_of else balance_words.HOW)


def _standing(balance: CreditBalance, standing: GrantBalance, today: date) -> Sequence[str]:
    grant, empty = standing.grant, standing.empty
    fate = day_words(balance, standing, today)
    between = (
        f"{_day(empty.soonest, grant.expires)} to {_day(empty.latest, grant.expires)}"
        if balance.burn.mean and standing.left
        else "-"
    )
    return (
        grant.member,
        as_money(grant.amount, balance.currency),
        as_money(standing.used, balance.currency),
        as_money(standing.left, balance.currency),
        grant.expires.isoformat(),
        fate,
        between,
    )


def day_words(balance: CreditBalance, standing: GrantBalance, today: date) -> str:
    """When a grant of a balance will be empty, in words."""
    if standing.expired(today):
        return "expired"
    if not standing.left:
        return "used up"
    if balance.burn.mean is None:
        return "not known yet"
    return standing.empty.likely.isoformat() if standing.empty.likely else "not before it expires"


def _day(day: date | None, expires: date) -> str:
    return day.isoformat() if day else f"{expires} (expiry)"


def balance_sentence(balance: CreditBalance) -> str:
    """What is left of a balance and when it ends, in one sentence."""
    burn, left = balance.burn, as_money(balance.left, balance.currency)
    over = (
        f" {as_money(balance.over, balance.currency)} more was used than all entered grants provide: one is missing."
        if balance.over
        else ""
    )
    if burn.mean is None:
        return f"{balance.whose}: {left} left; {burn.days} complete days are too few to predict when it ends.{over}"
    if not balance.left:
        return f"{balance.whose}: nothing left.{over}"
    end = balance.end
    pace = f"{as_money(burn.mean, balance.currency)} a day ({as_money(burn.slow or burn.mean, balance.currency)} to {as_money(burn.fast or burn.mean, balance.currency)})"
    between = f", between {end.soonest} and {end.latest}" if end.soonest != end.latest else ""
    return f"{balance.whose}: {left} left at {pace}, the last credit ends on {end.likely}{between}.{over}"
