"""Queries the billing export in BigQuery with Google's client, after a dry run and with a cap on the bytes billed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from groundwork.cost.billing import query
from groundwork.cost.billing.ledger import Ledger, lines_of
from groundwork.cost.billing.loading import Labels
from groundwork.errors import GroundworkError, PermissionProblem, Refused
from groundwork.google.isolation import UNIVERSE
from groundwork.google.transport import loopback_session, refused_login

if TYPE_CHECKING:
    from google.cloud import bigquery

    from groundwork.google.cloud import GoogleCloud

TABLES = ("gcp_billing_export_v1_", "gcp_billing_export_resource_v1_")
"""Prefixes of Google's table names for the standard and the detailed export; the billing account's ID follows. One export is enough; the standard one is preferred."""

_ACCOUNT = re.compile(r"[0-9A-F]{6}(_[0-9A-F]{6}){2}")

BYTES_ALLOWED = 2 * 1024**3
ENABLE = "https://console.cloud.google.com/billing/export"


class ExportNotThere(GroundworkError):
    """The dataset has no billing export (yet)."""


@dataclass(frozen=True, slots=True)
class Export:
    """The dataset of a billing export."""

    project: str
    dataset: str
    location: str = "EU"

    @property
    def name(self) -> str:
        """The dataset as PROJECT.DATASET."""
        return f"{self.project}.{self.dataset}"


@dataclass(frozen=True, slots=True)
class Scan:
    """A dry run of a query: what it would read. `others` are tables with a similar name that it leaves out."""

    sql: str
    table: str
    bytes: int
    others: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """What the query reads, for people."""
        return f"reads {self.bytes / 1024**2:.1f} MiB of {self.table}"


def read(
    client: bigquery.Client, export: Export, since: date | None, labels: Labels | None = None, most: int = BYTES_ALLOWED
) -> Ledger:
    """The ledger of an export from the day `since` on.

    A dry run comes first; the query itself runs with a cap of `most` bytes billed.
    Raises ExportNotThere, Refused when it would read more than `most`, PermissionProblem, or GroundworkError.
    """
    labels = labels or Labels()
    scan = plan(client, export, since, labels)
    if scan.bytes > most:
        raise Refused(
            f"The query {scan.words}, more than the {most / 1024**2:.0f} MiB allowed. Ask for a shorter time with --from, or allow more with --most-mib."
        )
    with _sentences(export):
        rows = _query(client, scan.sql, _settings(labels, most), export).result()
        answer = [tuple(row[name] for name in query.COLUMNS) for row in rows]
    notes = (f"Not read, because they are not billing exports: {', '.join(scan.others)}.",) if scan.others else ()
    return Ledger(lines_of(answer), f"{scan.table} in BigQuery", notes)


def plan(client: bigquery.Client, export: Export, since: date | None, labels: Labels) -> Scan:
    """What `read` would run and how much that would read, by a dry run, which is free."""
    prefix, names = _exports(client, export)
    table = f"{export.name}.{prefix}*"
    recent = f"_PARTITIONTIME >= TIMESTAMP('{since - timedelta(days=2)}')" if since else "TRUE"
    accounts = [name.removeprefix(prefix) for name in names if _ACCOUNT.fullmatch(name.removeprefix(prefix))]
    others = tuple(name for name in names if name.removeprefix(prefix) not in accounts)
    if others:  # the * would also match a copy of an export, and count it twice
        recent += f" AND _TABLE_SUFFIX IN ({', '.join(repr(account) for account in accounts)})"
    sql = query.render(query.BIGQUERY, f"`{table}`", recent)
    job = _query(client, sql, _settings(labels, None, dry=True), export)
    return Scan(sql, table, int(job.total_bytes_processed or 0), others)


def _exports(client: bigquery.Client, export: Export) -> tuple[str, list[str]]:
    """The prefix of the exports' names, and all tables whose names start with it."""
    with _sentences(export):
        names = [str(table.table_id) for table in client.list_tables(f"{export.project}.{export.dataset}")]
    for prefix in TABLES:
        found = [name for name in names if name.startswith(prefix)]
        if any(_ACCOUNT.fullmatch(name.removeprefix(prefix)) for name in found):
            return prefix, found
    raise ExportNotThere(
        f"{export.name} has no billing export (no table {TABLES[0]}…). Switch it on in the console at {ENABLE}; "
        "the first rows arrive some hours later."
    )


def _settings(labels: Labels, most: int | None, dry: bool = False) -> Any:
    from google.cloud import bigquery

    values = {"member_label": labels.member, "component_label": labels.component}
    return bigquery.QueryJobConfig(
        dry_run=dry,
        use_query_cache=not dry,
        maximum_bytes_billed=most,
        labels={"made-by": "groundwork"},
        query_parameters=[bigquery.ScalarQueryParameter(name, "STRING", value) for name, value in values.items()],
    )


def _query(client: bigquery.Client, sql: str, settings: Any, export: Export) -> Any:
    with _sentences(export):
        return client.query(sql, job_config=settings, location=export.location)


@contextmanager
def _sentences(export: Export) -> Iterator[None]:
    """Turn errors of Google's client into sentences about an export."""
    from google.api_core import exceptions
    from google.auth.exceptions import GoogleAuthError, TransportError

    try:
        yield
    except (exceptions.Forbidden, exceptions.Unauthorized) as problem:
        raise PermissionProblem(
            f"You may not read the billing export {export.name}: {problem.message} Ask an owner of {export.project} "
            "for roles/bigquery.dataViewer on the dataset and roles/bigquery.jobUser on the project."
        ) from problem
    except exceptions.NotFound as problem:
        raise ExportNotThere(
            f"There is no {export.name} in {export.location}: {problem.message} Correct cost.export in the environment file."
        ) from problem
    except exceptions.GoogleAPICallError as problem:
        raise GroundworkError(f"BigQuery did not answer for {export.name}: {problem.message}") from problem
    except TransportError:
        raise GroundworkError(f"BigQuery could not be reached for {export.name}: run the same command again.") from None
    except GoogleAuthError as problem:
        raise refused_login(problem) from None


def client(cloud: GoogleCloud) -> bigquery.Client:
    """Google's client for a cloud: queries run in its project and are billed to it."""
    from google.cloud import bigquery

    options = {"universe_domain": UNIVERSE, **({"api_endpoint": cloud.address("bigquery")} if cloud.base else {})}
    session = loopback_session(cloud.credentials) if cloud.base else None
    return bigquery.Client(project=cloud.project, credentials=cloud.credentials, client_options=options, _http=session)
