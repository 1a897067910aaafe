"""The record of a review: its contents, what counts as the same plan, and what an apply refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from groundwork.errors import UsageProblem
from groundwork.lifecycle.review_record import Record, differences, read, record


def _plan(**changes: dict[str, Any]) -> dict[str, Any]:
    base = {"actions": ["create"], "before": None, "after": {"name": "x"}, "after_unknown": {"id": True}}
    return {
        "resource_changes": [
            {"address": f"google_storage_bucket.{name}", "change": {**base, **change}}
            for name, change in changes.items()
        ]
    }


def _of(**changes: dict[str, Any]) -> Record:
    return record("dev", {"platform": _plan(**changes)})


def test_a_repeated_plan_has_the_same_record() -> None:
    first = _of(a={"after": {"name": "x", "updated": "8:00", "rule": [{"etag": "1"}]}})
    again = _of(a={"after": {"name": "x", "updated": "9:00", "rule": [{"etag": "2"}]}})
    assert differences(first, again) == []


@pytest.mark.parametrize(
    "change",
    [
        {"after": {"name": "y"}},
        {"actions": ["update"]},
        {"before": {"name": "w"}},
        {"after_unknown": {"id": True, "name": True}},
        {"importing": {"id": "x"}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_any_other_difference_is_another_plan(change: dict[str, Any]) -> None:
    assert differences(_of(a={}), _of(a=change)) == ["platform: changed since: google_storage_bucket.a"]


def test_additions_and_removals_are_named() -> None:
    assert differences(_of(a={}, b={}), _of(b={}, c={})) == [
        "platform: not reviewed: google_storage_bucket.c",
        "platform: no longer needed: google_storage_bucket.a",
    ]


def test_a_layer_that_was_not_reviewed_is_no_exception() -> None:
    now = record("dev", {"bootstrap": _plan(a={}), "platform": _plan()})
    assert differences(_of(), now) == ["bootstrap: not reviewed: google_storage_bucket.a"]


def test_what_changes_nothing_is_not_recorded() -> None:
    plan = {**_plan(a={"actions": ["no-op"]}, b={"actions": ["read"]})}
    plan["output_changes"] = {"url": {"actions": ["no-op"], "after": "x"}}
    assert record("dev", {"platform": plan}).layers == {"platform": {}}


def test_an_unchanged_import_is_recorded_and_so_is_an_output() -> None:
    plan = _plan(a={"actions": ["no-op"], "importing": {"id": "x"}})
    plan["output_changes"] = {"url": {"actions": ["create"], "after": "x"}}
    assert list(record("dev", {"platform": plan}).layers["platform"]) == ["google_storage_bucket.a", "output url"]


def test_a_record_contains_no_values_and_can_be_read_back(tmp_path: Path) -> None:
    written = _of(a={"after": {"secret_data": "canary-7f3a"}})
    file = tmp_path / "reviewed.json"
    file.write_text(written.text, encoding="utf-8")
    assert "canary-7f3a" not in written.text
    assert read(file) == written


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"format": 2, "environment": "dev", "layers": {}}', '{"format": 1, "environment": "dev"}'],
)
def test_an_invalid_record_is_refused_in_one_sentence(tmp_path: Path, content: str) -> None:
    file = tmp_path / "reviewed.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(
        UsageProblem, match=r"is not the record of a review: write one with `groundwork review --record .*`"
    ):
        read(file)


def test_the_record_is_stable_text() -> None:
    text = _of(b={}, a={}).text
    assert list(json.loads(text)["layers"]["platform"]) == ["google_storage_bucket.a", "google_storage_bucket.b"]
