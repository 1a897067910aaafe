"""Estimates: the price of each type, free tiers applied once, unknown prices never counted as zero, before and after."""

from datetime import date
from decimal import Decimal

import pytest
from groundwork.cost.amounts import cents
from groundwork.cost.assumptions import Assumptions, parse
from groundwork.cost.estimate import estimate, sentence
from groundwork.cost.resources import free, priced

from tests.groundwork.cost.plans import NO_TIERS, bucket, change, plan

TODAY = date(2026, 11, 21)
QUIET = {
    "bucket_writes": 0, "bucket_reads": 0, "bucket_download_gib": 0, "bucket_noncurrent_gib": 0, "bucket_deleted_gib": 0,
    "secret_accesses": 0,
}  # fmt: skip


def _monthly(type_, values, assumptions=None, **more):
    return cents(
        estimate(plan(change(type_, values, **more)), parse({**NO_TIERS, **(assumptions or {})})).after.monthly
    )


def test_a_bucket_costs_its_contents_and_its_operations():
    held = {"bucket_gib": 50, "bucket_writes": 10_000, "bucket_reads": 50_000, "bucket_download_gib": 1}
    assert _monthly("google_storage_bucket", bucket("US-CENTRAL1"), held) == Decimal("1.19")


def test_soft_deleted_and_older_bytes_cost_as_much_as_live_ones():
    values = bucket(soft_delete_policy=[{"retention_duration_seconds": 730 * 3600}], versioning=[{"enabled": True}])
    held = {**QUIET, "bucket_gib": 0, "bucket_noncurrent_gib": 100, "bucket_deleted_gib": 100}
    assert _monthly("google_storage_bucket", values, held) == Decimal("4.00")


def test_a_bucket_without_a_soft_delete_policy_keeps_seven_days():
    values = bucket() | {"soft_delete_policy": []}
    held = {**QUIET, "bucket_gib": 0, "bucket_deleted_gib": 730}
    unknown = {"soft_delete_policy": True}
    assert _monthly("google_storage_bucket", values, held, unknown=unknown) == cents(7 * 24 * Decimal("0.02"))


@pytest.mark.parametrize(("class_", "price"), [("NEARLINE", "1.00"), ("COLDLINE", "0.40"), ("ARCHIVE", "0.12")])
def test_colder_classes_store_cheaper_and_their_operations_are_unpriced(class_, price):
    held = {**QUIET, "bucket_gib": 100, "bucket_retrieved_gib": 0}
    found = estimate(plan(change("google_storage_bucket", bucket(storage_class=class_))), parse(held))
    assert cents(found.after.monthly) == Decimal(price)
    assert found.after.bounded


def test_the_bucket_with_terraforms_state_is_small_whatever_the_others_hold():
    values = bucket(name="team-tfstate", versioning=[{"enabled": True}])
    held = {**QUIET, "bucket_gib": 1000, "state_gib": 1, "state_operations": 0}
    assert _monthly("google_storage_bucket", values, held) == Decimal("0.02")


@pytest.mark.parametrize(
    ("module", "expected"), [("function_sources", "0.02"), ("sources", "0.02"), ("buckets", "20.00")]
)
def test_a_bucket_with_packed_code_is_small_whatever_the_teams_own_hold(module, expected):
    made = change("google_storage_bucket", bucket(labels={"component": "functions"}), name="functions")
    held = {**QUIET, "bucket_gib": 1000, "sources_gib": 1, "sources_operations": 0}
    found = estimate(plan(made | {"address": made["address"].replace("things", module)}), parse(held))
    assert cents(found.after.monthly) == Decimal(expected)


def test_a_repository_costs_its_images_and_scans_only_where_scanning_is_on():
    values = {
        "location": "europe-west1",
        "format": "DOCKER",
        "vulnerability_scanning_config": [{"enablement_config": "DISABLED"}],
    }
    held = {"images_gib": 10, "images_pushed": 10}
    assert _monthly("google_artifact_registry_repository", values, held) == Decimal("1.00")
    scanned = values | {"vulnerability_scanning_config": []}
    assert _monthly("google_artifact_registry_repository", scanned, held) == Decimal("3.60")


def test_a_secret_costs_a_version_in_every_location_and_automatic_is_one():
    auto = {"replication": [{"auto": [{}], "user_managed": []}]}
    two = {"replication": [{"auto": [], "user_managed": [{"replicas": [{"location": "a"}, {"location": "b"}]}]}]}
    held = {**QUIET, "secret_versions": 10}
    assert _monthly("google_secret_manager_secret", auto, held) == Decimal("0.60")
    assert _monthly("google_secret_manager_secret", two, held) == Decimal("1.20")


