"""What was spent, for the report: by member and by service, and what is left of the credits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from groundwork.cost.amounts import as_money
from groundwork.cost.billing.loading import Labels
from groundwork.cost.report import UNLABELLED, CostGroup, CostReport, Period
from groundwork.cost.source import CostSource
from groundwork.cost.tables import day_words
from groundwork.environment.values import Environment
from groundwork.errors import GroundworkError, UsageProblem
from groundwork.report.initials import initials
from groundwork.report.section import Section

_AMOUNTS = ("before promotional credits", "promotional credits", "net")


def sections(environment: Environment, now: datetime, *, names: bool) -> tuple[Section, ...]:
    """The three sections about money; if there are no costs yet, the reason."""
    source = CostSource(environment, (), demo=False, labels=Labels())
    by_member = Section("spent_by_member", "Who used how many credits?", ("member", *_AMOUNTS))
    by_service = Section("spent_by_service", "Which service cost the most?", ("service", *_AMOUNTS))
    try:
        found = source.report(Period(), now)
    except UsageProblem as problem:
        spent = tuple(_with_note(section, problem.message) for section in (by_member, by_service))
    except GroundworkError as problem:
        spent = tuple(_unread(section, "costs", problem) for section in (by_member, by_service))
    else:
        first = found.by("service")[0]
        most = f"{first.name} cost the most, with {as_money(first.sums.before_promotion, found.currency)}."
        read_from = f"Read from {found.ledger.origin}, {found.period.words}."
        spent = (
            _filled(by_member, found, "member", (read_from, *found.warnings), names=names),
            _filled(by_service, found, "service", (most,), names=names),
        )
    return (*spent, _credits(source, now))


def _filled(section: Section, report: CostReport, grouping: str, notes: Sequence[str], *, names: bool) -> Section:
    rows = [_row(group, report.currency, label=grouping == "member" and not names) for group in report.by(grouping)]
    return replace(section, rows=tuple(rows), notes=tuple(notes))


def _row(group: CostGroup, currency: str, *, label: bool) -> tuple[str, ...]:
    """A row. A member without an address is a label's value, usually a person's name."""
    hide = label and group.name != UNLABELLED and "@" not in group.name
    name = initials([group.name])[group.name] if hide else group.name
    sums = group.sums
    return (name, *(as_money(amount, currency) for amount in (sums.before_promotion, sums.promotion, sums.net)))


def _credits(source: CostSource, now: datetime) -> Section:
    section = Section(
        "credits_left",
        "What is left of the credits?",
        ("member", "granted", "used", "left", "empty", "expires"),
    )
    try:
        balances, ledger = source.balances(now)
    except UsageProblem as problem:
        return _with_note(section, problem.message)
    except GroundworkError as problem:
        return _unread(section, "credits", problem)
    rows = tuple(
        (
            standing.grant.member,
            *(as_money(amount, balance.currency) for amount in (standing.grant.amount, standing.used, standing.left)),
            day_words(balance, standing, now.date()),
            standing.grant.expires.isoformat(),
        )
        for balance in balances
        for standing in balance.standings
    )
    notes = ("This is not an official balance: only Google's console has that.", *ledger.notes)
    return replace(section, rows=rows, notes=notes)


def _with_note(section: Section, note: str) -> Section:
    return replace(section, notes=(note,))


def _unread(section: Section, question: str, problem: GroundworkError) -> Section:
    return replace(section, unread={question: problem.message})
