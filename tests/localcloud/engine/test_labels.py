"""Labels of resources."""

import pytest
from localcloud.engine.labels import problem


@pytest.mark.parametrize("labels", [{}, {"a": ""}, {"team_1-x": "0-_"}, {"équipe": "été"}, {"a" * 63: "b" * 63}])
def test_labels_that_are_accepted(labels: dict[str, str]) -> None:
    assert problem(labels, "bucket") == ""


@pytest.mark.parametrize("key", ["", "Team", "a b", "1a", "_a", "-a", "a.b", "a/b", "a" * 64, "ÉQUIPE"])
def test_keys_that_are_refused(key: str) -> None:
    assert f"The label {key}=x is not valid" in problem({key: "x"}, "bucket")


@pytest.mark.parametrize("value", ["X", "b c", "b.c", "b" * 64])
def test_values_that_are_refused(value: str) -> None:
    assert f"The label a={value} is not valid" in problem({"a": value}, "bucket")


def test_there_are_at_most_64() -> None:
    labels = {f"k{number}": "v" for number in range(65)}
    assert problem(labels, "bucket") == "A bucket may have 64 labels; this one has 65."
