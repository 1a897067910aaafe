"""A DuckDB database for billing files: in a temporary folder, without extensions, and with errors turned into sentences."""

from __future__ import annotations

import glob
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from groundwork.cost.billing.layouts import KNOWN
from groundwork.errors import UsageProblem

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FAULT = "nothing was added up"
EARLIEST, LATEST = "2000-01-01", "2100-01-01"
"""Times outside this range cannot be on a bill; this rules out "infinity" and "epoch"."""

_PACIFIC = "America/Los_Angeles"
_DAY = "86400000000"  # microseconds


@contextmanager
def opened() -> Iterator[DuckDBPyConnection]:
    """A DuckDB database on disk, so that an export may be larger than memory."""
    import duckdb

    with tempfile.TemporaryDirectory(prefix="groundwork-") as folder:
        settings: dict[str, str | bool | int | float | list[str]] = {
            "autoinstall_known_extensions": False,
            "temp_directory": folder,
        }
        with duckdb.connect(str(Path(folder, "bills.duckdb")), config=settings) as database:
            database.execute("SET TimeZone = 'UTC'")
            yield database


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn DuckDB's errors into sentences about `path`."""
    import duckdb

    try:
        yield
    except duckdb.Error as problem:
        first, *more = str(problem).splitlines()
        # A CSV error quotes the line, which may contain anything, before it says what is wrong.
        more = (
            [line for line in more if line.startswith(("Expected Number", "Value with"))]
            if "CSV Error" in first
            else []
        )
        raise UsageProblem(_sentence(path, ": ".join([first, *more[-1:]]).rstrip(". "))) from problem


def _sentence(path: Path, error: str) -> str:
    if FAULT in error:
        return f"{path}: {error.partition(': ')[2]}. Export the table again, unchanged."
    return f"{path} cannot be read as a billing export: {error}. Known layouts: {KNOWN}."


def quoted(text: str) -> str:
    """`text` as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def file_name(path: Path) -> str:
    """A file's name for DuckDB's readers, which would take * and [ for a pattern and // for a URL."""
    return quoted(glob.escape(str(path.resolve())))


def checked(column: str, wrong: str, seen: str, right: str) -> str:
    """SQL for `right` that stops the query with a sentence where `wrong` holds, so that no line is silently left out of a sum."""
    sentence = f"'the column {column} has the value ' || COALESCE(nullif({seen}, ''), 'nothing') || ', so {FAULT}'"
    return f"CASE WHEN {wrong} THEN error({sentence}) ELSE {right} END"


def checked_time(column: str, value: str, optional: bool = False) -> str:
    """SQL for the time in `value`, which may be text; stops the query where it is out of range."""
    time = f"TRY_CAST({value} AS TIMESTAMPTZ)"
    wrong = f"NOT COALESCE({_in_range(time)}, false)"
    return checked(column, f"{value} IS NOT NULL AND {wrong}" if optional else wrong, f"CAST({value} AS VARCHAR)", time)


def define_pacific_day(database: DuckDBPyConnection, relation: str) -> None:
    """Define the macro `pacific_day` for the times in a relation: the Pacific day, as the console shows it.

    DuckDB computes the time zone for every row, which takes longer than adding the row up. So it is asked once for the
    hours at which the offset changes, and rows are compared with those. Raises duckdb.Error for a time out of range.
    """
    changes = database.execute(
        f"""
        WITH ends AS (SELECT MIN(usage_start_time) AS earliest, MAX(usage_start_time) AS latest,
          COUNT(*) > COUNT(usage_start_time) AS unknown FROM {relation}),
        checked AS (SELECT {_end("earliest")} AS earliest, {_end("latest")} AS latest FROM ends),
        hours AS (SELECT unnest(generate_series(date_trunc('hour', earliest), latest, INTERVAL 1 HOUR)) AS hour FROM checked),
        offsets AS (SELECT epoch_us(hour) AS since, epoch_us(hour) - epoch_us(timezone('{_PACIFIC}', hour)) AS behind FROM hours)
        SELECT since, behind FROM offsets QUALIFY behind IS DISTINCT FROM LAG(behind) OVER (ORDER BY since) ORDER BY since DESC
        """  # noqa: S608 - the relation's name is ours
    ).fetchall()
    cases = " ".join(f"WHEN epoch_us(moment) >= {since} THEN {behind}" for since, behind in changes)
    offset = f"CASE {cases} END" if cases else "0"
    database.execute(
        f"CREATE OR REPLACE TEMP MACRO pacific_day(moment) AS DATE '1970-01-01' + CAST((epoch_us(moment) - {offset}) // {_DAY} AS INTEGER)"
    )


def _end(name: str) -> str:
    """SQL for the earliest or latest time, checked; NULL where there is no line."""
    written = f"CASE WHEN unknown THEN 'nothing' ELSE CAST({name} AS VARCHAR) END"
    return checked("usage_start_time", f"unknown OR NOT {_in_range(name)}", written, name)


def _in_range(time: str) -> str:
    return f"{time} BETWEEN TIMESTAMPTZ '{EARLIEST}' AND TIMESTAMPTZ '{LATEST}'"
