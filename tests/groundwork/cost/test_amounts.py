"""Amounts: computed exactly, shown in cents."""

from decimal import Decimal

import pytest
from groundwork.cost.amounts import as_money, cents, decimal, exact


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("1.005", "$1.01"),
        ("-1.005", "-$1.01"),
        ("0", "$0.00"),
        ("-0.00", "$0.00"),
        ("0.004", "<$0.01"),
        ("-0.004", "-<$0.01"),
        ("1234567.891", "$1,234,567.89"),
    ],
)
def test_a_person_reads_cents_and_sees_when_it_is_less_than_one(amount, text):
    assert as_money(Decimal(amount)) == text


def test_other_currencies_keep_their_code_where_the_sign_would_be_ambiguous():
    assert as_money(Decimal("12.5"), "DKK") == "12.50 DKK"
    assert as_money(Decimal("12.5"), "EUR") == "€12.50"
    assert as_money(Decimal("12.5"), "AUD") == "12.50 AUD"


def test_a_difference_is_shown_with_its_sign():
    assert as_money(Decimal("0.62"), signed=True) == "+$0.62"
    assert as_money(Decimal(0), signed=True) == "$0.00"


@pytest.mark.parametrize(
    ("amount", "text"),
    [("12.5", "12.50"), ("1E-7", "0.0000001"), ("0E-18", "0.00"), ("-0.10", "-0.10"), ("100", "100.00")],
)
def test_exact_keeps_every_digit_in_plain_notation(amount, text):
    assert exact(Decimal(amount)) == text


def test_half_a_cent_is_rounded_away_from_zero_as_on_invoices():
    assert [cents(Decimal(text)) for text in ("0.005", "0.015", "-0.005")] == [
        Decimal("0.01"),
        Decimal("0.02"),
        Decimal("-0.01"),
    ]


@pytest.mark.parametrize("text", ["", "abc", "NaN", "inf", "1,5", None])
def test_text_that_is_not_a_number_is_none(text):
    assert decimal(text) is None
