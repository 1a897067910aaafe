"""The source of costs: files, a simulated export, or the billing export in BigQuery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from groundwork.cost import bigquery, demo, files, grants, used
from groundwork.cost.credits import Purse, purses
from groundwork.cost.grants import CreditGrant
from groundwork.cost.ledger import Ledger
from groundwork.cost.loading import Labels
from groundwork.cost.report import CostReport, Period, member_names, renamed, report
from groundwork.environment.values import Environment
from groundwork.errors import UsageProblem


@dataclass(frozen=True, slots=True)
class CostSource:
    """What somebody asked to read: `paths`, or `demo`, else the BigQuery export that the environment names.

    `most_bytes` is what a query may read. Raises UsageProblem for files and a simulated export at once.
    """

    environment: Environment
    paths: tuple[Path, ...]
    demo: bool
    labels: Labels
    most_bytes: int = bigquery.BYTES_ALLOWED

    def __post_init__(self) -> None:
        if self.demo and self.paths:
            raise UsageProblem("--demo is a simulated export and --file a real one; give one or the other.")

    def report(self, wanted: Period, now: datetime, currency: str | None = None) -> CostReport:
        """The report on a period; of a BigQuery export, where no period is asked for, from the previous month on."""
        if wanted == Period() and not (self.demo or self.paths):
            wanted = Period(since=(now.date().replace(day=1) - timedelta(days=1)).replace(day=1))
        return report(self.ledger(first_loaded(wanted), now), wanted, now, currency)

    def ledger(self, since: date | None, now: datetime) -> Ledger:
        """The costs, members by e-mail address; from lines loaded on the day `since` on where that saves reading."""
        return renamed(self._read(since, now), member_names(self.environment.members))

    def purses(self, now: datetime) -> tuple[list[Purse], Ledger]:
        """What is left of the grants, and the costs that say so. Raises UsageProblem where no grant is entered."""
        held = self.grants(now.date())
        if not held:
            raise UsageProblem(
                f"No credits are entered in {self.environment.path.name}. Enter them: groundwork cost credits add "
                "--member EMAIL --amount 50 --start 2026-09-01 --expires 2027-09-01"
            )
        ledger = self._used_so_far() if self._metered else self.ledger(min(grant.counted_from for grant in held), now)
        return purses(held, ledger, now.date()), ledger

    def purses_of(self, ledger: Ledger, today: date) -> list[Purse]:
        """What is left of the grants by costs that are read already; nothing where no grant is entered."""
        return purses(self.grants(today), ledger, today)

    def grants(self, today: date) -> Sequence[CreditGrant]:
        """The grants entered in the environment file; simulated ones for a simulated export."""
        if self.demo:
            return demo.grants(tuple(self.environment.members), today)
        held = grants.parse(self.environment.cost.get("grants"))
        # The local cloud has no billing accounts: what is used is its member's by its label.
        return [replace(grant, account="") for grant in held] if self._metered else held

    @property
    def _metered(self) -> bool:
        """Whether it is the local cloud's own use that is read."""
        return self.environment.local and not (self.demo or self.paths)

    def _used_so_far(self) -> Ledger:
        return renamed(used.so_far(self.environment, self.labels), member_names(self.environment.members))

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
                f"{self.environment.path.name} does not say where the billing export lies: add cost: {{export: {{project: ID, dataset: NAME}}}} "
                f"to it, or give --file. The export is switched on at {bigquery.ENABLE}; only the console can."
            )
        client = bigquery.client(connect(self.environment))
        return bigquery.read(client, bigquery.Export(**where), since, self.labels, self.most_bytes)


def first_loaded(wanted: Period) -> date | None:
    """The first day on which Google can have loaded a line of the period: an invoice has no line from before its month."""
    if wanted.month:
        return date(int(wanted.month[:4]), int(wanted.month[4:]), 1)
    return wanted.since
