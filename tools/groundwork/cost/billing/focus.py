"""FOCUS 1.2 files as a relation for the query.

Google's FOCUS export subtracts credits from BilledCost and lists them in x_Credits (Cloud Billing docs: FOCUS export);
other vendors' files have credits as separate rows. Either way the relation's cost is BilledCost, after credits.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from groundwork.cost.billing import query
from groundwork.cost.billing.database import FAULT, checked, checked_time
from groundwork.cost.billing.layouts import missing

NAME = "FOCUS"
REQUIRED = (
    "BilledCost", "BillingAccountId", "BillingCurrency", "BillingPeriodStart", "ChargeCategory",
    "ChargePeriodEnd", "ChargePeriodStart", "ServiceName", "SubAccountId",
)  # fmt: skip
NESTED = ("Tags", "x_Credits", "x_Labels", "x_ProjectLabels")
OPTIONAL = ("ResourceId", "SkuId", "x_CostType", "x_ExportTime", "x_ServiceId", *NESTED)
JSON_TYPES = {name: "JSON" if name in NESTED else "VARCHAR" for name in (*REQUIRED, *OPTIONAL)}
"""The columns that are read and their DuckDB types for JSON: numbers and times stay the text that is in the file."""

_LABEL = "STRUCT(key VARCHAR, value VARCHAR)[]"
_NO_LABELS = f"CAST([] AS {_LABEL})"
_CREDIT = 'STRUCT(amount VARCHAR, "type" VARCHAR)[]'
_LABEL_KEYS = '[{"Key":"VARCHAR","Value":"VARCHAR"}]'
_CREDIT_KEYS = '[{"Amount":"VARCHAR","Type":"VARCHAR"}]'
_PAIR = "{'key': l.Key, 'value': l.Value}"
_NOTE_NO_CREDITS = (
    "This FOCUS file has no x_Credits, so promotional credits cannot be distinguished from other credits."
)


def check(path: Path, columns: Collection[str]) -> None:
    """Raises UsageProblem naming the first required FOCUS column that is missing."""
    for name in REQUIRED:
        if name not in columns:
            raise missing(path, name, columns)


def notes(columns: Collection[str]) -> tuple[str, ...]:
    """Sentences about what such a file does not contain."""
    return () if "x_Credits" in columns else (_NOTE_NO_CREDITS,)


def relation(columns: Mapping[str, Any], table: str) -> str:
    """SQL for `table`, which holds FOCUS `columns` (name → DuckDB type), as the query reads it."""
    labels = [_labels(name, columns[name]) for name in ("x_Labels", "Tags") if name in columns]
    project_labels = (
        _labels("x_ProjectLabels", columns["x_ProjectLabels"]) if "x_ProjectLabels" in columns else _NO_LABELS
    )
    starts, ends = (checked_time(name, name) for name in ("ChargePeriodStart", "ChargePeriodEnd"))
    inexact = f"len(list_filter(credit_list, lambda c: {query.unsummable('c.amount')})) > 0"
    return f"""
    WITH focus AS (SELECT *, {_credits(columns)} AS credit_list, {starts} AS starts, {ends} AS ends FROM {table})
    SELECT
      BillingAccountId AS billing_account_id,
      {{'month': strftime({checked_time("BillingPeriodStart", "BillingPeriodStart")} + INTERVAL 12 HOUR, '%Y%m')}} AS invoice,
      {_cost_type(columns)} AS cost_type,
      {{'id': {"COALESCE(nullif(x_ServiceId, ''), ServiceName)" if "x_ServiceId" in columns else "ServiceName"}, 'description': ServiceName}} AS service,
      CASE WHEN ends - starts >= INTERVAL 1 DAY AND hour(starts) = 0 THEN starts + INTERVAL 20 HOUR ELSE starts END AS usage_start_time,
      {{'id': SubAccountId, 'labels': {project_labels}}} AS project,
      {" || ".join(labels) or _NO_LABELS} AS labels,
      {checked("BilledCost", query.unsummable("BilledCost"), "CAST(BilledCost AS VARCHAR)", "BilledCost")} AS cost,
      BillingCurrency AS currency,
      {checked("credits", inexact, "CAST(credit_list AS VARCHAR)", "credit_list")} AS credits,
      {checked_time("x_ExportTime", _text("x_ExportTime"), optional=True) if "x_ExportTime" in columns else "CAST(NULL AS TIMESTAMPTZ)"} AS export_time,
      {"SkuId" if "SkuId" in columns else "NULL"} AS sku,
      CAST(ends AS VARCHAR) AS usage_end_time,
      {"ResourceId" if "ResourceId" in columns else "NULL"} AS resource
    FROM focus
    """  # noqa: S608 - every name is FOCUS's


def _text(name: str) -> str:
    return f"nullif(CAST({name} AS VARCHAR), '')"


def _cost_type(columns: Collection[str]) -> str:
    by_category = "CASE ChargeCategory WHEN 'Tax' THEN 'tax' WHEN 'Adjustment' THEN 'adjustment' ELSE 'regular' END"
    return f"COALESCE(lower({_text('x_CostType')}), {by_category})" if "x_CostType" in columns else by_category


def _labels(name: str, type_: Any) -> str:
    """Labels as a list of key and value, from a list, a map, an object, or JSON text of a list or an object."""
    if type_.id == "map":
        entries = f"map_entries({name})"
    elif type_.id == "list":
        entries = f"list_transform({name}, lambda l: {_PAIR})"
    else:
        json = _json(name, type_)
        entries = _by_kind(
            name,
            json,
            ARRAY=f"list_transform(json_transform_strict({json}, '{_LABEL_KEYS}'), lambda l: {_PAIR})",
            OBJECT=f"map_entries(CAST({json} AS MAP(VARCHAR, VARCHAR)))",
        )
    return f"COALESCE(CAST({entries} AS {_LABEL}), [])"


def _credits(columns: Mapping[str, Any]) -> str:
    if "x_Credits" not in columns:
        return f"CASE WHEN ChargeCategory = 'Credit' THEN CAST([{{'amount': CAST(BilledCost AS VARCHAR), 'type': NULL}}] AS {_CREDIT}) ELSE [] END"
    theirs, type_ = "x_Credits", columns["x_Credits"]
    if type_.id != "list":
        json = _json(theirs, type_)  # a key that is not there is null
        theirs = _by_kind(theirs, json, ARRAY=f"json_transform({json}, '{_CREDIT_KEYS}')")
    ours = "{'amount': CAST(c.Amount AS VARCHAR), 'type': c.Type}"
    return f"COALESCE(CAST(list_transform({theirs}, lambda c: {ours}) AS {_CREDIT}), [])"


def _by_kind(column: str, json: str, **ways: str) -> str:
    """SQL that converts JSON by its type; null stays null, and any other type stops the query."""
    cases = " ".join(f"WHEN '{kind}' THEN {way}" for kind, way in ways.items())
    stop = f"error('the column {column} has the value ' || CAST({column} AS VARCHAR) || ', so {FAULT}')"
    return f"CASE COALESCE(json_type({json}), 'NULL') {cases} WHEN 'NULL' THEN NULL ELSE {stop} END"


def _json(name: str, type_: Any) -> str:
    """SQL for a column as JSON, also where the JSON is text in a cell or in a string."""
    if type_.id == "varchar" and str(type_) != "JSON":
        return f"CAST(nullif({name}, '') AS JSON)"
    json = f"CAST({name} AS JSON)"
    return f"CASE json_type({json}) WHEN 'VARCHAR' THEN CAST(nullif({json} ->> '$', '') AS JSON) ELSE {json} END"
