"""Cron expressions that are accepted, and one that no number can hold; broken_environments/schedules.yaml has the sentences."""

from __future__ import annotations

import pytest
from groundwork.environment.schedules import objections


@pytest.mark.parametrize(
    "cron",
    ["0 6 * * 1", "*/15 8-18 * * MON-FRI", "0 0 1,15 JAN,JUL *", "59 23 31 12 7", "0 0 29 FEB *", "0 6 31 2 1", "0-30/10 * * * 0"],
)  # fmt: skip
def test_what_google_documents_is_accepted(cron: str) -> None:
    assert list(objections(("jobs", "drift"), {"schedule": cron, "time_zone": "Europe/Copenhagen"})) == []


@pytest.mark.parametrize(
    "cron", [f"{5000 * '1'} 6 * * *", "0 6 31 4,6 *", "1-5-7 * * * *", "*/5/2 * * * *", ", * * * *"]
)
def test_what_cannot_be_read_or_never_comes_is_a_mistake(cron: str) -> None:
    ((place, sentence),) = objections(("jobs", "drift"), {"schedule": cron})
    assert place == ("jobs", "drift", "schedule")
    assert sentence.endswith(".")


def test_a_zone_that_is_a_folder_of_zones_is_none() -> None:
    ((_, sentence),) = objections(("jobs", "drift"), {"schedule": "0 6 * * 1", "time_zone": "Europe"})
    assert "which is no time zone" in sentence
