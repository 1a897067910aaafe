"""The one query behind every report: written once, with four words that BigQuery and DuckDB each have their own way to say.

It reads a billing export in Google's own layout (standard or detailed) and answers with one line per day, invoice,
account, project, service, member and component. Credits are summed row by row, so that no join multiplies cost.
Days are Pacific days, as in the console (Cloud Billing docs: reports).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

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
    CREDITS(c.type = 'PROMOTION') AS promotion,
    CREDITS(c.type IS NULL OR c.type <> 'PROMOTION') AS other_credits,
    export_time
  FROM {source}
  WHERE {recent}
)
SELECT
  day, invoice_month, billing_account_id, currency, cost_type,
  service_id, MAX(service) AS service, project, member, component,
  SUM(gross) AS gross,
  COALESCE(SUM(promotion), 0) AS promotion,
  COALESCE(SUM(other_credits), 0) AS other_credits,
  COUNT(*) AS line_count,
  CAST(MAX(export_time) AS STRING) AS exported
FROM lines
GROUP BY day, invoice_month, billing_account_id, currency, cost_type, service_id, project, member, component
"""

COLUMNS = (
    "day", "invoice_month", "billing_account_id", "currency", "cost_type", "service_id", "service", "project",
    "member", "component", "gross", "promotion", "other_credits", "line_count", "exported",
)  # fmt: skip
"""What the query answers with, in order."""

PARAMETERS = ("member_label", "component_label")
_PARAMETER = re.compile(rf":({'|'.join(PARAMETERS)})\b")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How an engine says the query's own words; {0} and {1} are what stands between their brackets.

    Amounts go through text, so that a floating point cost counts as it is written and not as it is stored.
    """

    pacific_day: str
    exact: str
    label: str
    credits: str
    parameter: str


BIGQUERY = Dialect(
    pacific_day="DATE({0}, 'America/Los_Angeles')",
    exact="CAST(CAST({0} AS STRING) AS BIGNUMERIC)",
    label="(SELECT MAX(l.value) FROM UNNEST({0}) AS l WHERE l.key = {1})",
    credits="(SELECT SUM(CAST(CAST(c.amount AS STRING) AS BIGNUMERIC)) FROM UNNEST(credits) AS c WHERE {0})",
    parameter="@",
)
DUCKDB = Dialect(
    pacific_day="CAST({0} AT TIME ZONE 'America/Los_Angeles' AS DATE)",
    exact="CAST(CAST({0} AS STRING) AS DECIMAL(38, 18))",
    # Sub-queries over lists would say the same here, at eleven times the time and thirty times the memory.
    label="list_max(list_transform(list_filter({0}, lambda l: l.key = {1}), lambda l: l.value))",
    credits="list_sum(list_transform(list_filter(credits, lambda c: {0}), lambda c: CAST(CAST(c.amount AS STRING) AS DECIMAL(38, 18))))",
    parameter="$",
)
_WORD = re.compile(r"\b(PACIFIC_DAY|EXACT|LABEL|CREDITS)\(([^()]*)\)")


def render(dialect: Dialect, source: str, recent: str = "TRUE") -> str:
    """The query for an engine.

    `source` is a table, as that engine writes one; `recent` is a condition that spares reading old partitions.
    """
    text = _WORD.sub(lambda found: _said(dialect, found[1], found[2]), SQL)
    text = _PARAMETER.sub(lambda found: dialect.parameter + found[1], text)
    return text.replace("{source}", source).replace("{recent}", recent)


def _said(dialect: Dialect, word: str, between: str) -> str:
    way: str = getattr(dialect, word.lower())
    return way.format(*between.split(", "))
