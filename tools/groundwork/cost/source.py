"""The source of costs: files, a simulated export, the local cloud's metered usage, or the billing export in BigQuery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from groundwork.cost import demo, grants, used
from groundwork.cost.billing import bigquery, files
from groundwork.cost.billing.ledger import Ledger
from groundwork.cost.billing.loading import Labels
from groundwork.cost.credits import CreditBalance, balances
from groundwork.cost.grants import CreditGrant
from groundwork.cost.report import CostReport, Period, member_names, renamed, report
from groundwork.environment.values import Environment
from groundwork.errors import UsageProblem


@dataclass(frozen=True, slots=True)
class CostSource:
    """Where to read costs: `paths`, or `demo`, else the local cloud's usage or the BigQuery export that the environment names.

    `most_bytes` is the most that a query may read. Raises UsageProblem for both `paths` and `demo`.
    """

    environment: Environment
    paths: tuple[Path, ...]
    demo: bool
    labels: Labels
    most_bytes: int = bigquery.BYTES_ALLOWED

    def __post_init__(self) -> None:
        if self.demo and self.paths:
            raise UsageProblem("--demo reads a simulated export and --file a real one; give one or the other.")

    def report(self, wanted: Period, now: datetime, currency: str | None = None) -> CostReport:
        """The report on a period; without files and without a period it begins with the previous month."""
        if wanted == Period() and not (self.demo or self.paths):
            wanted = Period(since=(now.date().replace(day=1) - timedelta(days=1)).replace(day=1))
        return report(self.ledger(first_loaded(wanted), now), wanted, now, currency)

    def ledger(self, since: date | None, now: datetime) -> Ledger:
        """The costs, with members by e-mail address; BigQuery is only asked for lines loaded from the day `since` on."""
        return renamed(self._read(since, now), member_names(self.environment.members))

    def balances(self, now: datetime) -> tuple[list[CreditBalance], Ledger]:
        """What is left of the grants, and the costs used to work it out. Raises UsageProblem where no grant is entered."""
        grants = self.grants(now.date())
        if not grants:
            raise UsageProblem(
                f"No credits are entered in {self.environment.path.name}. Enter them: groundwork cost credits add "
                "--member EMAIL --amount 50 --start 2026-09-01 --expires 2027-09-01"
            )
        if self._metered:
            names = member_names(self.environment.members)
            ledger = renamed(used.so_far(self.environment, self.labels), names)
        else:
            ledger = self.ledger(min(grant.counted_from for grant in grants), now)
        return balances(grants, ledger, now.date()), ledger

    def balances_of(self, ledger: Ledger, today: date) -> list[CreditBalance]:
        """What is left of the grants, by costs that were already read; nothing where no grant is entered."""
        return balances(self.grants(today), ledger, today)

    def grants(self, today: date) -> Sequence[CreditGrant]:
        """The grants entered in the environment file; simulated ones for a simulated export."""
        if self.demo:
            return demo.grants(tuple(self.environment.members), today)
        entered = grants.parse(self.environment.cost.get("grants"))
        # The local cloud has no billing accounts: usage belongs to a member by its label.
        return [replace(grant, account="") for grant in entered] if self._metered else entered

    @property
    def _metered(self) -> bool:
        """Whether the costs are the local cloud's own metered usage."""
        return self.environment.local and not (self.demo or self.paths)

    def _read(self, since: date | None, now: datetime) -> Ledger:
        if self.demo:
            return demo.ledger(tuple(self.environment.members), now)
        return files.read(self.paths, self.labels) if self.paths else self._bigquery(since)

    def _bigquery(self, since: date | None) -> Ledger:
        from groundwork.google.cloud import connect

        where = self.environment.cost.get("export")
        if self.environment.local:
            return used.ledger(self.environment, self.labels)
        if not where:
            raise UsageProblem(
                f"{self.environment.path.name} does not say where the billing export is: add cost: {{export: {{project: ID, dataset: NAME}}}} "
                f"to it, or give --file. The export is switched on in the console, at {bigquery.ENABLE}."
            )
        client = bigquery.client(connect(self.environment))
        return bigquery.read(client, bigquery.Export(**where), since, self.labels, self.most_bytes)


def first_loaded(period: Period) -> date | None:
    """The first day on which Google can have loaded a line of the period; an invoice's lines are not loaded before its month."""
    if period.month:
        return date(int(period.month[:4]), int(period.month[4:]), 1)
    return period.since
