"""The export in BigQuery, by the official client against a server that speaks its REST API."""

from __future__ import annotations

from datetime import date

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery as google
from groundwork.cost.billing import bigquery, files
from groundwork.cost.billing.bigquery import Export
from groundwork.errors import Exit, GroundworkError

from tests.groundwork.cost import exports
from tests.groundwork.cost.billing.bigquery_server import Bigquery, serving

STANDARD, DETAILED = "gcp_billing_export_v1_0A0A0A_0B0B0B_0C0C0C", "gcp_billing_export_resource_v1_0A0A0A_0B0B0B_0C0C0C"
EXPORT = Export("p", "d")


@pytest.fixture(scope="module")
def ndjson(tmp_path_factory):
    return exports.ndjson(tmp_path_factory.mktemp("export") / "export.ndjson", exports.rows(3000))


def _client(address):
    return google.Client(project="p", credentials=AnonymousCredentials(), client_options={"api_endpoint": address})


def _read(having, since=None, most=bigquery.BYTES_ALLOWED):
    with serving(having) as address:
        return bigquery.read(_client(address), EXPORT, since, most=most)


def test_bigquery_and_files_give_the_same_ledger(ndjson):
    """The BigQuery text is run through another parser: the results are equal line by line, to the last digit."""
    found = _read(Bigquery([STANDARD], ndjson))
    assert found.lines == files.read([ndjson]).lines
    assert found.origin == "p.d.gcp_billing_export_v1_* in BigQuery"


def test_a_free_dry_run_comes_first_and_the_query_is_capped(ndjson):
    having = Bigquery([STANDARD], ndjson)
    _read(having, most=123 * 1024**2)
    dry, real = (job["configuration"] for job in having.jobs)
    assert dry["dryRun"] is True
    assert real["query"]["maximumBytesBilled"] == str(123 * 1024**2)
    assert not real.get("dryRun")
    assert dry["query"]["query"] == real["query"]["query"]
    assert real["labels"] == {"made-by": "groundwork"}


def test_a_query_that_would_read_too_much_is_not_run(ndjson):
    having = Bigquery([STANDARD], ndjson, bytes=5 * 1024**3)
    with pytest.raises(GroundworkError) as problem:
        _read(having)
    assert problem.value.exit_code == Exit.REFUSED
    assert str(problem.value) == (
        "The query reads 5120.0 MiB of p.d.gcp_billing_export_v1_*, more than the 2048 MiB allowed. "
        "Ask for a shorter time with --from, or allow more with --most-mib."
    )
    assert [job["configuration"]["dryRun"] for job in having.jobs] == [True]


def test_only_partitions_since_then_are_read(ndjson):
    having = Bigquery([STANDARD], ndjson)
    found = _read(having, since=date(2026, 10, 20))
    assert "_PARTITIONTIME >= TIMESTAMP('2026-10-18')" in having.jobs[0]["configuration"]["query"]["query"]
    assert found.lines
    assert {line.day for line in found.lines if line.day >= date(2026, 10, 20)} == {
        line.day for line in files.read([ndjson]).lines if line.day >= date(2026, 10, 20)
    }


@pytest.mark.parametrize(
    ("tables", "table"),
    [([DETAILED], "gcp_billing_export_resource_v1_*"), ([DETAILED, STANDARD], "gcp_billing_export_v1_*")],
)
def test_one_of_the_two_exports_is_read_and_never_both(ndjson, tables, table):
    assert _read(Bigquery(tables, ndjson)).origin == f"p.d.{table} in BigQuery"


def test_a_copy_of_an_export_is_not_counted_beside_it(ndjson):
    having = Bigquery([STANDARD, f"{STANDARD}_copy"], ndjson)
    found = _read(having)
    assert "_TABLE_SUFFIX IN ('0A0A0A_0B0B0B_0C0C0C')" in having.jobs[1]["configuration"]["query"]["query"]
    assert found.notes == (f"Not read, because they are not billing exports: {STANDARD}_copy.",)


def test_a_dataset_without_an_export_says_where_to_switch_it_on(ndjson):
    with pytest.raises(bigquery.ExportNotThere) as problem:
        _read(Bigquery(["something_else"], ndjson))
    assert str(problem.value) == (
        "p.d has no billing export (no table gcp_billing_export_v1_…). Switch it on in the console at https://console.cloud.google.com/billing/export; "
        "the first rows arrive some hours later."
    )


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (403, Exit.PERMISSION, "You may not read the billing export p.d: "),
        (404, Exit.FAILED, "There is no p.d in EU: "),
        (400, Exit.FAILED, "BigQuery did not answer for p.d: "),
    ],
)
def test_googles_refusal_is_reported_in_one_sentence(ndjson, status, code, message):
    with pytest.raises(GroundworkError) as problem:
        _read(Bigquery([STANDARD], ndjson, refusal=status))
    assert problem.value.exit_code == code
    assert str(problem.value).startswith(message)
    assert "Google says no." in str(problem.value)


def test_a_login_that_google_does_not_accept_says_how_to_log_in(ndjson):
    with pytest.raises(GroundworkError, match="run `groundwork login --env NAME") as problem:
        _read(Bigquery([STANDARD], ndjson, refusal=401))
    assert problem.value.exit_code == Exit.PERMISSION
