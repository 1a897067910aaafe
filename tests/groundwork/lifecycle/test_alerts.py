"""An alert from the file opens by itself, the status lists it, and it closes again."""

from __future__ import annotations

import json

import pytest
from groundwork.google import local
from localcloud.server import launcher

from tests.groundwork.lifecycle.test_examples import Clone, clone

__all__ = ["clone"]
pytestmark = pytest.mark.slow
NAME = "cats-dogs"


def _open(clone: Clone) -> list[str]:
    runs = json.loads(clone.run("status", "--env", NAME, "--json"))["runs"]
    assert runs["unknown"] == []
    return [one["name"] for one in runs["alerts"]]


def test_a_deployment_notifies_and_its_incident_closes_in_time(clone: Clone) -> None:
    clone.run("up", "--env", NAME, "--yes")
    assert _open(clone) == [f"{NAME}: a service was deployed"]
    found = local.find(clone.checkout)
    assert found is not None
    launcher.control(found, "POST", "/_local/clock", {"advance_seconds": 3600})
    assert _open(clone) == []
    clone.run("plan", "--env", NAME, "--detailed-exitcode")
