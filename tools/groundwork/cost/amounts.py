"""Amounts of money: exact decimals inside, rounded to cents only where a person reads them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from functools import reduce

from groundwork.text import plural

ZERO = Decimal(0)

_WIDE = Context(
    prec=100
)  # Python's default of 28 digits would round the engines' sums, which have up to 38 on each side of the point
_CENT = Decimal("0.01")
_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£"}


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The exact sum."""
    return reduce(_WIDE.add, amounts, ZERO)


def cents(amount: Decimal) -> Decimal:
    """`amount` rounded to the cent, half away from zero as invoices are."""
    rounded = amount.quantize(_CENT, ROUND_HALF_UP)
    return ZERO.quantize(_CENT) if rounded == 0 else rounded


def exact(amount: Decimal) -> str:
    """All digits, in plain notation and with at least two decimals: 12.5 is "12.50", 1E-7 is "0.0000001"."""
    digits = f"{amount:f}"
    if "." in digits:
        digits = digits.rstrip("0")
    whole, _, fraction = digits.partition(".")
    return f"{'0' if whole == '-0' and not fraction else whole}.{fraction.ljust(2, '0')}"


def as_quantity(quantity: Decimal, unit: str) -> str:
    """A quantity with its unit: "200 minutes", "0.1 GiB-month"; a unit that is not a single plain word has no plural."""
    number = f"{quantity:,.2f}".rstrip("0").rstrip(".")
    plain = unit.isalpha() and unit.islower()
    return f"{number} {plural(unit) if plain and quantity != 1 else unit}".rstrip()


def as_money(amount: Decimal, currency: str = "USD", signed: bool = False) -> str:
    """The amount for people: $1.20, -$0.05, 1.20 DKK; <$0.01 for anything under half a cent but not zero."""
    if amount != 0 and cents(amount) == 0:
        return f"{'-' if amount < 0 else ''}<{_with_unit('0.01', currency)}"
    sign = "-" if cents(amount) < 0 else "+" if signed and amount > 0 else ""
    return sign + _with_unit(f"{abs(cents(amount)):,}", currency)


def mark(amount: Decimal, currency: str = "USD") -> str:
    """The amount at a mark of an axis, which is round, with all its digits: $0, $20, $0.50, $0.002."""
    return _with_unit(f"{amount:,.0f}" if amount == amount.to_integral_value() else exact(amount), currency)


def _with_unit(digits: str, currency: str) -> str:
    symbol = _SYMBOLS.get(currency)
    return f"{symbol}{digits}" if symbol else f"{digits} {currency}"


def decimal(text: object) -> Decimal | None:
    """The finite number that `text` spells, or None; parsed without going through a float."""
    try:
        number = Decimal(str(text).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
