"""Killed with -9 in the middle of `up`, at ten points each: groundwork, Terraform, the local cloud. `up` run again finishes."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from groundwork.environment.checkout import LAYERS
from groundwork.errors import Exit
from groundwork.google import local
from groundwork.resources import inventory
from groundwork.terraform import runs
from groundwork.terraform.state import read_lock, read_state

from tests.groundwork.clone import Clone, cloned
from tests.polling import until

POINTS = range(10)
ONE = 4
# How many steps both layers take: start and end of each resource.
STEPS = 62
# So that there is a middle to kill in: every call of an API takes a little. Were it longer, what Terraform asked for when it was killed
# could still be created after the next `up` has looked for it.
SLOW = {"method": "*", "kind": "latency", "seconds": 0.1}
MADE = {
    ("bucket", "small-clone-tfstate"),
    ("bucket", "small-clone-data"),
    ("bucket", "small-clone-kept"),
    ("image repository", "images"),
    ("secret", "key"),
    ("service account", "groundwork-deployer@small-clone.iam.gserviceaccount.com"),
    ("service account", "groundwork-train@small-clone.iam.gserviceaccount.com"),
    ("custom role", "groundwork_viewer"),
    ("custom role", "groundwork_data_scientist"),
    ("custom role", "groundwork_ml_engineer"),
    ("custom role", "groundwork_operator"),
}
Victim = Callable[[Clone, "subprocess.Popen[str]"], int]


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Clone]:
    with cloned(tmp_path) as clone:
        local.start(clone.checkout)
        yield clone


def groundwork(_clone: Clone, child: subprocess.Popen[str]) -> int:
    return child.pid


def terraform(clone: Clone, _child: subprocess.Popen[str]) -> int:
    working = [run.child for layer in LAYERS if (run := runs.read(clone.session().data(layer))) and run.at_work]
    return working[-1] if working else 0


def cloud(clone: Clone, _child: subprocess.Popen[str]) -> int:
    found = local.find(clone.checkout)
    assert found is not None
    return found.pid


def steps(clone: Clone) -> int:
    """The number of apply steps that Terraform has reported, in both layers."""
    logs = (clone.root / ".groundwork" / "small" / layer / "apply.ndjson" for layer in LAYERS)
    return sum(log.read_text("utf-8").count('"type":"apply_') for log in logs if log.exists())


def finishes(clone: Clone) -> None:
    """Another `up` succeeds, and everything exists once and is in the state."""
    again = clone.run("up", "--env", "small")
    assert again.returncode == 0, again.stderr
    plan = clone.run("plan", "--env", "small", "--detailed-exitcode")
    assert plan.returncode == Exit.OK, plan.stderr
    found = inventory.take(clone.cloud)
    assert {(item.kind, item.short) for item in found.items} == MADE
    assert not found.unknown
    known = frozenset[str]().union(
        *(inventory.known_to(read_state(clone.cloud, clone.session().place(layer))) for layer in LAYERS)
    )
    assert inventory.beside(found, known) == ()
    assert [read_lock(clone.cloud, clone.session().place(layer)) for layer in LAYERS] == [None, None]


def kill_in_the_middle(clone: Clone, point: int, victim: Victim) -> subprocess.CompletedProcess[str]:
    """Start `up`, kill the victim at this point of ten, and wait for the remaining processes."""
    clone.set_faults(SLOW)
    with clone.start("up", "--env", "small") as child:
        until(lambda: steps(clone) >= 1 + point * STEPS // len(POINTS) or child.poll() is not None)
        pid = 0
        while not pid:
            assert child.poll() is None, child.communicate()
            pid = victim(clone, child)
        os.kill(pid, signal.SIGKILL)
        if victim is not cloud:
            clone.clear_faults()
        out, err = child.communicate()
    return subprocess.CompletedProcess(child.args, child.returncode, out, err)


def survives(clone: Clone, point: int, victim: Victim) -> None:
    """A local cloud that dies is restarted during the run, which may then succeed; the others cannot."""
    ended = kill_in_the_middle(clone, point, victim)
    assert ended.returncode != 0 or victim is cloud
    assert "Traceback" not in ended.stderr
    finishes(clone)


@pytest.mark.parametrize("victim", [groundwork, terraform, pytest.param(cloud, marks=pytest.mark.slow)])
def test_killed_in_the_middle_up_again_finishes(clone: Clone, victim: Victim) -> None:
    survives(clone, ONE, victim)


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("victim", [groundwork, terraform, cloud])
def test_killed_at_any_point_up_again_finishes(clone: Clone, victim: Victim, point: int) -> None:
    survives(clone, point, victim)
