"""Credit grants in the environment file: parsed, validated, entered, and corrected by the console's balance; comments are kept."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from groundwork.cost.amounts import as_money, decimal
from groundwork.environment import editing
from groundwork.errors import UsageProblem

MOST = Decimal(10**9)
"""The largest amount that is accepted; anything above is a typing error."""


@dataclass(frozen=True, slots=True)
class Checked:
    """The balance that the console showed on a day; counting continues from there."""

    left: Decimal
    day: date


@dataclass(frozen=True, slots=True)
class CreditGrant:
    """A member's credits: `amount`, valid from `start` until the day before `expires`, on billing account `account` ("" for none)."""

    member: str
    amount: Decimal
    start: date
    expires: date
    currency: str = "USD"
    account: str = ""
    checked: Checked | None = None

    @property
    def counted_from(self) -> date:
        """The day from which use is subtracted from `opening`."""
        return self.checked.day if self.checked else self.start

    @property
    def opening(self) -> Decimal:
        """The balance on the day `counted_from`."""
        return self.checked.left if self.checked else self.amount

    @property
    def words(self) -> str:
        """The grant in words, for use in a sentence."""
        return f"{self.member}'s {as_money(self.amount, self.currency)} of {self.start}"


def parse(section: Sequence[Mapping[str, Any]] | None) -> tuple[CreditGrant, ...]:
    """The `cost.grants` of an environment file. Raises UsageProblem naming the invalid entry."""
    return tuple(_grant(entry, f"cost.grants.{index}") for index, entry in enumerate(section or ()))


def _grant(entry: Mapping[str, Any], where: str) -> CreditGrant:
    checked = entry.get("checked")
    return sound(
        CreditGrant(
            member=str(entry["member"]),
            amount=amount(entry["amount"], f"{where}.amount"),
            start=day(entry["start"], f"{where}.start"),
            expires=day(entry["expires"], f"{where}.expires"),
            currency=str(entry.get("currency", "USD")),
            account=str(entry.get("billing_account", "")),
            checked=Checked(
                amount(checked["left"], f"{where}.checked.left", least=Decimal(0)),
                day(checked["day"], f"{where}.checked.day"),
            )
            if checked
            else None,
        ),
        where,
    )


def amount(value: object, where: str, least: Decimal | None = None) -> Decimal:
    """Parse an amount of money. Raises UsageProblem unless it is a number above 0, or of at least `least` where that is given."""
    found = None if isinstance(value, bool) else decimal(value)
    if found is None or found > MOST or (found < least if least is not None else found <= 0):
        limit = "of at least 0" if least is not None else "above 0"
        raise UsageProblem(f"{where} is {value}, which is not an amount {limit}; write it as 50 or 49.90.")
    return found


def looked(left: str, on: str | None, today: date) -> Checked:
    """The console's balance as typed by the user, today unless `on` gives a day. Raises UsageProblem for a day in the future."""
    seen = Checked(amount(left, "--left", least=Decimal(0)), day(on, "--on") if on else today)
    if seen.day > today:
        raise UsageProblem(f"--on {seen.day} is in the future; give the day on which the console showed this.")
    return seen


def day(value: object, where: str) -> date:
    """Parse a day. Raises UsageProblem when it is not one."""
    try:
        return value if isinstance(value, date) else date.fromisoformat(str(value))
    except ValueError as problem:
        raise UsageProblem(f"{where} is {value}, which is not a day; write it as 2026-10-31.") from problem


def sound(grant: CreditGrant, where: str) -> CreditGrant:
    """Return the grant unchanged. Raises UsageProblem when its days, amount and check contradict each other."""
    if grant.expires <= grant.start:
        raise UsageProblem(f"{where}: {grant.words} expires on {grant.expires}, which is not after its start.")
    if grant.checked and not grant.start <= grant.checked.day <= grant.expires:
        raise UsageProblem(f"{where}: {grant.words} was checked on {grant.checked.day}, when it was not valid.")
    if grant.checked and grant.checked.left > grant.amount:
        raise UsageProblem(
            f"{where}: {grant.words} cannot have {as_money(grant.checked.left, grant.currency)} left, more than was granted."
        )
    return grant


def entered(members: Sequence[str], member: str, typed: Mapping[str, str]) -> CreditGrant:
    """A grant from the user's input: amount, currency, start, expires, billing_account.

    Raises UsageProblem for somebody who is not a member of the environment, and for invalid values.
    """
    if member not in members:
        known = ", ".join(members) or "none"
        raise UsageProblem(f"{member} is not a member of this environment; members are: {known}.")
    if not re.fullmatch("[A-Z]{3}", typed["currency"]):
        raise UsageProblem(f"--currency {typed['currency']} is not three capital letters such as USD.")
    account = typed["billing_account"]
    if account and not re.fullmatch("[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}", account):
        raise UsageProblem(f"--billing-account {account} is not an id such as 012345-6789AB-CDEF01.")
    return sound(
        CreditGrant(
            member=member,
            amount=amount(typed["amount"], "--amount"),
            start=day(typed["start"], "--start"),
            expires=day(typed["expires"], "--expires"),
            currency=typed["currency"],
            account=account,
        ),
        "credits",
    )


def add(path: Path, grant: CreditGrant) -> bool:
    """Add a grant to the environment file at `path`; False when it is there already.

    Safe with several processes at once; comments and order are kept.
    """

    def append(document: CommentedMap) -> bool:
        entries = _section(document)
        if any(parse([entry])[0] == grant for entry in entries):
            return False
        entries.append(_entry(grant))
        return True

    return editing.edit(path, append)


def check(path: Path, member: str, seen: Checked, start: date | None = None) -> CreditGrant:
    """Record the balance that the console shows for a member's grant; returns the updated grant.

    Raises UsageProblem when the member has no grant on that day, or several and `start` does not select one.
    """
    found: list[CreditGrant] = []

    def record(document: CommentedMap) -> bool:
        entries = _section(document)
        grants = [parse([entry])[0] for entry in entries]
        index = _which(grants, member, seen.day, start)
        entries[index]["checked"] = editing.inline({"left": _number(seen.left), "day": seen.day.isoformat()})
        found.append(sound(parse([entries[index]])[0], f"cost.grants.{index}"))
        return True

    editing.edit(path, record)
    return found[0]


def _which(grants: Sequence[CreditGrant], member: str, on: date, start: date | None) -> int:
    fitting = [
        index
        for index, grant in enumerate(grants)
        if grant.member == member and (grant.start == start if start else grant.start <= on <= grant.expires)
    ]
    if not fitting:
        known = ", ".join(grant.words for grant in grants) or "none"
        raise UsageProblem(
            f"{member} has no grant on {on}; grants are: {known}. Enter it with `groundwork cost credits add`."
        )
    if len(fitting) > 1:
        raise UsageProblem(f"{member} has {len(fitting)} grants on {on}; say which with --start.")
    return fitting[0]


def _section(document: CommentedMap) -> CommentedSeq:
    cost = document.get("cost")
    if not cost:
        cost = document["cost"] = CommentedMap()
    grants = cost.get("grants")
    if not grants:
        grants = cost["grants"] = CommentedSeq()
        cost.fa.set_block_style()
    return grants  # type: ignore[no-any-return]


def _entry(grant: CreditGrant) -> CommentedMap:
    fields: dict[str, Any] = {"member": grant.member, "amount": _number(grant.amount), "currency": grant.currency}
    fields |= {"start": grant.start.isoformat(), "expires": grant.expires.isoformat()}
    fields |= {"billing_account": grant.account} if grant.account else {}
    return editing.inline(fields)


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)
