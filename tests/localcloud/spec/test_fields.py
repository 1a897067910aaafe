"""Field masks and partial responses."""

from typing import Any

import pytest
from localcloud.errors import CloudError
from localcloud.spec.discovery import document
from localcloud.spec.fields import replaced, selected, updated

SCHEMAS = document("secretmanager", "v1").schemas
OLD: dict[str, Any] = {
    "name": "projects/p/secrets/s",
    "createTime": "then",
    "labels": {"a": "1", "b": "2"},
    "ttl": "5s",
    "rotation": {"rotationPeriod": "1s", "nextRotationTime": "t"},
}


def masked(sent: dict[str, Any], mask: str) -> dict[str, Any]:
    return updated(OLD, sent, mask, SCHEMAS, "Secret")


def test_only_the_masked_fields_change() -> None:
    assert masked({"labels": {"c": "3"}, "ttl": "9s"}, "labels") == OLD | {"labels": {"c": "3"}}


def test_a_masked_field_that_was_not_sent_is_cleared() -> None:
    assert "ttl" not in masked({}, "ttl")


@pytest.mark.parametrize("path", ["rotation.rotationPeriod", "rotation.rotation_period"])
def test_a_nested_path_has_two_spellings(path: str) -> None:
    assert masked({"rotation": {"rotationPeriod": "7s"}}, path)["rotation"] == {
        "rotationPeriod": "7s",
        "nextRotationTime": "t",
    }


def test_map_keys_are_used_literally_also_in_backticks() -> None:
    assert masked({"labels": {"a": "9", "x.y": "z"}}, "labels.a,labels.`x.y`")["labels"] == {
        "a": "9",
        "b": "2",
        "x.y": "z",
    }


def test_a_star_mask_replaces_all_but_server_assigned_fields() -> None:
    assert masked({"ttl": "8s"}, "*") == {"name": OLD["name"], "createTime": "then", "ttl": "8s"}


def test_output_only_fields_in_a_mask_are_ignored() -> None:
    assert masked({"createTime": "now"}, "createTime,create_time") == OLD


def test_an_unknown_path_is_refused_with_the_existing_fields() -> None:
    with pytest.raises(CloudError, match=r"'lables' names no field of Secret\. Fields are: .*labels"):
        masked({}, "lables")


def test_what_was_there_before_is_left_alone() -> None:
    before = {**OLD, "labels": dict(OLD["labels"])}
    masked({"labels": {"z": "1"}}, "labels.z")
    assert before == OLD


def test_a_full_update_keeps_what_the_server_assigned() -> None:
    assert replaced(OLD, {"ttl": "1s"}, SCHEMAS, "Secret") == {"name": OLD["name"], "createTime": "then", "ttl": "1s"}


@pytest.mark.parametrize(
    ("selector", "part"),
    [
        ("services/name,nextPageToken", {"services": [{"name": "x"}], "nextPageToken": "t"}),
        ("services(name,state)", {"services": [{"name": "x", "state": "ON"}]}),
        ("services/config/title", {"services": [{"config": {"title": "X"}}]}),
        ("services(config/title),nextPageToken", {"services": [{"config": {"title": "X"}}], "nextPageToken": "t"}),
        ("next_page_token", {"nextPageToken": "t"}),
        ("*/name", {"services": [{"name": "x"}], "nextPageToken": "t"}),
    ],
)
def test_fields_selects_a_part_of_the_answer(selector: str, part: dict[str, Any]) -> None:
    service = {"name": "x", "state": "ON", "config": {"title": "X", "name": "x"}}
    assert selected({"services": [service], "nextPageToken": "t"}, selector) == part


@pytest.mark.parametrize(
    "selector", ["a(" * 1500, "(", ")", "/", "a(b", "a)", "a,", ",a", "a(b))", "a(b)c", "a//b", "a()", "x" * 5000]
)
def test_an_invalid_selector_is_refused(selector: str) -> None:
    with pytest.raises(CloudError) as caught:
        selected({"a": 1}, selector)
    assert caught.value.code == 400


@pytest.mark.parametrize("mask", [".", "a..b", "a.", ".a", "`", "labels.`", "``"])
def test_a_mask_that_is_not_a_path_is_refused(mask: str) -> None:
    with pytest.raises(CloudError, match="is not a path of fields"):
        updated({}, {}, mask, {"Thing": {"properties": {"labels": {"additionalProperties": {}}}}}, "Thing")
