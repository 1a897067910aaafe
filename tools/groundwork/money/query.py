"""The one query behind every report: written once, rendered for BigQuery and for DuckDB by a handful of words.

It reads a billing export in Google's own layout (standard or detailed) and answers with one line per day, invoice,
account, project, service, member and component. Credits are summed by sub-query, so that no join multiplies cost.
Days are Pacific days, as in the console (Cloud Billing docs: reports).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

SQL = """
WITH lines AS (
  SELECT
    {day} AS day,
    invoice.month AS invoice_month,
    billing_account_id,
    currency,
    cost_type,
    service.id AS service_id,
    service.description AS service,
    project.id AS project,
    COALESCE(
      (SELECT MAX(l.value) FROM UNNEST(labels) AS l WHERE l.key = :member_label),
      (SELECT MAX(l.value) FROM UNNEST(project.labels) AS l WHERE l.key = :member_label)
    ) AS member,
    COALESCE(
      (SELECT MAX(l.value) FROM UNNEST(labels) AS l WHERE l.key = :component_label),
      (SELECT MAX(l.value) FROM UNNEST(project.labels) AS l WHERE l.key = :component_label)
    ) AS component,
    CAST(CAST(cost AS STRING) AS {exact}) AS gross,
    (
      SELECT SUM(CAST(CAST(c.amount AS STRING) AS {exact}))
      FROM UNNEST(credits) AS c WHERE c.type = 'PROMOTION'
    ) AS promotion,
    (
      SELECT SUM(CAST(CAST(c.amount AS STRING) AS {exact}))
      FROM UNNEST(credits) AS c WHERE c.type IS NULL OR c.type <> 'PROMOTION'
    ) AS other_credits,
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
ORDER BY day, invoice_month, billing_account_id, currency, cost_type, service_id, project, member, component
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
    """The few words in which two engines differ."""

    day: str
    exact: str
    parameter: str


BIGQUERY = Dialect(day="DATE(usage_start_time, 'America/Los_Angeles')", exact="BIGNUMERIC", parameter="@")
DUCKDB = Dialect(
    day="CAST(usage_start_time AT TIME ZONE 'America/Los_Angeles' AS DATE)",
    exact="DECIMAL(38, 18)",
    parameter="$",
)


def render(dialect: Dialect, source: str, recent: str = "TRUE") -> str:
    """The query for an engine.

    `source` is a table, as that engine writes one; `recent` is a condition that spares reading old partitions.
    """
    words: Mapping[str, str] = {"{day}": dialect.day, "{exact}": dialect.exact, "{source}": source, "{recent}": recent}
    text = SQL
    for word, meaning in words.items():
        text = text.replace(word, meaning)
    return _PARAMETER.sub(lambda found: dialect.parameter + found[1], text)
