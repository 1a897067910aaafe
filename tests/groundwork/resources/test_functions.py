"""What Google makes for a function belongs to it, and to nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from groundwork.resources.inventory import Inventory, beside
from groundwork.resources.item import Item

HERE = "projects/team/locations/europe-west1"
KNOWN = frozenset({"locations/europe-west1/functions/preprocess"})
OF_FUNCTIONS = {"labels": {"goog-managed-by": "cloudfunctions"}}


def target(name: str) -> dict[str, Any]:
    """A trigger's body."""
    return {"destination": {"cloudFunction": f"{HERE}/functions/{name}"}}


@pytest.mark.parametrize(
    ("kind", "name", "body"),
    [
        ("Run service", f"{HERE}/services/preprocess", OF_FUNCTIONS),
        ("event trigger", f"{HERE}/triggers/preprocess-123456", target("preprocess")),
        ("topic", "projects/team/topics/eventarc-europe-west1-preprocess-123456-789", {}),
        ("subscription", "projects/team/subscriptions/eventarc-europe-west1-preprocess-123456-sub-789", {}),
        ("bucket", "gcf-v2-sources-1234567890-europe-west1", {}),
        ("bucket", "gcf-v2-uploads-1234567890-europe-west1", {}),
    ],
)
def test_it_is_not_left_over_while_its_function_is_known(kind: str, name: str, body: dict[str, Any]) -> None:
    found = Inventory((Item(kind, name, body),), {}, 1)
    assert beside(found, KNOWN) == ()
    assert beside(found, frozenset()) == found.items


@pytest.mark.parametrize(
    ("kind", "name", "body"),
    [
        ("Run service", f"{HERE}/services/preprocess", {}),
        ("Run service", f"{HERE}/services/other", OF_FUNCTIONS),
        (
            "event trigger",
            f"{HERE}/triggers/preprocess-123456",
            {"destination": {"cloudRun": {"service": "preprocess"}}},
        ),
        ("event trigger", f"{HERE}/triggers/other-123456", target("other")),
        ("topic", "projects/team/topics/eventarc-europe-west1-other-123456-789", {}),
        ("topic", "projects/team/topics/preprocess", {}),
        ("bucket", "gcf-v2-sources-1234567890-us-central1", {}),
        ("bucket", "team-functions", {}),
    ],
)
def test_what_others_made_is_left_over(kind: str, name: str, body: dict[str, Any]) -> None:
    found = Inventory((Item(kind, name, body),), {}, 1)
    assert beside(found, KNOWN) == found.items
