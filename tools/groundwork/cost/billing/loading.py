"""Loads billing files into the database by column names; types, delimiters and line formats are never guessed from a sample."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from groundwork.cost.billing import console_table, focus, native
from groundwork.cost.billing.database import file_name, quoted
from groundwork.cost.billing.layouts import FOCUS_NAMES, SniffedFile, sniff

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_LONGEST = 32 * 1024**2
_JSON_FORMATS = {"lines": "newline_delimited", "documents": "unstructured", "array": "array"}


@dataclass(frozen=True, slots=True)
class Labels:
    """The label keys that name a resource's owner and component."""

    member: str = "member"
    component: str = "component"


@dataclass(frozen=True, slots=True)
class LoadedFile:
    """A billing file in the database: `relation` is SQL for it in the query's layout.

    `decimals`: its amounts are decimals; `text`: it is a text file, so that exports may have been concatenated in it;
    `net`: its costs are after credits. Two files of one `kind` have the same lines for the same bill.
    """

    path: Path
    layout: str
    kind: str
    relation: str
    decimals: bool = False
    text: bool = True
    net: bool = False
    daily: bool = True
    notes: tuple[str, ...] = ()


def load(database: DuckDBPyConnection, name: str, path: Path, labels: Labels) -> LoadedFile:
    """Load a file as a table or view called `name`. Raises UsageProblem where it does not fit its layout, or duckdb.Error."""
    sniffed = sniff(path)
    if sniffed.format == "cost table":
        return _cost_table(database, name, path)
    text = sniffed.format != "parquet"
    columns = {"parquet": _parquet, "csv": _csv}.get(sniffed.format, _json)(database, name, sniffed)
    if any(column in columns for column in FOCUS_NAMES):
        focus.check(path, columns)
        relation, notes = focus.relation(columns, name), focus.notes(columns)
        return LoadedFile(path, focus.NAME, focus.NAME, relation, text=text, net=True, notes=notes)
    native.check(path, columns)
    kind = f"{native.NAME}, {'detailed' if 'resource' in columns else 'standard'}"
    labelled = text or _projects_labelled(database, path, labels)
    return LoadedFile(path, native.NAME, kind, native.relation(columns, name, labelled), native.decimals(columns), text)


def _cost_table(database: DuckDBPyConnection, name: str, path: Path) -> LoadedFile:
    table = console_table.read_table(path)
    with tempfile.TemporaryDirectory(prefix="groundwork-") as folder:
        rows = Path(folder, "rows.ndjson")
        with rows.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in console_table.native_rows(table))
        _json_table(database, name, SniffedFile(rows, "lines"), native.JSON_TYPES)
    relation = native.relation(_types(database, name), name)
    return LoadedFile(
        path, console_table.NAME, console_table.NAME, relation, daily=False, notes=console_table.notes(table)
    )


def _types(database: DuckDBPyConnection, name: str) -> dict[str, Any]:
    relation = database.table(name)
    return dict(zip(relation.columns, relation.types, strict=True))


def _parquet(database: DuckDBPyConnection, name: str, sniffed: SniffedFile) -> dict[str, Any]:
    scan = f"read_parquet({file_name(sniffed.path)}, hive_partitioning=false)"
    database.execute(f"CREATE VIEW {name} AS SELECT * FROM {scan}")  # noqa: S608 - the path is quoted
    return _types(database, name)


def _projects_labelled(database: DuckDBPyConnection, path: Path, labels: Labels) -> bool:
    """Whether projects can have the labels, judged by the range of their keys in the Parquet statistics.

    Few teams label projects, and reading projects' labels takes a tenth of the time.
    """
    keys = f"parquet_metadata({file_name(path)}) WHERE path_in_schema LIKE 'project, labels,%key'"
    within = " OR ".join(
        f"COALESCE({quoted(label)} BETWEEN stats_min_value AND stats_max_value, true)"
        for label in (labels.member, labels.component)
    )
    sql = f"SELECT COUNT(*) FROM {keys} AND COALESCE(stats_null_count < num_values, true) AND ({within})"  # noqa: S608 - all of it is quoted
    ((number,),) = database.execute(sql).fetchall()
    return bool(number)


