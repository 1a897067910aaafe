"""The teams' workflows, their scripts run one after the other as GitHub runs them, on the local cloud (simulated)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.groundwork.clone import Clone, cloned
from tests.workflows.files import jobs, steps
from tests.workflows.github import HEAD, GitHub, run, serving

# What only GitHub has: it gets a machine ready and logs in.
ELSEWHERE = {"make ready"}


@dataclass
class Runner:
    """A GitHub runner, as far as scripts can see."""

    clone: Clone
    temp: Path
    github: GitHub

    @property
    def summary(self) -> Path:
        """What a job writes for its page."""
        return self.temp / "summary.md"

    def run(self, file: str, **more: str) -> subprocess.CompletedProcess[str]:
        """The scripts of a workflow in turn, up to the first that fails; the last one's result."""
        (job,) = jobs(file).values()
        result = subprocess.CompletedProcess[str]([], 0, "", "")
        for step in steps(file):
            if step.run and step.run not in ELSEWHERE and self._wanted(step.values.get("if", "")):
                env = {**job.get("env", {}), **step.values.get("env", {}), **more}
                result = self.script(step.run, {name: str(value) for name, value in env.items()})
                if result.returncode:
                    break
        return result

    def _wanted(self, condition: str) -> bool:
        """Whether a step runs; it supports conditions on another step's outputs."""
        said = (self.temp / "output").read_text("utf-8").split() if (self.temp / "output").exists() else []
        return "outputs.platform" not in condition or "platform=true" in said

    def script(self, text: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
        """One script, as GitHub runs it where no shell is named."""
        script = self.temp / "script.sh"
        script.write_text(text, encoding="utf-8")
        known = {**{name: os.environ[name] for name in ("HOME", "PATH")}, "RUNNER_TEMP": str(self.temp), "CI": "true"}
        files = {"GITHUB_STEP_SUMMARY": str(self.summary), "GITHUB_OUTPUT": str(self.temp / "output")}
        given = {name: value for name, value in env.items() if "${{" not in value}
        everything = {**self.github.variables, **known, **files, **given, "GROUNDWORK_ENV": "small"}
        return subprocess.run(
            ["bash", "-e", str(script)], cwd=self.clone.root, env=everything, capture_output=True, text=True,
            check=False, stdin=subprocess.DEVNULL, timeout=120,
        )  # fmt: skip


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    """A clone on the local cloud, with a pull request for one more bucket that has been planned and its record kept."""
    temp = tmp_path_factory.mktemp("runner")
    with cloned(tmp_path_factory.mktemp("workflows")) as clone, serving(GitHub()) as github:
        (clone.root / ".venv").symlink_to(Path(sys.executable).parents[1])
        made = Runner(clone, temp, github)
        clone.rewrite("\n  kept: {}", "")
        assert clone.run("up", "--env", "small").returncode == 0, "brought up once by hand"
        clone.rewrite("{force_destroy: true}", "{force_destroy: true}\n  kept: {}")
        result = made.run("plan.yml")
        assert result.returncode == 0, result.stdout + result.stderr
        record = clone.root / "reviewed.json"
        github.records = {run()["id"]: record.read_bytes()}
        record.unlink()
        yield made


def test_a_pull_request_shows_plan_cost_and_policies(runner: Runner) -> None:
    page = runner.summary.read_text(encoding="utf-8")
    assert page.startswith("# small: ")
    assert "\n## Cost\n" in page
    assert "\n## Policy: passed\n" in page


def test_what_is_kept_of_a_review_is_addresses_and_digests(runner: Runner) -> None:
    (content,) = runner.github.records.values()
    kept = json.loads(content)
    values = [digest for layer in kept["layers"].values() for digest in layer.values()]
    assert values
    assert all(len(digest) == 16 and int(digest, 16) >= 0 for digest in values)


@pytest.mark.parametrize(
    ("file", "platform"),
    [
        ("envs/dev.yaml", True),
        ("modules/bucket/main.tf", True),
        (".github/workflows/plan.yml", True),
        ("README.md", False),
        ("docs/envs/modules.md", False),
    ],
)
def test_a_pull_request_is_planned_if_it_touches_the_platform_and_answered_in_any_case(
    tmp_path: Path, file: str, platform: bool
) -> None:
    (script,) = [step.run for step in steps("plan.yml") if step.values.get("id") == "touched"]
    for name in ("README.md", file):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("before\n", encoding="utf-8")
    commit = "git add . && git -c user.name=t -c user.email=t@example.com commit -q -m "
    said = {"GITHUB_OUTPUT": str(tmp_path / ".git" / "output"), "GITHUB_STEP_SUMMARY": str(tmp_path / ".git" / "page")}
    whole = f"git init -q\n{commit} before\necho after >{file}\n{commit} after\n{script}"
    result = subprocess.run(
        ["bash", "-e", "-c", whole], cwd=tmp_path, env={**os.environ, **said}, check=False, timeout=60
    )
    assert result.returncode == 0
    assert (tmp_path / ".git" / "output").exists() is platform
    assert (tmp_path / ".git" / "page").exists() is not platform


def test_a_commit_without_a_pull_request_is_not_applied(runner: Runner) -> None:
    result = runner.run("apply.yml", GITHUB_SHA="c" * 40)
    assert result.returncode == 9
    assert f"{'c' * 40} came to main without a pull request" in result.stderr


def test_a_pull_request_that_was_not_planned_is_not_applied(runner: Runner) -> None:
    runner.github.runs = []
    result = runner.run("apply.yml")
    runner.github.runs = [run()]
    assert result.returncode == 9
    assert f"The last commit {HEAD} of pull request 7 has no successful run" in result.stderr


def test_a_plan_other_than_the_reviewed_one_is_not_applied(runner: Runner) -> None:
    runner.clone.rewrite("  kept: {}", "  kept: {}\n  more: {}")
    result = runner.run("apply.yml")
    runner.clone.rewrite("\n  more: {}", "")
    assert result.returncode == 9
    assert 'platform: not reviewed: module.buckets["more"].google_storage_bucket.bucket' in result.stderr


def test_the_reviewed_plan_is_applied_and_the_nightly_check_finds_no_drift(runner: Runner) -> None:
    result = runner.run("apply.yml")
    assert result.returncode == 0, result.stderr
    assert runner.run("drift.yml").returncode == 0


def test_a_change_by_hand_is_found_at_night(runner: Runner) -> None:
    assert runner.run("apply.yml").returncode in (0, 9)  # alone, or after the test before
    bucket = "small-clone-data"
    runner.clone.cloud.request("PATCH", "storage", f"v1/b/{bucket}", json={"versioning": {"enabled": True}})
    result = runner.run("drift.yml")
    assert result.returncode == 3
    assert "~ bucket data" in runner.summary.read_text(encoding="utf-8").rpartition("# small: ")[2]


def test_manual_access_is_found_at_night_and_the_log_names_nobody(runner: Runner) -> None:
    assert runner.run("apply.yml").returncode in (0, 9)  # alone, or after the test before
    path = "v1/b/small-clone-data/iam"
    before = runner.clone.cloud.request("GET", "storage", path)
    by_hand = {"role": "roles/storage.objectViewer", "members": ["user:friend@example.com"]}
    runner.clone.cloud.request("PUT", "storage", path, json={"bindings": [*before["bindings"], by_hand]})
    result = runner.run("drift.yml")
    runner.clone.cloud.request("PUT", "storage", path, json={"bindings": before["bindings"]})
    assert result.returncode == 7
    assert "::error::Somebody has access that the environment file does not give" in result.stdout
    assert "friend@example.com" not in result.stdout + result.stderr
