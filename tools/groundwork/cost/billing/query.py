"""The single query behind every report, with six expressions that are written differently for BigQuery and DuckDB.

It reads a billing export in Google's own layout (standard or detailed) and returns one line per day, invoice, account,
project, service, member and component. Credits are summed per row, so that no join multiplies costs. Days are Pacific
days, as in the console (Cloud Billing docs: reports).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from groundwork.cost.billing.database import checked

SQL = """
WITH lines AS (
  SELECT
    PACIFIC_DAY(usage_start_time) AS day,
    invoice.month AS invoice_month,
    billing_account_id,
    currency,
    cost_type,
    service.id AS service_id,
    service.description AS service,
    project.id AS project,
    COALESCE(LABEL(labels, :member_label), LABEL(project.labels, :member_label)) AS member,
    COALESCE(LABEL(labels, :component_label), LABEL(project.labels, :component_label)) AS component,
    EXACT(cost) AS gross,
    PROMOTION(credits) AS promotion,
    CREDITS(credits) AS all_credits,
    export_time
  FROM {source}
  WHERE {recent}
)
SELECT
  day, invoice_month, billing_account_id, currency, cost_type,
  service_id, service, project, member, component,
  TOTAL(gross) AS gross,
  TOTAL(promotion) AS promotion,
  TOTAL(all_credits) AS credits,
  COUNT(*) AS line_count,
  CAST(MAX(export_time) AS STRING) AS exported
FROM lines
GROUP BY day, invoice_month, billing_account_id, currency, cost_type, service_id, service, project, member, component
"""

COLUMNS = (
    "day", "invoice_month", "billing_account_id", "currency", "cost_type", "service_id", "service", "project",
    "member", "component", "gross", "promotion", "credits", "line_count", "exported",
)  # fmt: skip
"""The columns of the result, in order."""

DECIMAL, FINE = "DECIMAL(38, 18)", "DECIMAL(38, 37)"
PARAMETERS = ("member_label", "component_label")
_PARAMETER = re.compile(rf":({'|'.join(PARAMETERS)})\b")


@dataclass(frozen=True, slots=True)
class SqlDialect:
    """An engine's expressions for the capitalised words in SQL; {0} and {1} are their arguments."""

    pacific_day: str
    exact: str
    label: str
    promotion: str
    credits: str
    total: str
    parameter: str


BIGQUERY = SqlDialect(
    pacific_day="DATE({0}, 'America/Los_Angeles')",
    # By way of text, so that a floating-point cost counts as it is printed, not as it is stored.
    exact="CAST(CAST({0} AS STRING) AS BIGNUMERIC)",
    label="(SELECT MAX(l.value) FROM UNNEST({0}) AS l WHERE l.key = {1})",
    promotion="(SELECT SUM(CAST(CAST(c.amount AS STRING) AS BIGNUMERIC)) FROM UNNEST({0}) AS c WHERE c.type = 'PROMOTION')",
    credits="(SELECT SUM(CAST(CAST(c.amount AS STRING) AS BIGNUMERIC)) FROM UNNEST({0}) AS c)",
    total="COALESCE(SUM({0}), 0)",
    parameter="@",
)
DUCKDB = SqlDialect(
    pacific_day="pacific_day({0})",
    exact="({0})",
    # Subqueries over lists would be clearer, but take eleven times as long and thirty times the memory.
    label="{0}[list_position(list_transform({0}, lambda l: l.key), {1})].value",
    promotion="list_sum(list_transform({0}, lambda c: CASE WHEN c.type = 'PROMOTION' THEN c.amount END))",
    credits="list_sum(list_transform({0}, lambda c: counted(c.amount)))",
    total="COALESCE(SUM({0}), 0)",
    parameter="$",
)
"""For a relation whose amounts are decimals. `pacific_day` is a macro (database.define_pacific_day)."""

DUCKDB_TEXT = replace(
    DUCKDB,
    exact="{{'main': main({0}), 'rest': rest({0})}}",
    promotion="{{'main': list_sum(list_transform({0}, lambda c: CASE WHEN c.type = 'PROMOTION' THEN main(c.amount) END)), "
    "'rest': list_sum(list_transform({0}, lambda c: CASE WHEN c.type = 'PROMOTION' THEN rest(c.amount) END))}}",
    credits="{{'main': list_sum(list_transform({0}, lambda c: main(c.amount))), 'rest': list_sum(list_transform({0}, lambda c: rest(c.amount)))}}",
    total="[CAST(SUM({0}.main) AS VARCHAR), CAST(SUM({0}.rest) AS VARCHAR)]",
)
"""For a relation whose amounts are text or floating point: they are summed in two parts, because no decimal type of DuckDB is
both wide and fine enough. The amounts in the result are lists of parts to add up."""

MACROS = (
    f"main(amount) AS CAST(CAST(amount AS VARCHAR) AS {DECIMAL})",
    f"rest(amount) AS CASE WHEN abs(main(amount)) < 10 THEN CAST(CAST(amount AS VARCHAR) AS {FINE}) - CAST(main(amount) AS {FINE}) END",
    f"counted(amount) AS {checked('credits', 'amount IS NULL', 'NULL', 'amount')}",
)
"""DuckDB macros used above: an amount to 18 decimals, the digits beyond those, and an amount that must not be null."""


def unsummable(amount: str) -> str:
    """SQL for whether an amount, as text or floating point, is not a number or has more digits than `main` and `rest` can hold."""
    text = f"CAST({amount} AS VARCHAR)"
    value = f"TRY_CAST({text} AS {DECIMAL})"
    return (
        f"({value} IS NULL OR contains({text}, '_') OR abs({value}) >= 10 AND strlen(split_part({text}, '.', 2)) > 18)"
    )


_WORD = re.compile(r"\b(PACIFIC_DAY|EXACT|LABEL|PROMOTION|CREDITS|TOTAL)\(([^()]*)\)")


def render(dialect: SqlDialect, source: str, recent: str = "TRUE") -> str:
    """The query for an engine.

    `source` is a table in that engine's notation; `recent` is a condition that avoids reading old partitions.
    """
    text = _WORD.sub(lambda found: _expression(dialect, found[1], found[2]), SQL)
    text = _PARAMETER.sub(lambda found: dialect.parameter + found[1], text)
    return text.replace("{source}", source).replace("{recent}", recent)


def _expression(dialect: SqlDialect, word: str, arguments: str) -> str:
    template: str = getattr(dialect, word.lower())
    return template.format(*arguments.split(", "))
