"""The local cloud: restarted when it dies while Terraform runs, and as slow as Google to take effect if a profile says so."""

from __future__ import annotations

import subprocess
from pathlib import Path
from threading import Event

import pytest
from groundwork.environment.checkout import Checkout
from groundwork.errors import GroundworkError
from groundwork.google import local
from groundwork.google.waiting import PROMPT
from localcloud.server import launcher

from tests.local_project import running


def test_a_local_cloud_that_cannot_be_restarted_is_reported_once(tmp_path: Path) -> None:
    (tmp_path / ".groundwork").touch()
    messages: list[str] = []
    refused = Event()

    def say(text: str) -> None:
        messages.append(text)
        if "cannot keep its state" in text:
            refused.set()

    with local.kept_running(Checkout(tmp_path), say):
        assert refused.wait(60)
    assert [line.partition(";")[0].partition(" in ")[0] for line in messages] == [
        "the local cloud died and is being restarted",
        "The local cloud cannot keep its state",
    ]


def test_a_profile_applies_until_it_is_ended_and_waits_by_moving_the_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path) as clone:
        assert local.patience(local.start(clone)) == PROMPT
        monkeypatch.setenv(local.PROFILE_VARIABLE, "as-google")
        assert local.start(clone).profile == "as-google"
        monkeypatch.delenv(local.PROFILE_VARIABLE)
        late = local.start(clone)
        assert (late.profile, local.patience(late).late) == ("as-google", True)
        local.patience(late).sleep(420)
        assert launcher.control(late, "GET", "/_local/clock")["offset_seconds"] == 420
        local.behave(clone, "")
        assert local.patience(local.start(clone)) == PROMPT


def test_an_unknown_profile_is_reported_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(tmp_path) as clone:
        monkeypatch.setenv(local.PROFILE_VARIABLE, "as-amazon")
        with pytest.raises(GroundworkError, match='there are as-google, and "" for none'):
            local.start(clone)


def test_a_folder_replaces_a_repository_and_anything_else_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "app"
    folder.mkdir()
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    with running(tmp_path / "clone") as clone:
        found = local.repositories(clone, "https://github.com/team/app.git", str(folder))
        assert found == {"folders": {"github.com/team/app": str(folder)}, "completed": []}
        assert local.pushes(clone) == []
        with pytest.raises(GroundworkError, match="is not a folder on this machine"):
            local.repositories(clone, "https://github.com/team/app", "nowhere")
        with pytest.raises(GroundworkError, match="is not a git repository: run `git init` there"):
            local.repositories(clone, "https://github.com/team/app", str(tmp_path))
        with pytest.raises(GroundworkError, match="No folder of this machine stands in for"):
            local.pushes(clone, "https://github.com/team/other")
