"""The teams' workflows, their scripts run one after the other as GitHub runs them, on the local cloud (simulated)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.groundwork.clone import Clone, cloned
from tests.workflows.files import jobs, steps

# Stands where GitHub's own program does: it knows one commit that came by a pull request, and the run that planned it.
GH = """#!/bin/sh
echo "$@" >>"$RUNNER_TEMP/gh.log"
case "$1 $2" in
    "api repos/team/project/commits/$MERGED/pulls") echo "$REVIEWED" ;;
    "api repos/"*) echo ;;
    "run list") [ "$6" != "$REVIEWED" ] || echo "$PLANNED" ;;
    "run download") cp "$RUNNER_TEMP/artifact/reviewed.json" . ;;
esac
"""
MERGED, REVIEWED = "a" * 40, "b" * 40
# What only GitHub has: it gets a machine ready and logs in.
ELSEWHERE = {"make ready"}


@dataclass
class Runner:
    """A machine of GitHub's, as far as scripts see it."""

    clone: Clone
    temp: Path
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def summary(self) -> Path:
        """What a job writes for its page."""
        return self.temp / "summary.md"

    def run(self, file: str, **more: str) -> subprocess.CompletedProcess[str]:
        """The scripts of a workflow in turn, up to the first that fails; the last one's result."""
        (job,) = jobs(file).values()
        done = subprocess.CompletedProcess[str]([], 0, "", "")
        for step in steps(file):
            if step.run and step.run not in ELSEWHERE:
                env = {**job.get("env", {}), **step.values.get("env", {}), **more}
                done = self.script(step.run, {name: str(value) for name, value in env.items()})
                if done.returncode:
                    break
        return done

    def script(self, text: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
        """One script, as GitHub runs it where no shell is named."""
        script = self.temp / "script.sh"
        script.write_text(text, encoding="utf-8")
        path = f"{self.temp / 'bin'}:{os.environ['PATH']}"
        known = {"HOME": os.environ["HOME"], "PATH": path, "RUNNER_TEMP": str(self.temp), "CI": "true"}
        github = {"GITHUB_STEP_SUMMARY": str(self.summary), "GITHUB_REPOSITORY": "team/project", "GITHUB_SHA": MERGED}
        stub = {"MERGED": MERGED, "REVIEWED": REVIEWED, "PLANNED": "4711"}
        everything = {**known, **github, **stub, **env, "GROUNDWORK_ENV": "small"}
        return subprocess.run(
            ["bash", "-e", str(script)], cwd=self.clone.root, env=everything, capture_output=True, text=True,
            check=False, stdin=subprocess.DEVNULL, timeout=120,
        )  # fmt: skip


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    """A clone on the local cloud whose pull request has been planned and its record kept."""
    temp = tmp_path_factory.mktemp("runner")
    (temp / "bin").mkdir()
    (temp / "bin" / "gh").write_text(GH, encoding="utf-8")
    (temp / "bin" / "gh").chmod(0o755)
    with cloned(tmp_path_factory.mktemp("workflows")) as clone:
        (clone.root / ".venv").symlink_to(Path(sys.executable).parents[1])
        made = Runner(clone, temp)
        done = made.run("plan.yml")
        assert done.returncode == 0, done.stderr
        (temp / "artifact").mkdir()
        shutil.move(clone.root / "reviewed.json", temp / "artifact" / "reviewed.json")
        yield made


def test_a_pull_request_shows_plan_cost_and_policies(runner: Runner) -> None:
    page = runner.summary.read_text(encoding="utf-8")
    assert page.startswith("# small: ")
    assert "\n## Cost\n" in page
    assert "\n## Policy: passed\n" in page


def test_what_is_kept_of_a_review_is_addresses_and_digests(runner: Runner) -> None:
    kept = json.loads((runner.temp / "artifact" / "reviewed.json").read_text(encoding="utf-8"))
    values = [digest for layer in kept["layers"].values() for digest in layer.values()]
    assert values
    assert all(len(digest) == 16 and int(digest, 16) >= 0 for digest in values)


def test_a_commit_without_a_pull_request_is_not_applied(runner: Runner) -> None:
    done = runner.run("apply.yml", GITHUB_SHA="c" * 40)
    assert done.returncode == 1
    assert f"::error::{'c' * 40} came to main without a pull request, so nobody has reviewed" in done.stdout


def test_a_pull_request_that_was_not_planned_is_not_applied(runner: Runner) -> None:
    done = runner.run("apply.yml", PLANNED="")
    assert done.returncode == 1
    assert (
        f"::error::The pull request's last commit {REVIEWED} has no successful run of the workflow Plan." in done.stdout
    )


def test_another_plan_than_the_reviewed_one_is_not_applied(runner: Runner) -> None:
    runner.clone.rewrite("  kept: {}", "  kept: {}\n  more: {}")
    done = runner.run("apply.yml")
    runner.clone.rewrite("\n  more: {}", "")
    assert done.returncode == 9
    assert 'platform: not reviewed: module.buckets["more"].google_storage_bucket.bucket' in done.stderr


def test_what_was_reviewed_is_applied_and_the_night_finds_no_drift(runner: Runner) -> None:
    done = runner.run("apply.yml")
    assert done.returncode == 0, done.stderr
    assert runner.run("drift.yml").returncode == 0


def test_a_change_by_hand_is_found_at_night(runner: Runner) -> None:
    assert runner.run("apply.yml").returncode in (0, 9)  # alone, or after the test before
    bucket = "small-clone-data"
    runner.clone.cloud.request("PATCH", "storage", f"v1/b/{bucket}", json={"versioning": {"enabled": True}})
    done = runner.run("drift.yml")
    assert done.returncode == 3
    assert "~ bucket data" in runner.summary.read_text(encoding="utf-8").rpartition("# small: ")[2]


def test_access_given_by_hand_is_found_at_night_and_the_log_does_not_say_whose(runner: Runner) -> None:
    assert runner.run("apply.yml").returncode in (0, 9)  # alone, or after the test before
    path = "v1/b/small-clone-data/iam"
    before = runner.clone.cloud.request("GET", "storage", path)
    by_hand = {"role": "roles/storage.objectViewer", "members": ["user:friend@example.com"]}
    runner.clone.cloud.request("PUT", "storage", path, json={"bindings": [*before["bindings"], by_hand]})
    done = runner.run("drift.yml")
    runner.clone.cloud.request("PUT", "storage", path, json={"bindings": before["bindings"]})
    assert done.returncode == 7
    assert "::error::Somebody has access that the environment file does not give" in done.stdout
    assert "friend@example.com" not in done.stdout + done.stderr


def test_the_runs_are_looked_up_as_they_are_meant_to_be(runner: Runner) -> None:
    runner.run("apply.yml", PLANNED="")
    asked = (runner.temp / "gh.log").read_text(encoding="utf-8").splitlines()[-2:]
    assert asked[0].startswith(f"api repos/team/project/commits/{MERGED}/pulls --jq ")
    assert asked[1].startswith(f"run list --workflow plan.yml --commit {REVIEWED} --status success --limit 1 ")
