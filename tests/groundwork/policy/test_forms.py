"""The four forms that a result is written in: JSON, SARIF, JUnit, Markdown."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
from groundwork.policy.data import as_data
from groundwork.policy.junit import junit
from groundwork.policy.markdown import markdown
from groundwork.policy.result import Result
from groundwork.policy.sarif import sarif
from jsonschema import Draft202012Validator

from tests.groundwork.policy.samples import ADDRESS, ROWS, TODAY, exception, report, result, row

SHAPE = json.loads((Path(__file__).parent / "sarif_shape.json").read_text(encoding="utf-8"))
FILE = "modules/bucket/iam.tf"
EXCUSED = row("CKV_GCP_29", "google_storage_bucket.scratch", file="infra/platform/buckets.tf", lines=[1, 4])
ONLY_PLANNED = row("locations_are_allowed", 'module.x["`<b>|"].google_storage_bucket.b', about="stands in eu\n<script>")


@pytest.fixture
def mixed() -> Result:
    """A finding with a place, one without, an excused one, an exception that is over, one that matches nothing."""
    return result(
        report("code", row(file=FILE, lines=[3, 9]), EXCUSED),
        report("platform", ONLY_PLANNED),
        exceptions=(
            exception(EXCUSED["address"], check="CKV_GCP_29"),
            exception("google_storage_bucket.gone", expires=TODAY),
            exception("google_storage_bucket.nowhere"),
        ),
    )


@pytest.fixture
def clean() -> Result:
    return result(report("code"), report("platform"))


def test_sarif_has_the_shape_of_the_standard(mixed: Result, clean: Result) -> None:
    for found in (mixed, clean):
        Draft202012Validator.check_schema(SHAPE)
        assert [error.message for error in Draft202012Validator(SHAPE).iter_errors(sarif(found, "envs/dev.yaml"))] == []


def test_sarif_names_the_rule_the_place_and_the_resource(mixed: Result) -> None:
    (run,) = sarif(mixed, "envs/dev.yaml")["runs"]
    first = run["results"][0]
    assert run["tool"]["driver"]["rules"][first["ruleIndex"]]["id"] == first["ruleId"] == "buckets_are_not_public"
    location = first["locations"][0]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == FILE
    assert location["physicalLocation"]["region"] == {"startLine": 3, "endLine": 9}
    assert location["logicalLocations"][0]["fullyQualifiedName"] == ADDRESS
    assert first["level"] == "error"


def test_sarif_suppresses_what_is_excused_and_reports_an_exception_that_is_over(mixed: Result) -> None:
    results = sarif(mixed, "envs/dev.yaml")["runs"][0]["results"]
    suppressed = [one for one in results if "suppressions" in one]
    assert [one["ruleId"] for one in suppressed] == ["CKV_GCP_29"]
    assert suppressed[0]["suppressions"][0]["justification"] == "the data is public anyway (alice@example.com)"
    over = [one for one in results if one["ruleId"] == "expired_exception"]
    assert over[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "envs/dev.yaml"


def test_a_finding_has_the_same_fingerprint_wherever_its_lines_move(mixed: Result) -> None:
    moved = result(report("code", row(file=FILE, lines=[30, 90])))
    first, second = (sarif(one, "x.yaml")["runs"][0]["results"][0] for one in (mixed, moved))
    assert first["partialFingerprints"] == second["partialFingerprints"]


def test_junit_has_a_case_for_each_policy_that_held_and_for_each_finding(mixed: Result) -> None:
    suite = ET.fromstring(junit(mixed)).find("testsuite")
    assert suite is not None
    assert {name: suite.get(name) for name in ("failures", "skipped", "errors")} == {
        "failures": "3",
        "skipped": "1",
        "errors": "0",
    }
    assert int(str(suite.get("tests"))) == len(suite.findall("testcase")) == len(ROWS) - 3 + 4
    failed = {str(case.get("classname")) for case in suite.findall("testcase") if case.find("failure") is not None}
    assert failed == {"buckets_are_not_public", "locations_are_allowed", "expired_exception"}


def test_junit_of_a_clean_check_is_all_passes(clean: Result) -> None:
    suite = ET.fromstring(junit(clean)).find("testsuite")
    assert suite is not None
    assert suite.get("failures") == "0"
    assert suite.get("tests") == str(len(ROWS))


def test_markdown_is_a_heading_a_summary_and_tables(mixed: Result, clean: Result) -> None:
    assert markdown(clean).startswith("## Policy: passed\n\nnothing found (")
    lines = markdown(mixed).splitlines()
    assert lines[0] == "## Policy: failed"
    table = [line for line in lines if line.startswith("| critical")]
    assert table[0].startswith(
        f"| critical | Buckets are not public (`buckets_are_not_public`) | `{ADDRESS}` lets allUsers in"
    )
    assert "### Excused" in lines


def test_markdown_escapes_scanned_text(mixed: Result) -> None:
    text = markdown(mixed)
    assert "<script>" not in text
    assert "<b>" in text, "in code it is only text"
    rows = [line for line in text.splitlines() if line.startswith("| medium")]
    assert len(rows) == 1, "a line break does not end the row"
    assert rows[0].replace("\\|", "").count("|") == 6


def test_json_says_all_that_the_others_say(mixed: Result) -> None:
    data = json.loads(json.dumps(as_data(mixed)))
    assert data["ok"] is False
    assert [one["policy"] for one in data["findings"]] == ["buckets_are_not_public", "locations_are_allowed"]
    assert set(data["findings"][0]) == {
        "policy", "severity", "title", "resource", "about", "source", "layer", "file", "line", "why", "mend",
    }  # fmt: skip
    assert data["excused"][0]["exception"]["owner"] == "alice@example.com"
    assert [one["resource"] for one in data["expired_exceptions"]] == ["google_storage_bucket.gone"]
    assert [one["resource"] for one in data["unused_exceptions"]] == ["google_storage_bucket.nowhere"]
    assert data["checked"] == {"code": 3, "platform": 3}


def test_the_reason_of_an_exception_is_only_text_in_markdown() -> None:
    said = "![x](https://evil.example) <b>\n## fine"
    excused = replace(exception(EXCUSED["address"], check="CKV_GCP_29"), reason=said)
    text = markdown(result(report("code", EXCUSED), exceptions=(excused,)))
    assert r"| !\[x](https://evil.example) &lt;b> ## fine |" in text


def test_junit_is_xml_whatever_an_address_holds() -> None:
    found = row("locations_are_allowed", 'module.x["\x1b[2J"].google_storage_bucket.b')
    assert r"\x1b[2J" in junit(result(report("platform", found)))
    ET.fromstring(junit(result(report("platform", found))))
