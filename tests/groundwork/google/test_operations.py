"""Long-running operations: waited for in both of Google's forms, and their failure is reported in one sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from groundwork.errors import GroundworkError
from groundwork.google import operations

from tests.groundwork.resources.google_lists import PROJECT, Script, scripted

NAME = f"projects/{PROJECT}/locations/europe-west1/operations/7"
COMPUTE = f"projects/{PROJECT}/zones/europe-west1-b/operations/7"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[Script]:
    monkeypatch.setattr(operations, "_WAITS", (0, 0, 0))
    with scripted() as script:
        yield script


@pytest.mark.parametrize(
    ("path", "started", "ended"),
    [
        (f"/run/v2/{NAME}", {"name": NAME}, {"name": NAME, "done": True}),
        (
            f"/compute/v1/{COMPUTE}",
            {"operationType": "delete", "selfLink": f"https://www.googleapis.com/compute/v1/{COMPUTE}"},
            {"status": "DONE"},
        ),
    ],
    ids=["most APIs", "Compute Engine"],
)
def test_an_operation_is_polled_until_it_has_ended(
    script: Script, path: str, started: Mapping[str, Any], ended: Mapping[str, Any]
) -> None:
    script.answers[path] = lambda: ended if len(script.asked) == 2 else started
    api, version = path.split("/")[1:3]
    operations.finish(script.cloud, api, version, started, "delete it")
    assert script.asked == [("GET", path)] * 2


@pytest.mark.parametrize("answer", [{}, {"name": "projects/p/topics/t"}, {"name": NAME, "done": True}])
def test_anything_but_a_running_operation_is_not_polled(script: Script, answer: Mapping[str, Any]) -> None:
    operations.finish(script.cloud, "run", "v2", answer, "delete it")
    assert script.asked == []


@pytest.mark.parametrize(
    "error",
    [{"message": "It is in use."}, {"errors": [{"message": "It is in use."}]}],
    ids=["most APIs", "Compute Engine"],
)
def test_a_failure_says_what_failed_and_why(script: Script, error: Mapping[str, Any]) -> None:
    with pytest.raises(GroundworkError, match=r"^Google could not delete it: It is in use\.$"):
        operations.finish(script.cloud, "run", "v2", {"name": NAME, "done": True, "error": error}, "delete it")


def test_one_that_does_not_end_is_reported(script: Script) -> None:
    script.answers[f"/run/v2/{NAME}"] = {"name": NAME}
    with pytest.raises(GroundworkError, match="asked to delete it and has not finished after ten minutes"):
        operations.finish(script.cloud, "run", "v2", {"name": NAME}, "delete it")
