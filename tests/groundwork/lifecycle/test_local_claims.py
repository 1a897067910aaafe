"""The local cloud is neither stopped nor emptied while a command runs, and no old state returns after a reset."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from groundwork.environment.checkout import Checkout
from groundwork.errors import StateLocked
from groundwork.lifecycle import local_claims, recovery
from groundwork.terraform import runs
from groundwork.terraform.liveness import birth

from tests.small_clone import ROOT


@pytest.fixture
def checkout(tmp_path: Path, local_clone: Checkout) -> Checkout:
    """A clone in which `up` has been at work on the local cloud ("mine") and on Google Cloud ("dev")."""
    (tmp_path / "envs").mkdir()
    shutil.copy(ROOT / "envs" / "schema.json", tmp_path / "envs")
    for name, cloud in (("mine", "cloud: local\n"), ("dev", "")):
        (tmp_path / "envs" / f"{name}.yaml").write_text(f"{cloud}project: team-{name}-1\nregion: europe-west1\n")
        with runs.alone(tmp_path / ".groundwork" / name, runs.this_run("up", name)):
            pass
    (tmp_path / ".groundwork" / "local").symlink_to(local_clone.local_state)
    return Checkout(tmp_path)


def test_the_running_command_is_named(checkout: Checkout) -> None:
    with (
        runs.alone(checkout.runs / "mine", runs.this_run("up", "mine")),
        pytest.raises(StateLocked, match="The state of mine is locked by `groundwork up`"),
        local_claims.claimed(checkout, "local reset"),
    ):
        pytest.fail("two at once")


def test_no_run_starts_during_a_reset(checkout: Checkout) -> None:
    with (
        local_claims.claimed(checkout, "local reset"),
        pytest.raises(StateLocked, match="`groundwork local reset`"),
        runs.alone(checkout.runs / "mine", runs.this_run("up", "mine")),
    ):
        pytest.fail("two at once")


def test_a_terraform_that_lost_its_groundwork_is_waited_for(checkout: Checkout) -> None:
    run = runs.this_run("up", "mine", "platform", "apply")
    me = os.getpid()
    runs.write(checkout.data("mine", "platform"), replace(run, child=me, child_born=birth(me)))
    with pytest.raises(StateLocked, match="is still working on mine"), local_claims.claimed(checkout, "local stop"):
        pytest.fail("two at once")


def test_work_on_google_cloud_continues(checkout: Checkout) -> None:
    with runs.alone(checkout.runs / "dev", runs.this_run("up", "dev")), local_claims.claimed(checkout, "local stop"):
        pass


def test_no_state_of_before_is_uploaded_to_the_emptied_cloud(checkout: Checkout) -> None:
    left = [
        checkout.data(name, "platform") / file for name in ("mine", "dev") for file in (recovery.STATE, recovery.EVENTS)
    ]
    for file in left:
        file.parent.mkdir(exist_ok=True)
        file.touch()
    local_claims.empty(checkout)
    assert [file.exists() for file in left] == [False, False, True, True]
