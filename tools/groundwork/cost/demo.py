"""A simulated billing export, for trying reports without a bill: computed, and the same on every machine."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from groundwork.cost.billing import files
from groundwork.cost.billing.ledger import SIMULATED_ACCOUNT, Ledger
from groundwork.cost.grants import CreditGrant

DAYS = 45
GRANT = Decimal(50)
_PEOPLE = ("alice@example.com", "bob@example.com", "carol@example.com")
_SERVICES = (
    # service ID, name, component, mean cost in cents per day
    ("6F81-5844-456A", "Compute Engine", "workstation", 61),
    ("C7E2-9256-1C43", "Vertex AI", "training", 44),
    ("95FF-2EF5-5EA1", "Cloud Storage", "data", 17),
    ("149C-F9EC-3994", "Artifact Registry", "images", 6),
    ("152E-C115-5142", "Cloud Run", "serving", 9),
)


def account(person: int) -> str:
    """The invented billing account of the person with this number."""
    return f"{SIMULATED_ACCOUNT}-000000-{person + 1:06d}"


def ledger(members: Sequence[str], now: datetime) -> Ledger:
    """The ledger of a simulated export that was written six hours before `now`."""
    with tempfile.TemporaryDirectory(prefix="groundwork-") as folder:
        path = Path(folder, "simulated.ndjson")
        with path.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows(members or _PEOPLE, now - timedelta(hours=6)))
        found = files.read([path])
    return Ledger(found.lines, "a simulated export", found.notes)


def grants(members: Sequence[str], today: date) -> tuple[CreditGrant, ...]:
    """Simulated grants of $50 for everybody, entered before the export begins."""
    start, end = today - timedelta(days=DAYS + 1), today + timedelta(days=120)
    return tuple(
        CreditGrant(member, GRANT, start, end, account=account(number))
        for number, member in enumerate(members or _PEOPLE)
    )


def rows(members: Sequence[str], exported: datetime) -> Iterator[dict[str, Any]]:
    """Rows in Google's layout: every member's services on every day before `exported`, cheaper on weekends, all paid by credits."""
    for back in range(DAYS, 0, -1):
        noon = (exported - timedelta(days=back)).replace(hour=20, minute=0, second=0, microsecond=0)
        written = exported if back == 1 else noon + timedelta(hours=6)
        for number, member in enumerate(members):
            for place, service in enumerate(_SERVICES):
                if (number + place + back) % 5:
                    row = _row(noon, (number, member), service, (back * 7 + number * 11 + place * 13) % 19)
                    yield row | {"export_time": written.isoformat()}


def _row(noon: datetime, person: tuple[int, str], service: tuple[str, str, str, int], swing: int) -> dict[str, Any]:
    quiet = Decimal("0.4") if noon.weekday() >= 5 else Decimal(1)
    cost = service[3] * quiet * (10 + swing) / (20 + 10 * person[0]) / 100
    free = -min(cost, Decimal("0.02"))
    label = person[1].split("@")[0].replace(".", "-")
    return {
        "billing_account_id": account(person[0]),
        "invoice": {"month": f"{noon:%Y%m}"},
        "cost_type": "regular",
        "service": {"id": service[0], "description": service[1]},
        "usage_start_time": noon.isoformat(),
        "project": {"id": "simulated", "labels": []},
        "labels": [{"key": "member", "value": label}, {"key": "component", "value": service[2]}],
        "cost": str(cost),
        "currency": "USD",
        "credits": [
            {"name": "Free tier", "amount": str(free), "type": "FREE_TIER"},
            {"name": "Coupon", "amount": str(-(cost + free)), "type": "PROMOTION"},
        ],
    }
