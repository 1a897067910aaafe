"""The query: one text for both engines, and BigQuery's parsed as BigQuery does."""

from __future__ import annotations

import dataclasses
import re

import sqlglot
from groundwork.cost.billing import query
from sqlglot import exp

BIGQUERY = query.render(query.BIGQUERY, "`p.d.gcp_billing_export_v1_*`", "_PARTITIONTIME >= TIMESTAMP('2026-10-01')")
DUCKDB = query.render(query.DUCKDB, "local_rows")


def test_both_engines_get_the_same_text_but_for_six_words():
    """With the dialects' words made equal, the two renderings are the same text."""
    plain = query.SqlDialect(
        "day({0})", "exact({0})", "label({0}; {1})", "promotion({0})", "credits({0})", "total({0})", ":"
    )
    ways = {way for dialect in (query.BIGQUERY, query.DUCKDB) for way in dataclasses.astuple(dialect)}
    one = query.render(plain, "export")
    assert len(ways) == 2 * 7 - 1, "only the sum of decimals is said alike"
    for dialect, text in ((query.BIGQUERY, BIGQUERY), (query.DUCKDB, DUCKDB)):
        rendered = query.render(dialect, "export")
        for word in re.findall(r"\b(?:day|exact|label|promotion|credits|total)\([^()]*\)", one):
            name, between = word[:-1].split("(")
            way = getattr(dialect, {"day": "pacific_day"}.get(name, name))
            parts = [part.replace(":", dialect.parameter) for part in between.split("; ")]
            rendered = rendered.replace(way.format(*parts), word)
        assert rendered == one
        assert text.count("\n") == one.count("\n")


def test_bigquerys_text_is_bigquery_sql_with_the_columns_that_are_read():
    parsed = sqlglot.parse_one(BIGQUERY, read="bigquery")
    assert [column.alias_or_name for column in parsed.selects] == list(query.COLUMNS)
    assert {parameter.name for parameter in parsed.find_all(exp.Parameter)} == set(query.PARAMETERS)


def test_no_join_can_multiply_cost():
    parsed = sqlglot.parse_one(BIGQUERY, read="bigquery")
    assert list(parsed.find_all(exp.Join)) == []
    unnested = list(parsed.find_all(exp.Unnest))
    assert unnested
    assert all(found.find_ancestor(exp.Subquery) for found in unnested)


def test_every_line_is_counted_in_exactly_one_group():
    grouped = {column.name for column in sqlglot.parse_one(BIGQUERY, read="bigquery").args["group"].expressions}
    summed = {"gross", "promotion", "credits", "line_count", "exported"}
    assert grouped == set(query.COLUMNS) - summed


def test_no_word_is_left_unsaid():
    for text in (BIGQUERY, DUCKDB):
        assert not re.search(r"[{}]", text)
        assert not re.search(r"(?<!:):(member|component)_label", text)