def test_rotation_notices_are_counted_from_the_period():
    values = {"replication": [{"auto": [{}]}], "rotation": [{"rotation_period": f"{365 * 3600}s"}]}
    assert _monthly("google_secret_manager_secret", values, {**QUIET, "secret_versions": 0}) == Decimal("0.10")


VM = {
    "machine_type": "e2-medium",
    "zone": "europe-west1-b",
    "boot_disk": [{"initialize_params": [{"size": 20, "type": "pd-balanced"}]}],
    "network_interface": [{"access_config": [{}]}],
}


def test_a_machine_is_fixed_its_disk_and_address_too():
    month = 730 * (Decimal("0.0368577") + Decimal("0.005")) + 20 * Decimal("0.10")
    assert _monthly("google_compute_instance", VM) == cents(month)
    found = estimate(plan(change("google_compute_instance", VM)))
    assert {component.kind for component in found.after.components} == {"fixed"}


def test_a_machine_that_runs_less_still_pays_for_its_disk():
    month = 100 * (Decimal("0.0368577") + Decimal("0.005")) + 20 * Decimal("0.10")
    assert _monthly("google_compute_instance", VM, {"vm_hours": 100}) == cents(month)


def test_a_spot_machine_is_unpriced_because_its_price_moves_by_the_day():
    spot = VM | {"scheduling": [{"provisioning_model": "SPOT"}]}
    found = estimate(plan(change("google_compute_instance", spot)))
    assert [part.part for part in found.after.of("unpriced")] == ["machine"]


def test_waiting_instances_of_cloud_run_are_fixed_and_requests_are_usage():
    container = {"resources": [{"limits": {"cpu": "1000m", "memory": "512Mi"}, "cpu_idle": True}]}
    values = {
        "location": "europe-west1",
        "template": [{"containers": [container], "scaling": [{"min_instance_count": 1}]}],
    }
    found = estimate(plan(change("google_cloud_run_v2_service", values)), parse(NO_TIERS))
    fixed = sum(part.monthly for part in found.after.of("fixed"))
    assert cents(fixed) == cents(730 * 3600 * Decimal("0.0000025") * Decimal("1.5"))
    usage = sum(part.monthly for part in found.after.of("usage"))
    assert cents(usage) == cents(
        25000 * (Decimal("0.000024") + Decimal("0.00000125")) + Decimal("0.05") * Decimal("0.4")
    )


def test_free_types_say_why_and_cost_nothing():
    types = [*free(), "google_storage_bucket_iam_member", "google_project_iam_binding", "terraform_data"]
    found = estimate(plan(*(change(type_, {}, name=type_) for type_ in types)))
    assert found.after.monthly == 0
    assert not found.after.bounded
    assert all(part.why for part in found.after.of("free"))
    assert len(found.after.of("free")) == len(types)


def test_an_alert_costs_by_condition_and_by_what_it_reads():
    metric, log = {"condition_threshold": [{}]}, {"condition_matched_log": [{}]}
    reads = {"alert_series": 100}
    assert _monthly("google_monitoring_alert_policy", {"conditions": [metric, metric]}, reads) == Decimal("6.33")
    assert _monthly("google_monitoring_alert_policy", {"conditions": [log]}, reads) == Decimal("0.10")


def test_an_uptime_check_calls_from_six_places_unless_it_names_others():
    every_minute = {"period": "60s"}
    assert _monthly("google_monitoring_uptime_check_config", every_minute) == Decimal("78.84")
    three = {**every_minute, "selected_regions": ["USA", "EUROPE", "ASIA_PACIFIC"]}
    assert _monthly("google_monitoring_uptime_check_config", three) == Decimal("39.42")


def test_a_type_is_priced_or_free_and_never_both():
    assert not set(priced()) & set(free())


def test_an_unknown_type_makes_the_total_a_lower_bound():
    found = estimate(
        plan(change("google_sql_database_instance", {"tier": "x"}), change("google_storage_bucket", bucket()))
    )
    assert found.after.bounded
    assert found.after.of("unpriced")[0].why == "no price is known for google_sql_database_instance"
    assert "≥ $" in sentence(estimate(plan(change("google_sql_database_instance", {}))), TODAY)


def test_what_is_known_only_after_apply_is_unpriced_and_not_zero():
    values = bucket() | {"location": None}
    found = estimate(plan(change("google_storage_bucket", values, unknown={"location": True})))
    assert found.after.bounded
    assert found.after.of("unpriced")[0].why == "its location is known only after apply"


def test_a_region_without_prices_is_unpriced_and_named():
    found = estimate(plan(change("google_storage_bucket", bucket("ASIA-EAST1"))))
    assert found.after.monthly == 0
    assert "no price for storage.standard in asia-east1 in the catalogue" in {
        part.why for part in found.after.components
    }


