"""`groundwork review`, and `up --reviewed` after it, on the local cloud."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.groundwork.clone import Clone, cloned


@dataclass(frozen=True)
class Reviewed:
    """A clone, and the review that was made in it."""

    clone: Clone
    code: int
    page: Path
    record: Path
    shown: str


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reviewed]:
    with cloned(tmp_path_factory.mktemp("reviewed")) as clone:
        page, record = clone.root / "summary.md", clone.root / "reviewed.json"
        page.write_text("before\n", encoding="utf-8")
        options = [f"--markdown={page}", f"--record={record}", "--detailed-exitcode"]
        result = clone.run("review", "--env", "small", *options)
        yield Reviewed(clone, result.returncode, page, record, result.stdout)


def test_the_page_says_plan_cost_and_policy_and_is_added_to_the_summary(reviewed: Reviewed) -> None:
    page = reviewed.page.read_text(encoding="utf-8")
    assert page == "before\n" + reviewed.shown
    assert page.startswith("before\n# small: ")
    assert "Planned on the local cloud (simulated)." in page
    assert "  + bucket data" in page
    assert "\n## Cost\n\nCost: " in page
    assert "\n## Policy: passed\n" in page


def test_the_page_has_a_map_on_which_what_comes_is_marked(reviewed: Reviewed) -> None:
    diagram = reviewed.page.read_text(encoding="utf-8").partition("```mermaid\n")[2].partition("```")[0]
    assert diagram.startswith("flowchart LR\n")
    assert '["+ data<br><small>bucket</small>"]' in diagram
    assert "classDef comes" in diagram


def test_it_exits_with_3_when_something_would_change(reviewed: Reviewed) -> None:
    assert reviewed.code == 3


def test_the_record_has_every_change_of_every_layer(reviewed: Reviewed) -> None:
    layers = json.loads(reviewed.record.read_text(encoding="utf-8"))["layers"]
    assert sorted(layers) == ["bootstrap", "platform"]
    assert 'module.buckets["data"].google_storage_bucket.bucket' in layers["platform"]
    assert "output buckets" in layers["platform"]


def test_json_has_every_resource_before_and_after_as_plan_has_it(reviewed: Reviewed) -> None:
    planned, output = (
        json.loads(reviewed.clone.run(command, "--env", "small", "--json").stdout) for command in ("plan", "review")
    )
    assert sorted(output["resources"], key=str) == sorted(planned["resources"], key=str)
    bucket = next(one for one in output["resources"] if one["component"] == "bucket data" and not one["before"])
    assert bucket["after"]["project"] == "small-clone"
    assert {key: output[key] for key in ("pending", "changes", "imports")} == {
        key: planned[key] for key in ("pending", "changes", "imports")
    }


def test_a_plan_other_than_the_reviewed_one_is_refused_and_nothing_is_changed(reviewed: Reviewed) -> None:
    reviewed.clone.rewrite("  kept: {}", "  kept: {storage_class: NEARLINE}")
    result = reviewed.clone.run("up", "--env", "small", "--reviewed", str(reviewed.record))
    reviewed.clone.rewrite("  kept: {storage_class: NEARLINE}", "  kept: {}")
    assert result.returncode == 9
    assert "The plan of small is not the one that was reviewed: nothing was changed." in result.stderr
    assert 'platform: changed since: module.buckets["kept"].google_storage_bucket.bucket' in result.stderr


def test_the_reviewed_plan_is_applied_and_there_is_no_drift_afterwards(reviewed: Reviewed) -> None:
    result = reviewed.clone.run("up", "--env", "small", "--reviewed", str(reviewed.record))
    assert result.returncode == 0, result.stderr
    after = reviewed.clone.run("review", "--env", "small", "--json", "--detailed-exitcode")
    assert after.returncode == 0, after.stderr
    assert json.loads(after.stdout)["pending"] is False


def test_a_review_of_another_environment_is_refused(reviewed: Reviewed) -> None:
    other = reviewed.clone.root / "other.json"
    other.write_text(reviewed.record.read_text(encoding="utf-8").replace('"small"', '"big"'), encoding="utf-8")
    result = reviewed.clone.run("up", "--env", "small", "--reviewed", str(other))
    assert result.returncode == 9
    assert "records a review of big, not of small." in result.stderr
