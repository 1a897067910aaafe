"""Functions that could not be built are built again by the next `up`, which says what came of it."""

from __future__ import annotations

from typing import Any

import pytest
from groundwork.google.cloud import google_cloud
from groundwork.lifecycle import unbuilt

from tests.groundwork.at_google import Google


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ([], []),
        ([{"type": "Simulated", "message": "in Python only"}], []),
        (
            [{"type": "NotBuilt", "message": "its image cannot be pulled"}],
            [
                "function resize: building again what could not be built before",
                "function resize: its image cannot be pulled",
            ],
        ),
    ],
)
def test_what_was_not_built_is_tried_again(google: Google, messages: list[Any], said: list[str]) -> None:
    google.log_in()
    project = google.clone.project
    path = f"cloudfunctions.googleapis.com/v2/projects/{project}/locations/europe-west1/functions/resize"
    google.proxy.scripted[f"GET {path}"] = (200, {"labels": {"team": "a"}, "stateMessages": messages})
    google.proxy.scripted[f"PATCH {path}"] = (200, {"name": f"projects/{project}/operations/1", "done": True})
    lines: list[str] = []
    unbuilt.build(google_cloud(google.environment.project), google.environment, ["resize", "none"], lines.append)
    assert lines == said
