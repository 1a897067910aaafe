"""Billing files on this machine: each put into Google's layout, then asked the one query, in DuckDB."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from groundwork.errors import UsageProblem
from groundwork.money import console, focus, query
from groundwork.money.layouts import KNOWN, NATIVE, Sniffed, check_native, is_focus, sniff
from groundwork.money.ledger import Ledger, lines_of, merged

_CHECKS: Mapping[str, str] = {
    "cost": "cost IS NULL OR TRY_CAST(cost AS DECIMAL(38, 18)) IS NULL",
    "usage_start_time": "usage_start_time IS NULL",
    "currency": "currency IS NULL OR currency = ''",
    "credits": "len(list_filter(credits, lambda c: TRY_CAST(c.amount AS DECIMAL(38, 18)) IS NULL)) > 0",
}


@dataclass(frozen=True, slots=True)
class Labels:
    """The label keys that say whose and what something is."""

    member: str = "member"
    component: str = "component"


def read(paths: Sequence[Path], labels: Labels | None = None) -> Ledger:
    """The ledger of billing files, read into memory by DuckDB.

    Raises UsageProblem naming the file and the column, line or value that is not as its layout has it.
    """
    if len({path.resolve() for path in paths}) < len(paths):
        raise UsageProblem("The same file is given twice: its costs would count twice.")
    return merged([_read_one(path, labels or Labels()) for path in paths])


def _read_one(path: Path, labels: Labels) -> Ledger:
    sniffed = sniff(path)
    if sniffed.format == "csv" and "BilledCost" not in _first_line(path):
        return _read_console(path, labels)
    return _read_table(sniffed, labels)


def _first_line(path: Path) -> str:
    with path.open("rb") as file:
        return file.readline().decode("utf-8", "replace")


def _read_console(path: Path, labels: Labels) -> Ledger:
    table = console.read_table(path)
    with tempfile.TemporaryDirectory(prefix="groundwork-") as folder:
        rows = Path(folder, "rows.ndjson")
        with rows.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in console.native_rows(table))
        if not rows.stat().st_size:
            return Ledger((), str(path), console.notes(table), daily=False)
        answer = _ask(path, _native_json(rows), labels)
    return Ledger(lines_of(answer), str(path), console.notes(table), daily=False)


def _read_table(sniffed: Sniffed, labels: Labels) -> Ledger:
    path = sniffed.path
    scan = {"parquet": _parquet, "json": _json, "csv": _csv}[sniffed.format](path)
    columns = _columns(path, scan)
    if is_focus(columns):
        focus.check(path, columns)
        return Ledger(lines_of(_ask(path, focus.relation(columns, scan), labels)), str(path), focus.notes(columns))
    check_native(path, columns)
    source = _native_json(path) if sniffed.format == "json" else _native_parquet(columns, scan)
    return Ledger(lines_of(_ask(path, source, labels)), str(path))


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _parquet(path: Path) -> str:
    return f"read_parquet({_quoted(path)})"


def _json(path: Path) -> str:
    return f"read_json({_quoted(path)}, sample_size=20000, maximum_object_size=33554432)"


def _csv(path: Path) -> str:
    return f"read_csv({_quoted(path)}, all_varchar=true, header=true)"


def _native_json(path: Path) -> str:
    columns = ", ".join(f"{name}: '{type_}'" for name, type_ in NATIVE.items())
    return f"SELECT * FROM read_json({_quoted(path)}, columns={{{columns}}}, maximum_object_size=33554432)"  # noqa: S608 - the path is quoted


def _native_parquet(columns: Mapping[str, str], scan: str) -> str:
    chosen = ", ".join(
        f"CAST({name} AS {type_}) AS {name}" if name in columns else f"CAST(NULL AS {type_}) AS {name}"
        for name, type_ in NATIVE.items()
    )
    return f"SELECT {chosen} FROM {scan}"  # noqa: S608 - every name is ours


def _columns(path: Path, scan: str) -> dict[str, str]:
    with _engine(path) as engine:
        rows = engine.execute(f"DESCRIBE SELECT * FROM {scan}").fetchall()  # noqa: S608 - the path is quoted
    return {str(row[0]): str(row[1]) for row in rows}


def _ask(path: Path, source: str, labels: Labels) -> list[tuple[Any, ...]]:
    """The query's answer over `source`, a query that gives the columns of Google's layout with numbers and times as text."""
    parameters = {"member_label": labels.member, "component_label": labels.component}
    timed = "* REPLACE (CAST(usage_start_time AS TIMESTAMPTZ) AS usage_start_time, CAST(export_time AS TIMESTAMPTZ) AS export_time)"
    faults = ", ".join(f"COUNT(*) FILTER (WHERE {wrong})" for wrong in _CHECKS.values())
    with _engine(path) as engine:
        engine.execute(f"CREATE TEMP TABLE rows AS {source}")
        counts = engine.execute(f"SELECT {faults} FROM rows").fetchall()[0]  # noqa: S608 - every word is ours
        for column, count in zip(_CHECKS, counts, strict=True):
            if count:
                raise UsageProblem(
                    f"{path}: the column {column} is empty or not a number in {count} rows, so nothing was added up."
                )
        engine.execute(f"CREATE TEMP VIEW export AS SELECT {timed} FROM rows")  # noqa: S608 - every word is ours
        answer: list[tuple[Any, ...]] = engine.execute(query.render(query.DUCKDB, "export"), parameters).fetchall()
    return answer


@contextmanager
def _engine(path: Path) -> Iterator[Any]:
    """A DuckDB database in memory, whose errors are sentences about `path`."""
    import duckdb

    engine = duckdb.connect(":memory:", config={"autoinstall_known_extensions": False})
    try:
        engine.execute("SET TimeZone = 'UTC'")
        yield engine
    except duckdb.Error as problem:
        said = str(problem).split("\n", 1)[0].rstrip(".")
        raise UsageProblem(
            f"{path} cannot be read as a billing export: {said}. Layouts known here: {KNOWN}."
        ) from problem
    finally:
        engine.close()
