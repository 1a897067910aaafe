"""Metering: amounts per hour, project and SKU, which the control interface returns as rows of Google's billing export."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from localcloud.engine.clock import Clock
from localcloud.engine.store import Store
from localcloud.spec.json_text import Body

TABLES = """
CREATE TABLE IF NOT EXISTS usage (
  hour INTEGER NOT NULL, project TEXT NOT NULL, sku TEXT NOT NULL, region TEXT NOT NULL, labels TEXT NOT NULL, amount REAL NOT NULL,
  PRIMARY KEY (hour, project, sku, region, labels)) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Sku:
    """A kind of usage, and its unit.

    `id` identifies it in price lists ("storage.standard"); it is counted in `unit`, of which `per_pricing_unit` make one pricing
    unit; `service` is the id and name of Google's service.
    """

    id: str
    description: str
    unit: str
    pricing_unit: str
    per_pricing_unit: float
    service: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Payer:
    """Who pays for the use of a thing: a project, where the thing is, and its labels."""

    project: str
    region: str = ""
    labels: tuple[tuple[str, str], ...] = ()


class Usage:
    """Counts in memory, since nearly every request counts; `flush` puts the sums on disk."""

    def __init__(self, store: Store, clock: Clock) -> None:
        store.define(TABLES)
        self._store = store
        self._clock = clock
        self._skus: dict[str, Sku] = {}
        self._payers: dict[str, Callable[[str], Payer | None]] = {}
        self._calls: Counter[tuple[str, str, str]] = Counter()

    def know(self, api: str, skus: Iterable[Sku], payer: Callable[[str], Payer | None] | None) -> None:
        """Registers an API's SKUs, and the function for a resource's payer; by default, usage is counted by project."""
        self._skus.update((sku.id, sku) for sku in skus)
        self._payers[api] = payer or Payer

    def count(self, api: str, resource: str, sku: str) -> None:
        """Counts a call on a resource; its payer is determined when the counts are written to disk."""
        self._calls[api, resource, sku] += 1

    def meter(self, payer: Payer, sku: str, amount: float) -> None:
        """Adds a use to the sums of this hour."""
        hour = int(self._clock.seconds() // 3600)
        labels = json.dumps([{"key": key, "value": value} for key, value in payer.labels])
        self._store.sql(
            "INSERT INTO usage VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET amount = amount + excluded.amount",
            *(hour, payer.project, sku, payer.region, labels, amount),
        )

    @property
    def pending(self) -> bool:
        """Whether calls were counted that are not on disk."""
        return bool(self._calls)

    def flush(self) -> None:
        """Adds the counted calls to this hour's sums; those on deleted resources are dropped."""
        calls, self._calls = self._calls, Counter()
        for (api, thing, sku), amount in calls.items():
            if (payer := self._payers[api](thing)) is not None:
                self.meter(payer, sku, amount)

    def rows(self, account: str) -> Iterator[Body]:
        """All sums as rows of Google's standard export, their cost 0: the local cloud bills nothing.

        Source: https://cloud.google.com/billing/docs/how-to/export-data-bigquery-tables/standard-usage.
        """
        exported = self._clock.rfc3339()
        for hour, project, sku, region, labels, amount in self._store.sql(
            "SELECT * FROM usage ORDER BY hour, project, sku"
        ):
            known = self._skus.get(sku)
            if known is None:
                continue
            begins = datetime.fromtimestamp(hour * 3600, UTC)
            yield {
                "billing_account_id": account,
                "service": {"id": known.service[0], "description": known.service[1]},
                "sku": {"id": known.id, "description": known.description},
                "usage_start_time": begins.isoformat(),
                "usage_end_time": datetime.fromtimestamp((hour + 1) * 3600, UTC).isoformat(),
                "project": {"id": project, "labels": []},
                "labels": json.loads(labels),
                "location": {"location": region, "region": region},
                "export_time": exported,
                "cost": "0",
                "currency": "USD",
                "usage": {
                    "amount": amount,
                    "unit": known.unit,
                    "amount_in_pricing_units": amount / known.per_pricing_unit,
                    "pricing_unit": known.pricing_unit,
                },
                "credits": [],
                "invoice": {"month": f"{begins:%Y%m}"},
                "cost_type": "regular",
            }
