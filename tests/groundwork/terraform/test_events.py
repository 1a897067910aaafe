"""Terraform's machine-readable lines are parsed, and no line can break the parser."""

from __future__ import annotations

import json
from typing import Any

import pytest
from groundwork.terraform.events import (
    Diagnostic,
    OutputLine,
    Outputs,
    PlannedChange,
    Refresh,
    Step,
    Summary,
    document,
    parse,
)

RESOURCE = {
    "addr": 'module.buckets["data"].google_storage_bucket.bucket',
    "module": 'module.buckets["data"]',
    "resource_type": "google_storage_bucket",
    "resource_name": "bucket",
    "resource_key": None,
}


def line(**data: Any) -> str:
    return json.dumps({"@level": "info", "@message": "words", **data})


def test_a_planned_change_names_resource_and_action() -> None:
    event = parse(line(type="planned_change", change={"resource": RESOURCE, "action": "update"}))
    assert event == PlannedChange(RESOURCE["addr"], RESOURCE["module"], "google_storage_bucket", "bucket", "update")


@pytest.mark.parametrize(
    ("kind", "stage"),
    [
        ("apply_start", "start"),
        ("apply_progress", "progress"),
        ("apply_complete", "complete"),
        ("apply_errored", "errored"),
    ],
)
def test_each_stage_of_an_apply_is_a_step(kind: str, stage: str) -> None:
    hook = {"resource": RESOURCE, "action": "create", "elapsed_seconds": 3, "id_key": "id", "id_value": "p-data"}
    event = parse(line(type=kind, hook=hook))
    assert isinstance(event, Step)
    assert (event.stage, event.seconds, event.id) == (stage, 3.0, "p-data")


def test_a_diagnostic_keeps_its_place_and_resource() -> None:
    body = {
        "severity": "error",
        "summary": "Error creating Bucket",
        "detail": "googleapi: Error 409",
        "address": RESOURCE["addr"],
        "range": {"filename": "main.tf", "start": {"line": 12}},
    }
    event = parse(line(type="diagnostic", diagnostic=body))
    assert event == Diagnostic(
        "error", "Error creating Bucket", "googleapi: Error 409", str(RESOURCE["addr"]), "main.tf:12"
    )


def test_outputs_without_a_value_are_left_out() -> None:
    outputs = {"open": {"sensitive": False, "value": 1}, "secret": {"sensitive": True}}
    assert parse(line(type="outputs", outputs=outputs)) == Outputs({"open": 1})


def test_a_summary_counts() -> None:
    event = parse(
        line(type="change_summary", changes={"add": 2, "change": 1, "import": 1, "remove": 0, "operation": "plan"})
    )
    assert event == Summary("plan", 2, 1, 0, 1)


def test_a_refresh_says_whether_it_is_done() -> None:
    hook = {"resource": RESOURCE}
    assert parse(line(type="refresh_complete", hook=hook)) == Refresh(str(RESOURCE["addr"]), done=True)


@pytest.mark.parametrize("text", ["plain words", "", "[1, 2]", '"quoted"', "{half"])
def test_anything_but_a_json_object_stays_text(text: str) -> None:
    assert parse(text) == OutputLine(text)


def test_an_unknown_type_is_its_message() -> None:
    assert parse(line(type="something_new")) == OutputLine("words")


@pytest.mark.parametrize("before", ["", "\nWarning: Unable to open {the} file\n\nIt does not exist.\n"])
def test_a_document_is_read_after_preceding_warnings(before: str) -> None:
    assert document(f'{before}{{\n  "terraform_version": "1.12.6"\n}}\n') == {"terraform_version": "1.12.6"}


@pytest.mark.parametrize("text", ["", "hello", "[]", "{", "Warning\n{"])
def test_an_invalid_document_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"substring not found|Expecting property name"):
        document(text)
