"""A billing export of ten million rows: `cost report`'s ledger compared with a bare DuckDB sum of cost and credits."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

from . import processes
from .rows import Row

ROWS = 10_000_000
EXPORT = f"""
COPY (
  WITH numbers AS (SELECT range AS n, CAST((range * 7919 + 104729) % 1000003 AS DECIMAL(38, 9)) AS units, TIMESTAMPTZ '2026-09-20 07:00:00+00' + to_hours(range % 1080) AS hour
    FROM range({ROWS}))
  SELECT
    'ABCDEF-00000' || CAST(n % 7 = 0 AS INTEGER) || '-000000' AS billing_account_id,
    {{'month': strftime(hour, '%Y%m'), 'publisher_type': 'GOOGLE'}} AS invoice,
    CASE WHEN n % 50 = 49 THEN 'tax' ELSE 'regular' END AS cost_type,
    {{'id': 'SERVICE-' || n % 9, 'description': 'Service ' || n % 9}} AS service,
    {{'id': 'SKU-' || n % 131, 'description': 'Something ' || n % 131}} AS sku,
    hour AS usage_start_time,
    hour + INTERVAL 1 HOUR AS usage_end_time,
    {{'id': 'team-' || n % 5, 'number': '1', 'name': 'Team', 'labels': [{{'key': 'env', 'value': 'dev'}}]}} AS project,
    list_filter([{{'key': 'team', 'value': 'cats'}}, CASE WHEN n % 4 < 3 THEN {{'key': 'member', 'value': 'member-' || n % 4}} END,
      CASE WHEN n % 3 < 2 THEN {{'key': 'component', 'value': 'component-' || n % 3}} END], lambda l: l IS NOT NULL) AS labels,
    CAST(units * 0.00000001 AS DECIMAL(38, 9)) AS cost,
    'USD' AS currency,
    list_filter([CASE WHEN n % 3 = 0 THEN {{'name': 'Free tier', 'amount': CAST(units * -0.000000002 AS DECIMAL(38, 9)), 'type': 'FREE_TIER'}} END,
      CASE WHEN n % 4 <> 1 THEN {{'name': 'Coupon', 'amount': CAST(units * -0.000000005 AS DECIMAL(38, 9)), 'type': 'PROMOTION'}} END], lambda c: c IS NOT NULL) AS credits,
    hour + INTERVAL 9 HOUR AS export_time
  FROM numbers
) TO '{{path}}' (FORMAT parquet)
"""
BARE = """
import duckdb
duckdb.sql('''SELECT service, CAST(month AS VARCHAR), cost, credits FROM (SELECT service.description AS service,
  date_trunc('month', usage_start_time) AS month, SUM(cost) AS cost, SUM(list_sum(list_transform(credits, lambda c: c.amount))) AS credits
  FROM read_parquet('{path}') GROUP BY ALL)''').fetchall()
"""
OURS = """
from pathlib import Path
from groundwork.cost.billing import files
files.read([Path('{path}')])
"""


def rows(folder: Path) -> list[Row]:
    """What `cost report` reads, by day, label, project and kind of credit, against two sums by service and month."""
    export = folder / "export.parquet"
    with duckdb.connect() as engine:
        engine.execute("SET TimeZone = 'UTC'")
        engine.execute(EXPORT.replace("{path}", str(export)))
    ours, bare = ([sys.executable, "-c", program.format(path=export)] for program in (OURS, BARE))
    ratio = processes.median_ratio(ours, bare, 5)
    note = f"{ROWS:,} rows in Parquet, {export.stat().st_size / 1e6:.0f} MB; median of 5 pairs"
    return [Row("cost report ÷ bare DuckDB sum by service and month", ratio, at_most=1.5, note=note)]
