"""A workstation stops by itself, is paused and resumed, and Terraform takes no notice; a new limit keeps its disk."""

from __future__ import annotations

import json

import pytest
from groundwork.google import local
from localcloud.server import launcher

from tests.groundwork.lifecycle.test_examples import Clone, clone

__all__ = ["clone"]
pytestmark = pytest.mark.slow
NAME = "flowers-signs"


def _running(clone: Clone) -> list[str]:
    status = json.loads(clone.run("status", "--env", NAME, "--json"))
    return [one["name"] for one in status["runs"]["running"] if one["kind"] == "instance"]


def _disk(clone: Clone) -> str:
    environment = clone.environment(NAME)
    path = f"v1/projects/{environment.project}/zones/europe-west1-b/disks/work"
    return str(clone.cloud(NAME).request("GET", "compute", path)["id"])


def test_a_workstation_stops_rests_and_starts_again(clone: Clone) -> None:
    clone.run("up", "--env", NAME, "--yes")
    assert _running(clone) == ["work"]
    assert "$0.06 an hour" in clone.run("status", "--env", NAME)
    assert "--tunnel-through-iap" in clone.run("output", "--env", NAME)

    found = local.find(clone.checkout)
    assert found is not None
    launcher.control(found, "POST", "/_local/clock", {"advance_seconds": 12.1 * 3600})
    assert _running(clone) == []
    clone.run("plan", "--env", NAME, "--detailed-exitcode")

    iris = ("--env", NAME, "--as", "iris@example.com")
    assert "`pause` did not stop it" in clone.run("resume", *iris, "--yes")
    assert _running(clone) == []
    assert "which costs $0.06 an hour" in clone.run("resume", "work", *iris, "--dry-run")
    clone.run("resume", "work", *iris, code=9)
    clone.run("resume", "work", *iris, "--yes")
    assert _running(clone) == ["work"]
    assert "stopped  instance work" in clone.run("pause", *iris, "--yes")
    assert "Nothing that could be stopped runs" in clone.run("pause", *iris)
    clone.run("resume", *iris, "--yes")
    assert _running(clone) == ["work"]
    assert "noted in this clone only" not in clone.run("pause", "--env", NAME, "--yes")
    rows = launcher.control(found, "GET", "/_local/requests")["requests"]
    changes = [row["path"] for row in rows if row["method"] in ("storage.objects.insert", "compute.instances.stop")]
    assert [path.rpartition("/")[2] for path in changes[-2:]] == ["o", "stop"], (
        "an interrupted pause would leave no note"
    )
    clone.run("resume", "--env", NAME, "--yes")
    assert _running(clone) == ["work"]
    clone.run("pause", *iris, "--yes")
    clone.run("pause", "--env", NAME, "--as", "zoe@example.net", "--yes", code=8)
    clone.run("plan", "--env", NAME, "--detailed-exitcode")

    disk, file = _disk(clone), clone.root / "envs" / "examples" / f"{NAME}.yaml"
    file.write_text(
        file.read_text().replace("machine_type: n1-standard-1", "machine_type: n1-standard-1, max_hours: 2")
    )
    clone.run("up", "--env", NAME, "--yes")
    clone.run("plan", "--env", NAME, "--detailed-exitcode")
    assert _disk(clone) == disk
    clone.run("verify", "--env", NAME)
    clone.run("down", "--env", NAME, "--yes")