def _csv(database: DuckDBPyConnection, name: str, sniffed: SniffedFile) -> dict[str, Any]:
    columns = ", ".join(f"{quoted(column)}: 'VARCHAR'" for column in sniffed.header)
    settings = {
        "auto_detect": "false", "columns": f"{{{columns}}}", "header": "true", "delim": quoted(sniffed.delimiter), "quote": "'\"'",
        "escape": "'\"'", "strict_mode": "true", "null_padding": "false", "nullstr": "''", "hive_partitioning": "false",
        "max_line_size": str(_LONGEST), "compression": _compression(sniffed),
    }  # fmt: skip
    options = ", ".join(f"{key}={value}" for key, value in settings.items())
    database.execute(f"CREATE TABLE {name} AS SELECT * FROM read_csv({file_name(sniffed.path)}, {options})")  # noqa: S608 - all of it is quoted
    return _types(database, name)


def _compression(sniffed: SniffedFile) -> str:
    return "'gzip'" if sniffed.packed else "'none'"


def _json(database: DuckDBPyConnection, name: str, sniffed: SniffedFile) -> dict[str, Any]:
    keys = _first_keys(database, sniffed)
    if any(key in keys for key in FOCUS_NAMES):
        _json_table(database, name, sniffed, focus.JSON_TYPES)
    else:
        _native_table(database, name, sniffed)
    types = _types(database, name)
    present = {*keys, *_used(database, name, types)}
    return {column: type_ for column, type_ in types.items() if column in present}


def _first_keys(database: DuckDBPyConnection, sniffed: SniffedFile) -> Sequence[str]:
    """The keys of the first line. They identify the layout: a later line without a required key is refused."""
    scan = _json_scan("read_json_objects", sniffed)
    found = database.execute(f"SELECT json_keys(json) FROM {scan} LIMIT 1").fetchone()  # noqa: S608 - the path is quoted
    return list(found[0] or ()) if found else ()


def _json_scan(reader: str, sniffed: SniffedFile, types: Mapping[str, str] | None = None) -> str:
    columns = ", ".join(f"{quoted(column)}: {quoted(type_)}" for column, type_ in (types or {}).items())
    settings = f"format='{_JSON_FORMATS[sniffed.format]}', maximum_object_size={_LONGEST}, compression={_compression(sniffed)}, hive_partitioning=false"
    return f"{reader}({file_name(sniffed.path)}, {settings}{f', records=true, columns={{{columns}}}' if types else ''})"


def _json_table(database: DuckDBPyConnection, name: str, sniffed: SniffedFile, types: Mapping[str, str]) -> None:
    database.execute(f"CREATE TABLE {name} AS SELECT * FROM {_json_scan('read_json', sniffed, types)}")  # noqa: S608 - the path is quoted


def _native_table(database: DuckDBPyConnection, name: str, sniffed: SniffedFile) -> None:
    import duckdb

    try:
        _json_table(database, name, sniffed, native.JSON_TYPES)
    except duckdb.Error:
        _check_shapes(database, sniffed)
        raise
    plain = [column for column, each in native.COLUMNS.items() if not each.fields]
    nested = " OR ".join(f"{column}[1] IN ('{{', '[')" for column in plain)
    if database.execute(f"SELECT 1 FROM {name} WHERE {nested} LIMIT 1").fetchone():  # noqa: S608 - every name is ours
        _check_shapes(database, sniffed)


def _check_shapes(database: DuckDBPyConnection, sniffed: SniffedFile) -> None:
    """Raises UsageProblem naming a column that is not the object, list or plain value that Google exports."""
    scan = _json_scan("read_json_objects", sniffed)
    for column, each in native.COLUMNS.items():
        type_ = f"json_type(json, '$.{column}')"
        right = f"= '{'ARRAY' if each.many else 'OBJECT'}'" if each.fields else "NOT IN ('ARRAY', 'OBJECT')"
        odd = database.execute(
            f"SELECT {type_} FROM {scan} WHERE {type_} <> 'NULL' AND NOT {type_} {right} LIMIT 1"  # noqa: S608 - the path is quoted
        ).fetchone()
        if odd:
            raise native.other_shape(sniffed.path, column, {"OBJECT": "STRUCT", "ARRAY": "LIST"}.get(odd[0], odd[0]))


def _used(database: DuckDBPyConnection, name: str, columns: Mapping[str, Any]) -> Sequence[str]:
    """The columns that have a value in any line; all columns if there are no lines."""
    counts = ", ".join(f'COUNT("{column}")' for column in columns)
    ((lines, *values),) = database.execute(f"SELECT COUNT(*), {counts} FROM {name}").fetchall()  # noqa: S608 - every name is ours
    return [column for column, count in zip(columns, values, strict=True) if count or not lines]
