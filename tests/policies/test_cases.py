"""Every policy passes its passing case and fails its failing case, from code and from the plan of the same code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from policies import catalogue

from tests.policies.cases import blocks, fingerprint
from tests.policies.record import NOT_PLANNED, RECORDED

NAMES = catalogue.names()
PLANNED = [name for name in NAMES if name not in NOT_PLANNED]


def _rows(report: Mapping[str, Any], kind: str, name: str, verdict: str) -> set[str]:
    """Addresses, without the module of the case, that the report lists for the policy in its own case."""
    if report["part"] == "code":
        own = [row for row in report[kind] if row["file"] == f"cases/{name}.{verdict}/main.tf"]
        return {row["address"] for row in own if row["policy"] == name}
    module = f"module.{name}_{verdict}."
    own = [row for row in report[kind] if row["address"].startswith(module)]
    return {row["address"].removeprefix(module) for row in own if row["policy"] == name}


@pytest.mark.parametrize("name", NAMES)
def test_the_failing_case_fails_in_code_with_every_resource_in_it(name: str, reports: Mapping[str, Any]) -> None:
    assert _rows(reports["code"], "findings", name, "fail") == blocks(name, "fail")


@pytest.mark.parametrize("name", NAMES)
def test_the_passing_case_passes_in_code_and_is_decided(name: str, reports: Mapping[str, Any]) -> None:
    assert _rows(reports["code"], "findings", name, "pass") == set()
    assert _rows(reports["code"], "undecided", name, "pass") == set()


@pytest.mark.parametrize("name", PLANNED)
def test_the_plan_gives_the_verdict_that_the_code_gives(name: str, reports: Mapping[str, Any]) -> None:
    assert _rows(reports["platform"], "findings", name, "fail") == blocks(name, "fail")
    assert _rows(reports["platform"], "findings", name, "pass") == set()


@pytest.mark.parametrize("name", PLANNED)
def test_plan_and_code_say_the_same_of_a_failing_resource(name: str, reports: Mapping[str, Any]) -> None:
    module = f"module.{name}_fail."
    in_code = {
        (row["address"], row["about"])
        for row in reports["code"]["findings"]
        if row["policy"] == name and row["file"].startswith(f"cases/{name}.fail/")
    }
    planned = {
        (row["address"].removeprefix(module), row["about"])
        for row in reports["platform"]["findings"]
        if row["policy"] == name and row["address"].startswith(module)
    }
    if name == "resources_are_labelled":  # in code a resource must take labels, on a plan it must have them
        assert planned == {(address, "lacks the label team") for address, _ in in_code}
    else:
        assert planned == in_code


def test_a_finding_in_code_has_its_file_and_lines(reports: Mapping[str, Any]) -> None:
    row = next(row for row in reports["code"]["findings"] if row["policy"] == "scanning_api_is_not_enabled")
    assert row["file"] == "cases/scanning_api_is_not_enabled.fail/main.tf"
    assert row["lines"] == [1, 4]


def test_nothing_was_passed_over(reports: Mapping[str, Any]) -> None:
    for report in reports.values():
        assert report["problems"] == []
        assert report["checked"] > 500


def test_the_recorded_plan_is_of_the_cases_as_they_are() -> None:
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))["cases"]
    assert recorded == fingerprint(), "a case has changed: run `python -m tests.policies.record`"
