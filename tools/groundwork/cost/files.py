"""Billing files on this machine: each put into Google's layout, then asked the one query, in DuckDB."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from groundwork.cost import console, focus, query
from groundwork.cost.layouts import KNOWN, NATIVE, Sniffed, check_native, is_focus, sniff
from groundwork.cost.ledger import Ledger, lines_of, merged
from groundwork.errors import UsageProblem

_EXACT = "DECIMAL(38, 18)"
_FAULT = "nothing was added up"
_CHECKED: Mapping[str, tuple[str, str, str]] = {
    # column: when it is wrong, what to show of it, what stands in its place when it is right
    "cost": (f"TRY_CAST(cost AS {_EXACT}) IS NULL", "cost", "cost"),
    "currency": ("COALESCE(currency, '') = ''", "nullif(currency, '')", "currency"),
    "usage_start_time": (
        "TRY_CAST(usage_start_time AS TIMESTAMPTZ) IS NULL",
        "usage_start_time",
        "CAST(usage_start_time AS TIMESTAMPTZ)",
    ),
    "credits": (
        f"len(list_filter(credits, lambda c: TRY_CAST(c.amount AS {_EXACT}) IS NULL)) > 0",
        "CAST(credits AS VARCHAR)",
        "credits",
    ),
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
    return _read_console(path, labels) if sniffed.format == "cost table" else _read_table(sniffed, labels)


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
    with _engine(path) as engine:
        engine.execute(f"CREATE TEMP VIEW export AS SELECT {_columns_checked()} FROM ({source})")  # noqa: S608 - every word is ours
        answer: list[tuple[Any, ...]] = engine.execute(query.render(query.DUCKDB, "export"), parameters).fetchall()
    return answer


def _columns_checked() -> str:
    """Every column as the query wants it; a value that cannot be added up stops the query instead of being left out."""
    checked = []
    for column, (wrong, seen, right) in _CHECKED.items():
        sentence = f"'the column {column} has the value ' || COALESCE({seen}, 'nothing') || ', so {_FAULT}'"
        checked.append(f"CASE WHEN {wrong} THEN error({sentence}) ELSE {right} END AS {column}")
    return f"* REPLACE ({', '.join(checked)}, CAST(export_time AS TIMESTAMPTZ) AS export_time)"


@contextmanager
def _engine(path: Path) -> Iterator[Any]:
    """A DuckDB database in memory, whose errors are sentences about `path`."""
    import duckdb

    engine = duckdb.connect(":memory:", config={"autoinstall_known_extensions": False})
    try:
        engine.execute("SET TimeZone = 'UTC'")
        yield engine
    except duckdb.Error as problem:
        raise UsageProblem(_sentence(path, str(problem).split("\n", 1)[0].rstrip(". "))) from problem
    finally:
        engine.close()


def _sentence(path: Path, said: str) -> str:
    if _FAULT in said:
        return f"{path}: {said.partition(': ')[2]}. Export the table again, unchanged."
    return f"{path} cannot be read as a billing export: {said}. Layouts known here: {KNOWN}."
