"""Google's billing export, standard or detailed, as a relation for the query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from groundwork.cost.billing import query
from groundwork.cost.billing.database import checked, checked_time
from groundwork.cost.billing.layouts import missing
from groundwork.errors import UsageProblem

NAME = "Google's billing export"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the export: a plain value, an object of `fields` (name → DuckDB type), or a list of such objects."""

    fields: Mapping[str, str] = field(default_factory=dict)
    many: bool = False
    optional: bool = False

    @property
    def type(self) -> str:
        """The DuckDB type for JSON: numbers and times stay the text that is in the file."""
        inside = ", ".join(f'"{name}" {type_}' for name, type_ in self.fields.items())
        return (f"STRUCT({inside})" if inside else "VARCHAR") + ("[]" if self.many else "")

    @property
    def words(self) -> str:
        """The shape, in words."""
        return "a list" if self.many else "an object" if self.fields else "a plain value"


_TEXT = "VARCHAR"
_LABELS = Column({"key": _TEXT, "value": _TEXT}, many=True)
COLUMNS: Mapping[str, Column] = {
    "billing_account_id": Column(),
    "invoice": Column({"month": _TEXT}),
    "cost_type": Column(),
    "service": Column({"id": _TEXT, "description": _TEXT}),
    "usage_start_time": Column(),
    # Left out of NDJSON where every row is a tax or a support charge.
    "project": Column({"id": _TEXT, "labels": _LABELS.type}, optional=True),
    "labels": _LABELS,
    "cost": Column(),
    "currency": Column(),
    "credits": Column({"amount": _TEXT, "type": _TEXT}, many=True),
    "export_time": Column(),
    # Only to tell lines apart.
    "sku": Column({"id": _TEXT}, optional=True),
    "usage_end_time": Column(optional=True),
    "resource": Column({"name": _TEXT, "global_name": _TEXT}, optional=True),
}
"""The columns that are read (Cloud Billing docs: structure of the standard and of the detailed export)."""

JSON_TYPES = {name: column.type for name, column in COLUMNS.items()}


def check(path: Path, columns: Mapping[str, Any]) -> None:
    """Raises UsageProblem naming the column or field of Google's layout that is missing or has another shape.

    `columns` maps names to DuckDB types. Unknown columns are ignored: Google adds to the layout.
    """
    for name, column in COLUMNS.items():
        if name not in columns:
            if column.optional:
                continue
            raise missing(path, name, columns)
        found = columns[name]
        if (found.id == "list") != column.many or (_record(found).id == "struct") != bool(column.fields):
            raise other_shape(path, name, found.id)
        fields = [inner for inner, _ in _record(found).children] if column.fields else []
        for inner in column.fields:
            if inner not in fields:
                raise missing(path, f"{name}.{inner}", (f"{name}.{each}" for each in fields))


def _record(type_: Any) -> Any:
    """The element type of a list, or the type itself."""
    return type_.children[0][1] if type_.id == "list" else type_


def other_shape(path: Path, name: str, found: str) -> UsageProblem:
    """The error for a column that is not the plain value, object or list that Google exports."""
    return UsageProblem(
        f"{path}: the column {name} is {found.upper()}, not {COLUMNS[name].words} as in {NAME}. Export the whole table, unchanged."
    )


def decimals(columns: Mapping[str, Any]) -> bool:
    """Whether the amounts are decimals rather than text or floating point."""
    credit = dict(_record(columns["credits"]).children)["amount"]
    return bool(columns["cost"].id == credit.id == "decimal")


def _as_text(name: str, type_: Any) -> str:
    """SQL for a column with labels, cast to text: in a Parquet file without any labels they have no usable type."""
    labels = type_ if type_.id == "list" else dict(type_.children)["labels"]
    texts = {inner: str(of) for inner, of in _record(labels).children} if _record(labels).id == "struct" else {}
    return name if {*texts.values()} == {_TEXT} else f"CAST({name} AS {COLUMNS[name].type})"


def _time(columns: Mapping[str, Any], name: str, optional: bool = False) -> str:
    """SQL for a time. A column of times needs no check per line: `define_pacific_day` checks the range once for all."""
    if columns[name].id.startswith("timestamp"):
        return f"CAST({name} AS TIMESTAMPTZ)"
    return checked_time(name, name, optional)


def relation(columns: Mapping[str, Any], table: str, projects_labelled: bool = True) -> str:
    """SQL for `table`, an export with `columns`, in the query's layout; projects' labels are left out where no project has any."""
    inexact = f"len(list_filter(credits, lambda c: {query.unsummable('c.amount')})) > 0"
    credit_list = "credits" if decimals(columns) else checked("credits", inexact, "CAST(credits AS VARCHAR)", "credits")
    wrong = "cost IS NULL" if decimals(columns) else query.unsummable("cost")
    project = f"CAST(NULL AS {COLUMNS['project'].type})"
    if "project" in columns:
        unlabelled = f"{{'id': project.id, 'labels': CAST(NULL AS {_LABELS.type})}}"
        project = _as_text("project", columns["project"]) if projects_labelled else unlabelled
    return f"""
    SELECT billing_account_id, invoice, cost_type, service, currency,
      {_as_text("labels", columns["labels"])} AS labels,
      {project} AS project,
      {checked("cost", wrong, "CAST(cost AS VARCHAR)", "cost")} AS cost,
      {credit_list} AS credits,
      {_time(columns, "usage_start_time")} AS usage_start_time,
      {_time(columns, "export_time", optional=True)} AS export_time,
      {"sku.id" if "sku" in columns else "NULL"} AS sku,
      {"CAST(usage_end_time AS VARCHAR)" if "usage_end_time" in columns else "NULL"} AS usage_end_time,
      {"concat_ws(' ', resource.name, resource.global_name)" if "resource" in columns else "NULL"} AS resource
    FROM {table}
    """  # noqa: S608 - every name is ours
