"""FOCUS 1.2 files, put into Google's own layout so that the one query reads them.

Google's FOCUS export nets credits into BilledCost and keeps them apart in x_Credits (Cloud Billing docs: FOCUS export),
so gross is BilledCost less x_Credits. Other makers' files have credits as rows of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from groundwork.cost.layouts import missing

REQUIRED = (
    "BilledCost", "BillingAccountId", "BillingCurrency", "BillingPeriodStart", "ChargeCategory",
    "ChargePeriodEnd", "ChargePeriodStart", "ServiceName", "SubAccountId",
)  # fmt: skip
_EXACT = "DECIMAL(38, 18)"
_LABEL = "STRUCT(key VARCHAR, value VARCHAR)[]"
_CREDIT = 'STRUCT(name VARCHAR, amount VARCHAR, full_name VARCHAR, id VARCHAR, "type" VARCHAR)[]'
_CREDIT_KEYS = '[{"Amount":"VARCHAR","Type":"VARCHAR"}]'
_PAIR = "{'key': l.Key, 'value': l.Value}"
_NOTE_NO_CREDITS = "This FOCUS file has no x_Credits, so promotional credits cannot be told from other credits in it."


def check(path: Path, columns: Mapping[str, str]) -> None:
    """Raises UsageProblem naming the first column of FOCUS that is needed and not there."""
    for name in REQUIRED:
        if name not in columns:
            raise missing(path, name, columns)


def notes(columns: Mapping[str, str]) -> tuple[str, ...]:
    """Sentences about what such a file does not say."""
    return () if "x_Credits" in columns else (_NOTE_NO_CREDITS,)


def relation(columns: Mapping[str, str], source: str) -> str:
    """A DuckDB query that gives `source`, a FOCUS relation with `columns`, the columns of Google's layout."""
    labels = [_labels(name, columns[name]) for name in ("x_Labels", "Tags") if name in columns]
    project_labels = (
        _labels("x_ProjectLabels", columns["x_ProjectLabels"])
        if "x_ProjectLabels" in columns
        else f"CAST([] AS {_LABEL})"
    )
    return f"""
    WITH focus AS (
      SELECT *, CAST(CAST(BilledCost AS VARCHAR) AS {_EXACT}) AS billed, {_credits(columns)} AS credit_list,
        CAST(CAST(ChargePeriodStart AS VARCHAR) AS TIMESTAMPTZ) AS starts,
        CAST(CAST(ChargePeriodEnd AS VARCHAR) AS TIMESTAMPTZ) AS ends
      FROM {source}
    )
    SELECT
      BillingAccountId AS billing_account_id,
      {{'month': strftime(CAST(CAST(BillingPeriodStart AS VARCHAR) AS TIMESTAMPTZ) + INTERVAL 12 HOUR, '%Y%m')}} AS invoice,
      {_cost_type(columns)} AS cost_type,
      {{'id': {_service_id(columns)}, 'description': ServiceName}} AS service,
      CAST(CASE WHEN ends - starts >= INTERVAL 1 DAY AND hour(starts) = 0
        THEN starts + INTERVAL 20 HOUR ELSE starts END AS VARCHAR) AS usage_start_time,
      {{'id': SubAccountId, 'labels': {project_labels}}} AS project,
      {" || ".join(labels) or f"CAST([] AS {_LABEL})"} AS labels,
      CAST(billed - COALESCE((SELECT SUM(CAST(c.amount AS {_EXACT})) FROM UNNEST(credit_list) AS c), 0) AS VARCHAR) AS cost,
      BillingCurrency AS currency,
      credit_list AS credits,
      {"CAST(x_ExportTime AS VARCHAR)" if "x_ExportTime" in columns else "CAST(NULL AS VARCHAR)"} AS export_time
    FROM focus
    """  # noqa: S608 - every name is FOCUS's


def _cost_type(columns: Mapping[str, str]) -> str:
    by_category = "CASE ChargeCategory WHEN 'Tax' THEN 'tax' WHEN 'Adjustment' THEN 'adjustment' ELSE 'regular' END"
    return f"COALESCE(lower(x_CostType), {by_category})" if "x_CostType" in columns else by_category


def _service_id(columns: Mapping[str, str]) -> str:
    return "COALESCE(x_ServiceId, ServiceName)" if "x_ServiceId" in columns else "ServiceName"


def _labels(name: str, type_: str) -> str:
    """Labels as a list of key and value, from a list, a map, an object, or JSON text of a list or an object."""
    if type_.startswith("MAP"):
        entries = f"map_entries({name})"
    elif type_.startswith("STRUCT") and type_.endswith("[]"):
        entries = f"list_transform({name}, lambda l: {_PAIR})"
    else:
        json = _json(name, type_)
        pairs = f"list_transform(CAST({json} AS STRUCT(Key VARCHAR, Value VARCHAR)[]), lambda l: {_PAIR})"
        of_map = f"map_entries(CAST({json} AS MAP(VARCHAR, VARCHAR)))"
        entries = f"CASE json_type({json}) WHEN 'ARRAY' THEN {pairs} WHEN 'OBJECT' THEN {of_map} END"
    return f"COALESCE(CAST({entries} AS {_LABEL}), [])"


def _credits(columns: Mapping[str, str]) -> str:
    if "x_Credits" not in columns:
        only = "[{'name': ChargeCategory, 'amount': CAST(BilledCost AS VARCHAR), 'full_name': ServiceName, 'id': NULL, 'type': NULL}]"
        return f"CASE WHEN ChargeCategory = 'Credit' THEN CAST({only} AS {_CREDIT}) ELSE [] END"
    type_ = columns["x_Credits"]
    theirs = "x_Credits"
    if not (type_.startswith("STRUCT") and type_.endswith("[]")):
        theirs = f"json_transform({_json(theirs, type_)}, '{_CREDIT_KEYS}')"  # a key that is not there is null
    ours = "{'name': NULL, 'amount': CAST(c.Amount AS VARCHAR), 'full_name': NULL, 'id': NULL, 'type': c.Type}"
    return f"COALESCE(CAST(list_transform({theirs}, lambda c: {ours}) AS {_CREDIT}), [])"


def _json(name: str, type_: str) -> str:
    return f"CAST(nullif({name}, '') AS JSON)" if type_ == "VARCHAR" else f"CAST({name} AS JSON)"
