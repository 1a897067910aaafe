"""A check of an environment: what is scanned, what the cache answers, and which plans are refused."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from groundwork.errors import CouldNotTell, UsageProblem
from groundwork.policy.check import SavedPlan, check
from groundwork.policy.result import Result
from policies import catalogue

from tests.groundwork.policy.samples import TODAY, Clone, clone, dvc_bucket, environment, exception, plan, report, row


@pytest.fixture
def here(tmp_path: Path) -> Clone:
    clone_with_reports = clone(tmp_path)
    clone_with_reports.answers(report("code"), report("platform"), report("bootstrap"))
    return clone_with_reports


def _saved(document: dict[str, Any], fingerprint: str = "") -> SavedPlan:
    return SavedPlan(lambda: document, fingerprint)


def _check(here: Clone, plans: dict[str, SavedPlan] | None = None, today: date = TODAY, **more: Any) -> Result:
    return check(here.scanner(), environment(here.root, **more), plans or {}, here.folder, today)


def test_all_parts_are_scanned_in_one_process(here: Clone) -> None:
    found = _check(here, {"bootstrap": _saved(plan()), "platform": _saved(plan(name="x"))})
    assert found.checked == {"code": 3, "bootstrap": 3, "platform": 3}
    assert here.runs == 1
    assert not found.cached


def test_what_has_not_changed_is_answered_without_a_process(here: Clone) -> None:
    first = _check(here, {"platform": _saved(plan(name="x"))})
    again = _check(here, {"platform": _saved({**plan(name="x"), "timestamp": "2026-11-21T09:00:00Z"})})
    assert here.runs == 1
    assert again.cached
    assert again.checked == first.checked
    assert "unchanged since the last check" in again.summary


def test_a_saved_plan_that_is_known_by_its_file_is_not_even_opened(here: Clone) -> None:
    def closed() -> dict[str, Any]:
        raise AssertionError("opened again")

    _check(here, {"platform": _saved(plan(name="x"), "file-1")})
    assert _check(here, {"platform": SavedPlan(closed, "file-1")}).cached


def test_only_what_changed_is_scanned_again(here: Clone) -> None:
    _check(here, {"platform": _saved(plan(name="x"))})
    _check(here, {"platform": _saved(plan(name="y"))})
    assert here.asked["folders"] == []
    assert list(here.asked["plans"]) == ["platform"]


CHANGES = {
    "the code": "modules/bucket/main.tf",
    "a policy": "tools/policies/some_policy/check.py",
    "the chosen checks of checkov": "tools/policies/built_in.toml",
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_is_scanned(here: Clone, what: str) -> None:
    _check(here)
    file = here.root / CHANGES[what]
    file.write_text(file.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
    assert not _check(here).cached
    assert here.runs == 2


def test_an_added_or_removed_file_is_a_change(here: Clone) -> None:
    _check(here)
    more = here.root / "modules" / "bucket" / "more.tf"
    more.write_text("", encoding="utf-8")
    assert not _check(here).cached
    more.unlink()
    assert _check(here).cached, "as before, and that is still known"


def test_another_checkov_is_a_change(here: Clone) -> None:
    _check(here)
    (here.root / "tools" / "requirements-checkov.txt").write_text("checkov==3.3.31 --hash=sha256:1\n", encoding="utf-8")
    here.answers(report("code"))
    assert not _check(here).cached


@pytest.mark.parametrize(
    "allowed",
    [{"region": "us-central1"}, {"labels": {"owner": "bob"}}, {"buckets": {"data": dvc_bucket("team-project-data")}}],
)
def test_what_the_environment_allows_is_part_of_the_question(here: Clone, allowed: dict[str, Any]) -> None:
    _check(here)
    assert not _check(here, **allowed).cached


def test_exceptions_are_applied_to_what_the_cache_answers(here: Clone) -> None:
    here.answers(report("code", row()))
    assert not _check(here).ok
    accepted = (exception(row()["address"]),)
    assert _check(here, exceptions=accepted).ok
    assert not _check(here, exceptions=accepted, today=accepted[0].expires).ok, (
        "a day passes, the content does not change"
    )
    assert here.runs == 1


def test_an_exception_to_a_policy_that_there_is_not_is_refused_before_anything_is_scanned(here: Clone) -> None:
    misspelt = exception(row()["address"], check="bucket_are_not_public")
    with pytest.raises(
        UsageProblem, match=r'"bucket_are_not_public", which does not exist; did you mean buckets_are_not'
    ):
        _check(here, exceptions=(misspelt,))
    assert here.runs == 0


def test_an_unreadable_report_is_created_again(here: Clone) -> None:
    _check(here)
    for file in here.folder.iterdir():
        file.write_text("{", encoding="utf-8")
    assert not _check(here).cached


def test_a_failed_scan_is_not_kept(here: Clone) -> None:
    here.answers(report("code", checked=0))
    with pytest.raises(CouldNotTell):
        _check(here)
    here.answers(report("code"))
    assert _check(here).ok


def test_the_cache_has_a_size_limit(here: Clone) -> None:
    for number in range(12):
        (here.root / "modules" / "bucket" / "main.tf").write_text(f"# {number}\n", encoding="utf-8")
        _check(here)
    assert len(list(here.folder.glob("code-*.json"))) == 8


def test_the_cache_keeps_no_value_of_the_plan(here: Clone) -> None:
    _check(here, {"platform": _saved(plan(secret_data="canary-7f3a"), "file-1")})
    assert all(b"canary-7f3a" not in file.read_bytes() for file in here.root.rglob("*") if file.is_file())


def test_another_environments_plan_is_refused(here: Clone) -> None:
    document = {**plan(), "variables": {"environment_file": {"value": "../../envs/prod.yaml"}}}
    with pytest.raises(
        UsageProblem, match=r"The plan of platform is for prod\.yaml, not for dev\.yaml: give the right --env\."
    ):
        _check(here, {"platform": _saved(document)})


def test_an_unfinished_plan_is_no_result(here: Clone) -> None:
    with pytest.raises(CouldNotTell, match="Terraform reported an error while planning"):
        _check(here, {"platform": _saved({**plan(), "errored": True})})


def test_anything_but_a_plan_is_refused(here: Clone) -> None:
    with pytest.raises(UsageProblem, match=r"is not a JSON plan: write it with `terraform show -json PLAN`"):
        _check(here, {"platform": _saved({"values": {}})})


def test_resources_whose_checks_are_left_out_are_named(here: Clone) -> None:
    here.answers(report("code", types=["google_container_cluster"]))
    (note,) = _check(here).notes
    assert note.startswith("google_container_cluster: ")
    assert note.endswith("select the ones you want in tools/policies/built_in.toml.")


def test_every_type_that_an_omission_names_would_be_noted(here: Clone) -> None:
    types = sorted({kind for one in catalogue.omissions() for kind in one.types})
    here.answers(report("code", types=types))
    assert len(_check(here).notes) == sum(bool(one.types) for one in catalogue.omissions())


def test_an_exception_is_called_unused_only_when_every_plan_was_checked(here: Clone) -> None:
    accepted = (exception("google_storage_bucket.nowhere"),)
    assert _check(here, {"platform": _saved(plan())}, exceptions=accepted).unused == ()
    both = {"bootstrap": _saved(plan()), "platform": _saved(plan())}
    assert _check(here, both, exceptions=accepted).unused == accepted


def test_a_repeated_plan_counts_as_the_same_plan(here: Clone) -> None:
    first = plan(name="x", soft_delete_policy=[{"effective_time": "2026-11-21T08:00:00Z"}], time_created="8", etag="a")
    second = plan(name="x", soft_delete_policy=[{"effective_time": "2026-11-21T09:00:00Z"}], time_created="9", etag="b")
    _check(here, {"platform": _saved(first)})
    assert _check(here, {"platform": _saved({**second, "relevant_attributes": [{"attribute": ["email"]}]})}).cached


@pytest.mark.parametrize(
    "change",
    [
        {"resource_changes": [{"address": "google_storage_bucket.b", "change": {"after_unknown": {"name": True}}}]},
        {"configuration": {"root_module": {"module_calls": {"b": {"source": "../modules/bucket"}}}}},
        {"prior_state": {"values": {"root_module": {"resources": [{"mode": "data", "address": "data.x.y"}]}}}},
    ],
    ids=["an unknown", "the module that it is written in", "a data source"],
)
def test_what_else_a_verdict_follows_from_is_a_change(here: Clone, change: dict[str, Any]) -> None:
    _check(here, {"platform": _saved(plan(name="x"))})
    assert not _check(here, {"platform": _saved({**plan(name="x"), **change})}).cached