def test_an_invalid_number_is_unpriced():
    disk = {"zone": "europe-west1-b", "size": "large", "type": "pd-ssd"}
    found = estimate(plan(change("google_compute_disk", disk)))
    assert found.after.of("unpriced")[0].why == "one of its sizes is not a valid number"


def test_free_tiers_apply_once_across_resources_and_plans():
    auto = {"replication": [{"auto": [{}]}]}
    held = parse({**QUIET, "secret_versions": 4})
    one = plan(*(change("google_secret_manager_secret", auto, name=name) for name in "ab"))
    two = plan(*(change("google_secret_manager_secret", auto, name=name) for name in "cd"))
    assert cents(estimate(one, held).after.monthly) == (8 - 6) * Decimal("0.06")
    assert cents(estimate([one, two], held).after.monthly) == (16 - 6) * Decimal("0.06")


def test_a_free_tier_never_exceeds_the_cost():
    auto = {"replication": [{"auto": [{}]}]}
    found = estimate(plan(change("google_secret_manager_secret", auto)))
    assert found.after.listed > 0
    assert found.after.monthly == 0


def test_a_free_tier_that_others_use_too_can_be_shared_out():
    auto = {"replication": [{"auto": [{}]}]}
    held = parse({**QUIET, "secret_versions": 6, "free_tier_share": 0.5})
    assert cents(estimate(plan(change("google_secret_manager_secret", auto)), held).after.monthly) == 3 * Decimal(
        "0.06"
    )


def test_storage_is_free_up_to_five_gibibytes_in_iowa_and_not_in_belgium():
    held = parse({**QUIET, "bucket_gib": 5})
    assert estimate(plan(change("google_storage_bucket", bucket("US-CENTRAL1"))), held).after.monthly == 0
    assert estimate(plan(change("google_storage_bucket", bucket("EUROPE-WEST1"))), held).after.monthly == Decimal(
        "0.100"
    )


GIB = parse({**QUIET, **NO_TIERS, "bucket_gib": 100})


@pytest.mark.parametrize(
    ("actions", "before", "after", "delta"),
    [
        (["create"], None, bucket(), "2.00"),
        (["delete"], bucket(), None, "-2.00"),
        (["no-op"], bucket(), bucket(), "0.00"),
        (["update"], bucket(), bucket(storage_class="NEARLINE"), "-0.99"),
        (["delete", "create"], bucket(), bucket("EU"), "0.60"),
        (["forget"], bucket(), None, "0.00"),
    ],
)
def test_the_delta_follows_the_action(actions, before, after, delta):
    found = estimate(plan(change("google_storage_bucket", after, before=before, actions=actions)), GIB)
    assert cents(found.delta) == Decimal(delta)
    assert cents(found.rows[0].delta) == Decimal(delta)


def test_an_hour_is_the_730th_part_of_a_month():
    found = estimate(plan(change("google_storage_bucket", bucket())), GIB)
    assert found.after.hourly * 730 == found.after.monthly


def test_one_line_says_total_hour_kinds_free_tier_and_difference():
    auto = {"replication": [{"auto": [{}]}]}
    made = plan(
        change("google_storage_bucket", bucket()),
        change("google_secret_manager_secret", auto),
        change("google_compute_address", {"region": "europe-west1"}),
        change("google_service_account", {}),
    )
    held = parse({**QUIET, "bucket_gib": 100})
    assert sentence(estimate(made, held), TODAY) == (
        "Cost: $5.65 a month ($0.0077 an hour): fixed $3.65, by usage $2.06, free tier -$0.06. This plan: +$5.65 a month."
    )


def test_the_line_warns_of_prices_read_more_than_180_days_ago():
    made = estimate(plan(change("google_storage_bucket", bucket())))
    assert "Warning" not in sentence(made, TODAY)
    assert (
        "of the prices used were read more than 180 days ago, the oldest (network.egress.internet) on 2026-07-16."
        in sentence(made, date(2027, 6, 1))
    )
    options = {"machine_type": "E2_HIGHCPU_8"}
    builds = estimate(plan(change("google_cloudbuild_trigger", {"build": [{"options": [options]}]})))
    assert "Warning: 1 of the prices used was read more than 180 days ago" in sentence(builds, TODAY)


def test_an_empty_plan_costs_nothing_and_says_so():
    assert (
        sentence(estimate(plan()), TODAY)
        == "Cost: $0.00 a month ($0.00 an hour): fixed $0.00, by usage $0.00. This plan: $0.00 a month."
    )


def test_only_the_assumptions_and_prices_behind_the_figures_are_named():
    found = estimate(
        plan(change("google_artifact_registry_repository", {"location": "eu", "format": "PYTHON"})), Assumptions()
    )
    assert found.assumed == ["images_gib"]
    assert [price.key for price in found.used] == ["artifactregistry.storage"]
