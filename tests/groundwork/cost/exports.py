"""Billing exports made by arithmetic: the same rows on every machine, and their sums by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

START = datetime(2026, 9, 20, 7, tzinfo=UTC)
ACCOUNTS = ("0A0A0A-0B0B0B-0C0C0C", "1A1A1A-1B1B1B-1C1C1C")
MEMBERS = ("alice", "bob", "carol", None)
COMPONENTS = ("data", "training", None)
SERVICES = (
    ("6F81-5844-456A", "Compute Engine"),
    ("C7E2-9256-1C43", "Vertex AI"),
    ("152E-C115-5142", "Cloud Run"),
    ("95FF-2EF5-5EA1", "Cloud Storage"),
    ("149C-F9EC-3994", "Artifact Registry"),
)
DAYS = 45

Row = dict[str, Any]


def rows(count: int) -> Iterator[Row]:
    """`count` rows of the detailed export: usage, and every fiftieth or so a tax, adjustment or rounding row."""
    for number in range(count):
        yield _special(number) if number % 50 == 49 else _usage(number)


def _cost(number: int) -> Decimal:
    return Decimal((number * 7919 + 104729) % 1000003) / Decimal(10**8)


def _usage(number: int) -> Row:
    hour = number % (DAYS * 24)
    start = START + timedelta(hours=hour)
    late = number % 97 == 0
    cost = _cost(number)
    service = SERVICES[number % len(SERVICES)]
    return {
        "billing_account_id": ACCOUNTS[number % 7 == 0],
        "invoice": {"month": f"{_pacific(start) + timedelta(days=31 if late else 0):%Y%m}", "publisher_type": "GOOGLE"},
        "cost_type": "regular",
        "service": {"id": service[0], "description": service[1]},
        "sku": {"id": f"SKU-{number % 13}", "description": "something"},
        "usage_start_time": _time(start),
        "usage_end_time": _time(start + timedelta(hours=1)),
        "project": {"id": f"team-{number % 2}", "number": "1", "name": "Team", "labels": [], "ancestors": []},
        "labels": _labels(number),
        "cost": cost,
        "currency": "USD",
        "credits": _credits(number, cost),
        "export_time": _time(start + timedelta(hours=9 + (40 * 24 if late else 0))),
    }


def _labels(number: int) -> list[dict[str, str]]:
    member, component = MEMBERS[number % len(MEMBERS)], COMPONENTS[number % len(COMPONENTS)]
    labels = [{"key": "team", "value": "cats-dogs"}]
    labels += [{"key": "member", "value": member}] if member else []
    labels += [{"key": "component", "value": component}] if component else []
    return labels


def _credits(number: int, cost: Decimal) -> list[dict[str, Any]]:
    held = []
    if number % 3 == 0:
        held.append(_credit("FREE_TIER", -cost / 4, "Free tier"))
    if number % 5 == 0:
        held.append(_credit("SUSTAINED_USAGE_DISCOUNT", -cost / 8, "Sustained use"))
    if number % 4 != 1:
        held.append(_credit("PROMOTION", -cost / 2, "Education coupon"))
    if number % 11 == 0:
        held.append(_credit("PROMOTION", -cost / 16, "Free trial credit"))
    return held


def _credit(kind: str, amount: Decimal, name: str) -> dict[str, Any]:
    return {"name": name, "amount": amount, "full_name": name, "id": f"id of {name}", "type": kind}


def _special(number: int) -> Row:
    kind = ("tax", "adjustment", "rounding_error")[number // 50 % 3]
    row = _usage(number)
    sign = -1 if kind == "adjustment" else 1
    row |= {"cost_type": kind, "cost": sign * _cost(number), "labels": [], "credits": []}
    if kind == "tax":
        row |= {"project": None, "service": {"id": "", "description": "Invoice"}}
    return row


def _pacific(moment: datetime) -> datetime:
    return moment - timedelta(hours=7 if moment < datetime(2026, 11, 1, 9, tzinfo=UTC) else 8)


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def day(row: Mapping[str, Any]) -> str:
    """The Pacific day of a row, worked out without a time zone database (daylight saving ended on 2026-11-01)."""
    return _pacific(datetime.fromisoformat(row["usage_start_time"].replace(" UTC", "+00:00"))).date().isoformat()


def member(row: Mapping[str, Any]) -> str:
    """The member label of a row, "" without one."""
    return next((label["value"] for label in row["labels"] if label["key"] == "member"), "")


def component(row: Mapping[str, Any]) -> str:
    """The component label of a row, "" without one."""
    return next((label["value"] for label in row["labels"] if label["key"] == "component"), "")


def service(row: Mapping[str, Any]) -> str:
    """The service id of a row, its name where it has none."""
    return str(row["service"]["id"] or row["service"]["description"])


Sums = dict[str, tuple[Decimal, Decimal, Decimal]]


def sums(found: Iterable[Row], by: Callable[[Row], str]) -> Sums:
    """By hand: gross, promotional credits and other credits of rows, by what `by` says of a row."""
    answer: Sums = {}
    for _ in counted(found, {"": by}, {"": answer}):
        pass
    return answer


def counted(found: Iterable[Row], keys: Mapping[str, Callable[[Row], str]], into: Mapping[str, Sums]) -> Iterator[Row]:
    """The same rows, added up by hand on their way: by each of `keys` into the sums of that name."""
    for row in found:
        promotion = sum((c["amount"] for c in row["credits"] if c["type"] == "PROMOTION"), Decimal(0))
        other = sum((c["amount"] for c in row["credits"] if c["type"] != "PROMOTION"), Decimal(0))
        for name, by in keys.items():
            held = into[name].get(by(row), (Decimal(0), Decimal(0), Decimal(0)))
            into[name][by(row)] = (held[0] + row["cost"], held[1] + promotion, held[2] + other)
        yield row


def ndjson(path: Path, found: Iterable[Row], numbers: type = str) -> Path:
    """Rows as BigQuery exports them: NUMERIC columns are strings, FLOAT64 columns numbers (`numbers=float`)."""
    with path.open("w", encoding="utf-8") as file:
        for row in found:
            sent = {key: value for key, value in row.items() if value is not None}
            file.write(json.dumps(sent, default=numbers) + "\n")
    return path


def parquet(path: Path, source: Path) -> Path:
    """An NDJSON export as Parquet, costs as NUMERIC."""
    with duckdb.connect() as engine:
        engine.execute("SET TimeZone = 'UTC'")
        engine.execute(
            f"COPY (SELECT * REPLACE (CAST(cost AS DECIMAL(38, 9)) AS cost) FROM read_json('{source}', sample_size=-1)) TO '{path}' (FORMAT parquet)"
        )
    return path


def focus_rows(found: Iterable[Row]) -> Iterator[Row]:
    """The same charges as Google's FOCUS 1.2 export has them."""
    for row in found:
        start = row["usage_start_time"].replace(" UTC", "Z").replace(" ", "T")
        month = row["invoice"]["month"]
        held = [
            {
                "Name": c["name"],
                "Amount": str(c["amount"]),
                "FullName": c["full_name"],
                "Id": c["id"],
                "Type": c["type"],
            }
            for c in row["credits"]
        ]
        yield {
            "BilledCost": row["cost"] + sum((c["amount"] for c in row["credits"]), Decimal(0)),
            "BillingAccountId": row["billing_account_id"],
            "BillingCurrency": row["currency"],
            "BillingPeriodStart": f"{month[:4]}-{month[4:]}-01T07:00:00Z",
            "ChargeCategory": {"tax": "Tax", "adjustment": "Adjustment"}.get(row["cost_type"], "Usage"),
            "ChargePeriodEnd": row["usage_end_time"].replace(" UTC", "Z").replace(" ", "T"),
            "ChargePeriodStart": start,
            "ServiceName": row["service"]["description"],
            "SubAccountId": (row["project"] or {}).get("id"),
            "x_CostType": row["cost_type"],
            "x_Credits": held,
            "x_ExportTime": row["export_time"].replace(" UTC", "Z").replace(" ", "T"),
            "x_Labels": [{"Key": label["key"], "Value": label["value"]} for label in row["labels"]],
            "x_ServiceId": row["service"]["id"],
        }
