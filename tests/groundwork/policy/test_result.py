"""Findings of code and plan put together, and exceptions applied to them."""

from __future__ import annotations

from datetime import timedelta

from groundwork.policy import terminal
from groundwork.policy.result import SourceLocation

from tests.groundwork.policy.samples import ADDRESS, TODAY, exception, report, result, row

FILE = "modules/bucket/iam.tf"
IN_CODE = row(file=FILE, lines=[3, 9])
IN_PLAN = row(address='module.buckets["data"].google_storage_bucket_iam_member.members["a.b c"]')


def test_what_code_and_plan_both_show_is_one_finding_at_its_place_in_the_code() -> None:
    (finding,) = result(report("code", IN_CODE), report("platform", IN_PLAN)).findings
    assert finding.source == "code and plan"
    assert finding.address == IN_PLAN["address"]
    assert finding.place == SourceLocation(FILE, 3, 9)


def test_a_resource_known_only_from_the_plan_still_has_its_place() -> None:
    code = report("code", places=[[ADDRESS, FILE, 3, 9]])
    (finding,) = result(code, report("platform", IN_PLAN)).findings
    assert (finding.source, finding.layer, finding.place.text) == ("plan", "platform", f"{FILE}:3")


def test_a_place_in_another_layer_is_not_mistaken_for_this_ones() -> None:
    places = [[ADDRESS, "infra/bootstrap/main.tf", 1, 2], [ADDRESS, "infra/platform/main.tf", 5, 6]]
    found = result(report("code", places=places), report("platform", row())).findings
    assert [finding.place.text for finding in found] == ["infra/platform/main.tf:5"]
    found = result(report("code", places=places[:1]), report("platform", row())).findings
    assert [finding.place.text for finding in found] == [""]


def test_a_finding_only_in_code_remains_with_a_plan() -> None:
    found = result(report("code", IN_CODE), report("platform")).findings
    assert [(finding.source, finding.layer) for finding in found] == [("code", "")]


def test_the_worst_come_first() -> None:
    low, high = row("soft_delete_is_decided", "google_storage_bucket.a"), row("CKV_GCP_29", "google_storage_bucket.a")
    found = result(report("code", low, high, row()))
    assert [one.row.severity for one in found.findings] == ["critical", "high", "low"]
    assert not found.ok
    assert "3 findings (1 critical, 1 high, 1 low)" in found.summary


def test_an_exception_lets_its_finding_pass_and_no_other() -> None:
    other = row(address="module.buckets.google_storage_bucket_iam_member.other")
    found = result(report("code", IN_CODE, other), exceptions=(exception(ADDRESS),))
    assert [finding.address for finding in found.findings] == [other["address"]]
    assert [one.finding.address for one in found.excused] == [ADDRESS]


def test_an_exception_is_for_one_policy() -> None:
    found = result(report("code", IN_CODE), exceptions=(exception(ADDRESS, check="CKV_GCP_29"),))
    assert len(found.findings) == 1
    assert len(found.unused) == 1


def test_an_exception_without_instance_keys_is_for_every_instance() -> None:
    assert result(report("platform", IN_PLAN), exceptions=(exception(ADDRESS),)).ok


def test_an_exception_for_one_instance_is_for_that_one_alone() -> None:
    one, two = 'module.buckets["a"].google_storage_bucket.bucket', 'module.buckets["b"].google_storage_bucket.bucket'
    plan = report("platform", row("CKV_GCP_29", one), row("CKV_GCP_29", two))
    found = result(plan, exceptions=(exception(one, check="CKV_GCP_29"),))
    assert [finding.address for finding in found.findings] == [two]


def test_an_exception_applies_until_its_date_and_then_fails() -> None:
    expiring = exception(ADDRESS, expires=TODAY + timedelta(days=1))
    assert result(report("code", IN_CODE), exceptions=(expiring,)).ok
    over = result(report("code", IN_CODE), exceptions=(expiring,), today=expiring.expires)
    assert not over.ok
    assert len(over.findings) == 1
    assert terminal.expired(expiring) == (
        f"The exception for buckets_are_not_public on {ADDRESS} ended on 2026-11-22 (owner: alice@example.com): fix the "
        "resource and remove the exception, or renew it with a reason that still holds."
    )
    assert terminal.expired(expiring) in terminal.lines(over)


def test_an_expired_exception_fails_even_when_unused() -> None:
    over = result(report("code"), exceptions=(exception(ADDRESS, expires=TODAY),))
    assert not over.ok
    assert "1 expired exception" in over.summary


def test_an_exception_that_matches_nothing_is_reported_and_fails_nothing() -> None:
    found = result(report("code"), exceptions=(exception(ADDRESS),))
    assert found.ok
    assert terminal.lines(found) == [
        (
            f"The exception for buckets_are_not_public on {ADDRESS} matches no finding (owner: alice@example.com): remove it from "
            "the environment file."
        )
    ]


def test_a_finding_is_shown_with_severity_place_reason_and_fix() -> None:
    text = "\n".join(terminal.lines(result(report("code", IN_CODE), report("platform", IN_PLAN))))
    assert text.startswith("critical: Buckets are not public (buckets_are_not_public)\n")
    assert f"{IN_PLAN['address']} lets allUsers in  [{FILE}:3, plan of platform]" in text
    assert "\n  why: Anyone on the internet" in text
    assert "\n  fix: Name the person in `members:`" in text


def test_the_summary_says_how_much_was_checked() -> None:
    clean = result(report("code"), report("bootstrap"), report("platform"))
    assert clean.summary.startswith("policy: nothing found (")
    assert clean.summary.endswith(" policies, 9 checks on the code and the plan of bootstrap and platform)")
