"""The price catalogue: every row has a source and a date, and Google's own worked examples are recomputed from it."""

from datetime import date, timedelta
from decimal import Decimal
from urllib.parse import urlsplit

import pytest
from groundwork.cost import catalogue
from groundwork.cost.amounts import cents
from groundwork.cost.catalogue import CatalogueProblem

ROWS = sorted(catalogue.read().rows.values(), key=lambda row: (row.key, row.region))
SMALL_PLATFORM = (
    "storage.standard", "storage.nearline", "storage.coldline", "storage.archive",
    "storage.operations-a.standard", "storage.operations-b.standard",
    "artifactregistry.storage", "secretmanager.version", "secretmanager.access",
)  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.key}-{row.region}")
def test_every_row_names_its_page_and_its_day(row):
    page = urlsplit(row.source)
    assert page.scheme == "https"
    assert page.hostname == "cloud.google.com"
    assert "pricing" in page.path
    assert date(2020, 1, 1) < row.read < date(2100, 1, 1)
    assert row.price > 0
    assert row.unit
    assert bool(row.free) == bool(row.pool), "free units belong to a pool, and a pool has free units"


@pytest.mark.parametrize("region", ["europe-west1", "us-central1"])
@pytest.mark.parametrize("key", SMALL_PLATFORM)
def test_the_small_platform_is_priced_in_both_regions(key, region):
    assert catalogue.read().find(key, region) is not None


def test_rows_of_a_pool_agree_on_what_is_free():
    pools = {row.pool for row in ROWS if row.pool}
    for pool in pools:
        assert len({row.free for row in ROWS if row.pool == pool}) == 1, pool


def test_a_region_without_a_row_has_no_price_rather_than_a_neighbours():
    assert catalogue.read().find("storage.standard", "europe-west4") is None


def test_regions_are_found_however_terraform_writes_them():
    assert catalogue.read().find("storage.standard", "EUROPE-WEST1") is catalogue.read().find(
        "storage.standard", "europe-west1"
    )


def _costs(key, region, quantity):
    return catalogue.read().find(key, region).cost(Decimal(quantity))


def test_googles_simple_storage_example_is_1_19():
    """cloud.google.com/storage/pricing-examples: 50 GB, 10,000 class A, 50,000 class B, 1 GB out; no free tier."""
    parts = [
        _costs("storage.standard", "us-central1", 50),
        _costs("storage.operations-a.standard", "us-central1", 10_000),
        _costs("storage.operations-b.standard", "us-central1", 50_000),
        _costs("network.egress.internet", "us-central1", 1),
    ]
    assert parts == [Decimal("1.000"), Decimal("0.050"), Decimal("0.0200"), Decimal("0.12")]
    assert cents(sum(parts)) == Decimal("1.19")


def test_googles_25000_secret_reads_are_two_and_a_half_times_ten_thousand():
    """cloud.google.com/secret-manager/pricing: 25,000 operations are billed as 2.5 of 10,000."""
    assert _costs("secretmanager.access", "global", 25_000) == Decimal("2.5") * Decimal("0.03")


def test_a_secret_version_of_two_days_is_billed_for_two_days():
    """cloud.google.com/secret-manager/pricing: proportional to the time that a version was active."""
    assert cents(_costs("secretmanager.version", "global", Decimal(2) / 30)) == cents(Decimal("0.06") * 2 / 30)


@pytest.mark.parametrize(
    ("key", "hourly"),
    [
        ("storage.standard", "0.000027397"),
        ("storage.nearline", "0.000013699"),
        ("storage.coldline", "0.000005479"),
        ("storage.archive", "0.000001644"),
        ("artifactregistry.storage", "0.000136986"),
    ],
)
def test_a_month_of_730_hours_gives_the_hourly_prices_that_google_prints(key, hourly):
    price = catalogue.read().find(key, "us-central1").price
    assert round(price / 730, 9) == Decimal(hourly)


def test_vertex_training_is_compute_engine_and_15_percent():
    """cloud.google.com/vertex-ai/pricing: 0.189999 an hour and the management fee."""
    machine = catalogue.read().find("compute.machine.n1-standard-4", "us-central1").price
    assert machine * Decimal("1.15") == catalogue.read().find("vertex.training.n1-standard-4", "us-central1").price


def test_a_large_machine_costs_as_many_cores_and_gibibytes_as_it_has():
    """E2 has one price per vCPU and one per GiB: standard-4 is twice standard-2, and standard-8 four times."""
    small, large = (catalogue.read().find(f"compute.machine.e2-standard-{n}", "us-central1").price for n in (2, 8))
    assert large == 4 * small


def test_egress_gets_cheaper_tier_by_tier():
    assert _costs("network.egress.internet", "europe-west1", 1024) == Decimal("122.88")
    assert _costs("network.egress.internet", "europe-west1", 1025) == Decimal("122.88") + Decimal("0.11")
    whole = Decimal("122.88") + 9216 * Decimal("0.11") + 100 * Decimal("0.085")
    assert _costs("network.egress.internet", "europe-west1", 10340) == whole


def test_cloud_runs_free_tier_is_worth_tier_1_prices_even_in_a_tier_2_region():
    """cloud.google.com/run/pricing: applied as a spending based discount using tier 1 pricing."""
    assert catalogue.read().free_tier("run.request.cpu") == 180_000 * Decimal("0.000024")


def test_prices_older_than_180_days_are_stale_and_180_days_are_not():
    row = catalogue.read().find("storage.standard", "europe-west1")
    assert catalogue.stale([row], row.read + timedelta(days=180)) == []
    assert catalogue.stale([row], row.read + timedelta(days=181)) == [row]


HEADER = "key,region,unit,per,price,tiers,free,pool,source,read,confidence,note\n"
GOOD = "a.b,*,hour,1,0.1,,,,https://cloud.google.com/pricing,2026-01-01,page,\n"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            GOOD.replace(",page,", ",guessed,"),
            "confidence is 'guessed', which is none of page, catalogue, derived, reported",
        ),
        (GOOD.replace("0.1", "cheap"), "price is 'cheap'"),
        (GOOD.replace("0.1", "-1"), "price is '-1'"),
        (GOOD.replace(",1,", ",0,"), "per is '0'"),
        (GOOD.replace("https://cloud.google.com/pricing", ""), "source is empty"),
        (GOOD.replace("2026-01-01", "last week"), "Invalid isoformat string"),
        (GOOD.replace("0.1,", "0.1,10-0.05"), "tiers is '10-0.05'"),
        (GOOD + GOOD, "appears twice"),
    ],
)
def test_a_row_that_cannot_be_a_price_is_refused_with_its_line(tmp_path, row, message):
    file = tmp_path / "prices.csv"
    file.write_text(HEADER + row)
    with pytest.raises(CatalogueProblem, match=r"prices\.csv:[23]: ") as problem:
        catalogue.read(file)
    assert message in str(problem.value)
