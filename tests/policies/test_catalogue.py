"""The catalogue is complete: no field missing in a policy, no check of checkov undecided, no outdated reason."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from policies import catalogue

from tests.policies.cases import FOLDER, ROOT

NAMES = catalogue.names()
ROWS = catalogue.rows()

# Checks of checkov that fail what ours let pass, on purpose.
STRICTER = {
    "CKV_GCP_78": "wants versions of every bucket",
    "CKV_GCP_125": "insists on the subject; the owner's number is enough",
}


@pytest.mark.parametrize(
    "name", sorted(path.name for path in FOLDER.iterdir() if path.is_dir() and path.name[0] != "_")
)
def test_a_policy_is_a_check_a_passing_and_a_failing_case_and_nothing_else(name: str) -> None:
    files = {path.name for path in (FOLDER / name).iterdir() if path.name != "__pycache__"}
    assert files == {"check.py", "pass.tf", "fail.tf"}


@pytest.mark.parametrize("name", ROWS)
def test_a_policy_describes_the_fault_its_reason_and_its_fix(name: str) -> None:
    row = ROWS[name]
    assert row.title
    assert not row.title.endswith(".")
    assert row.why.endswith((".", "?"))
    assert row.why[0].isupper()
    assert row.mend.endswith(".")
    assert row.mend[0].isupper()
    assert row.unknown


@pytest.mark.parametrize("name", NAMES)
def test_a_policy_is_named_for_the_desired_state_and_its_file_has_a_docstring(name: str) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)+", name)
    assert not name.startswith(("no_", "check_", "ensure_"))
    first = (FOLDER / name / "check.py").read_text(encoding="utf-8").splitlines()[0]
    assert re.fullmatch(r'"""[A-Z].*\."""', first)


def test_titles_are_distinguished() -> None:
    titles = Counter(row.title for row in ROWS.values() if row.ours)
    assert [title for title, count in titles.items() if count > 1] == []


def test_every_check_of_checkov_for_google_cloud_is_chosen_or_left_out_once(seen: Mapping[str, Any]) -> None:
    there = {check for check, _ in seen["checks"]}
    decided = Counter([*catalogue.built_in(), *(check for one in catalogue.omissions() for check in one.ids)])
    decided.pop("CKV_TF_1")  # for modules, whoever's cloud they are for
    assert set(decided) == there - {"CKV_TF_1"}
    assert [check for check, count in decided.items() if count > 1] == []


def test_policies_are_left_out_only_where_no_such_resource_exists(seen: Mapping[str, Any]) -> None:
    kinds: dict[str, set[str]] = {}
    for check, kind in seen["checks"]:
        kinds.setdefault(check, set()).add(kind)
    texts = [
        path.read_text(encoding="utf-8") for folder in ("infra", "modules") for path in (ROOT / folder).rglob("*.tf")
    ]
    made = {kind for text in texts for kind in re.findall(r'^resource "(\w+)"', text, re.MULTILINE)}
    for omission in catalogue.omissions():
        assert not made & set(omission.types), f"{omission.ids} are left out because nothing creates these"
        for check in omission.ids if omission.types else ():
            assert kinds[check] & set(omission.types), f"{check} is about {kinds[check]}"


def test_what_is_left_out_as_covered_fails_nothing_that_ours_let_pass(
    seen: Mapping[str, Any], reports: Mapping[str, Any]
) -> None:
    ours = {(row["file"].split("/")[1], row["address"], row["policy"]) for row in reports["code"]["findings"]}
    covers = {check: one.covered_by for one in catalogue.omissions() for check in one.ids if one.covered_by}
    assert {name for names in covers.values() for name in names} <= set(NAMES)
    failed = [
        verdict
        for verdict in seen["verdicts"]
        if verdict[3] == "FAILED" and verdict[0] in covers.keys() - STRICTER.keys()
    ]
    tried = {"CKV_GCP_28", "CKV_GCP_41", "CKV_GCP_49", "CKV_GCP_101", "CKV_GCP_117", "CKV_GCP_118"}
    assert tried <= {check for check, *_ in failed}
    for check, folder, address, _ in failed:
        assert any((folder, address, name) in ours for name in covers[check]), f"{check} fails {address} in {folder}"


def test_the_chosen_checks_of_checkov_pass_and_fail_our_cases(seen: Mapping[str, Any]) -> None:
    results: dict[tuple[str, str], set[str]] = {}
    for check, folder, _, result in seen["verdicts"]:
        results.setdefault((check, folder), set()).add(result)
    for check in catalogue.built_in():
        assert results.get((check, "built_in.pass")) == {"PASSED"}, check
        assert "FAILED" in results.get((check, "built_in.fail"), set()), check


def test_the_chosen_checks_of_checkov_take_an_unknown_as_their_row_says(seen: Mapping[str, Any]) -> None:
    said = {check: row.unknown.partition(":")[0] for check, row in catalogue.built_in().items()}
    assert said.pop("CKV_TF_1") == "code only"
    assert {check: {"PASSED": "pass", "FAILED": "fail"}[result] for check, result in seen["undecided"].items()} == said


def test_an_omission_has_a_reason() -> None:
    for omission in catalogue.omissions():
        assert omission.reason.endswith("."), omission.ids
