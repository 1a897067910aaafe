"""Substitutions: placeholders as bash has them, built-in keys, and keys that a build must know."""

from __future__ import annotations

import pytest
from localcloud.errors import CloudError
from localcloud.services.cloudbuild import substitutions

from tests.localcloud.inside import NUMBER, PROJECT, Inside
from tests.localcloud.services.builds_inside import (
    BASE,
    LOGGED,
    REGION,
    cloud,
    submitted,
)

__all__ = ["cloud"]


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("$_A and ${_A}", "main and main"),
        ("$$_A", "$_A"),
        ("$lower $1 $(x)", "$lower $1 $(x)"),
        ("${_A:1:2}", "ai"),
        ("${_A:-other} ${_EMPTY:-other}", "main other"),
        ("${_PATH#*/} ${_PATH##*/}", "b/c c"),
        ("${_PATH%/*} ${_PATH%%/*}", "a/b a"),
        ("${_PATH/\\//-} ${_PATH//\\//-}", "a-b/c a-b-c"),
        ("${_A^^} ${_A^}", "MAIN Main"),
        ("${_A#*} ${_A##*} ${_A%*} ${_A%%*}", "main  main "),
        ("${_A#?} ${_A%[!a-m]} ${_A##[^x]*i} ${_A/[]a\\^]/-}", "ain mai n m-in"),
        ("${_PATH%/?*} ${_PATH%%/?*} ${_PATH//[ab]/.}", "a/b a ././c"),
        ("${_DOTS##*.} ${_DOTS//./-} ${_DOTS#a.}", "c a-b-c b.c"),
    ],
)
def test_a_placeholder_is_replaced_as_bash_does(text: str, result: str) -> None:
    values = {"_A": "main", "_EMPTY": "", "_PATH": "a/b/c", "_DOTS": "a.b.c"}
    found = substitutions.applied({"tags": [text]}, values, dynamic=True, loose=False)
    assert found["tags"] == [result]


def test_values_may_name_each_other_but_in_no_circle() -> None:
    found = substitutions.resolved({"_B": "x-$_A", "_A": "1"}, dynamic=True)
    assert found["_B"] == "x-1"
    with pytest.raises(CloudError, match="cycle"):
        substitutions.resolved({"_A": "$_B.", "_B": "$_A."}, dynamic=True)


@pytest.mark.parametrize("text", ["$_A" * 1_000_000, "${_A##*b}" * 1_000_000, "${_A//x/$_A$_A}" * 100_000])
def test_substitutions_put_no_more_into_a_build_than_it_may_have(text: str) -> None:
    values = {"_A": "x" * 4000}
    with pytest.raises(CloudError, match="make the build too long"):
        substitutions.applied({"steps": [{"args": [text]}], "substitutions": values}, values, dynamic=True, loose=True)


@pytest.mark.parametrize("text", ["${_A" * 300_000, "}" + "${_A##" * 200_000, "${_A:" * 200_000])
def test_a_placeholder_that_does_not_end_is_text(text: str) -> None:
    assert substitutions.applied({"tags": [text]}, {"_A": "x"}, dynamic=True, loose=False)["tags"] == [text]


def test_an_operation_takes_no_value_that_others_have_made_too_long() -> None:
    values = substitutions.resolved({"_A": "a" * 4000, "_B": "$_A$_A"}, dynamic=True)
    with pytest.raises(CloudError, match="has a value of more than 4000 characters"):
        substitutions.applied({"tags": ["${_B//a*b/x}"]}, values, dynamic=True, loose=True)
    with pytest.raises(CloudError, match="has a pattern that cannot be read"):
        substitutions.applied({"tags": ["${_A//[z-a]/x}"]}, values, dynamic=True, loose=True)


def test_every_key_is_known_and_used_unless_loose(cloud: Inside) -> None:
    unknown = {"steps": [{"name": "x", "args": ["$_TAG"]}], **LOGGED}
    response = cloud("POST", f"{BASE}/builds", unknown)
    assert 'key in the template "_TAG" is not a valid built-in substitution' in response.message
    unused = {"steps": [{"name": "x"}], "substitutions": {"_TAG": "1"}, **LOGGED}
    response = cloud("POST", f"{BASE}/builds", unused)
    assert 'key "_TAG" in the substitution data is not matched in the template' in response.message
    response = cloud("POST", f"{BASE}/builds", {"steps": [{"name": "x"}], "substitutions": {"TAG": "1"}, **LOGGED})
    assert "is not an overridable built-in" in response.message
    loose = {**unused, "options": {"substitutionOption": "ALLOW_LOOSE", **LOGGED["options"]}}
    assert submitted(cloud, loose)["substitutions"] == {"_TAG": "1"}


def test_built_in_keys_are_filled_in(cloud: Inside) -> None:
    step = {
        "name": "x",
        "args": ["$PROJECT_ID", "$PROJECT_NUMBER", "$LOCATION", "$COMMIT_SHA.", "$$HOME"],
        "script": "",
    }
    build = submitted(cloud, {"steps": [step], **LOGGED}, REGION)
    assert build["steps"][0]["args"] == [PROJECT, NUMBER, "europe-west1", ".", "$HOME"]
    assert build["name"] == f"projects/{NUMBER}/locations/europe-west1/builds/{build['id']}"
