"""`groundwork up` on the local cloud with a fault that only the plan shows: it is refused before anything is applied."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from groundwork.environment.checkout import Checkout
from groundwork.environment.values import load
from groundwork.google import local
from groundwork.google.cloud import local_cloud

ROOT = Path(__file__).parents[3]
PROJECT = "groundwork-local"
# The file says it, the schema allows it, the code shows a variable: what it comes to is in the plan.
FAULT = ("data: {versioning: true, dvc: true", "data: {versioning: false, dvc: true")


@dataclass(frozen=True)
class Refused:
    """A clone whose `up` was refused, and how it ended."""

    clone: Path
    up: subprocess.CompletedProcess[str]


def _groundwork(clone: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "groundwork", *arguments]
    return subprocess.run(command, cwd=clone, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Refused]:
    """One refused `up` for all tests here."""
    clone = tmp_path_factory.mktemp("refused")
    for folder in ("infra", "modules", "envs"):
        shutil.copytree(ROOT / folder, clone / folder, ignore=shutil.ignore_patterns(".terraform*", "*.md"))
    file = clone / "envs" / "local.yaml"
    text = file.read_text(encoding="utf-8")
    assert FAULT[0] in text
    file.write_text(text.replace(*FAULT), encoding="utf-8")
    try:
        yield Refused(clone, _groundwork(clone, "up", "--policy"))
    finally:
        local.stop(Checkout(clone))


def test_up_exits_with_6_and_shows_what_where_and_how_to_fix_it(refused: Refused) -> None:
    assert refused.up.returncode == 6, refused.up.stderr
    assert "Error: The policies do not allow this plan of local: nothing was changed." in refused.up.stderr
    assert (
        'module.buckets["data"].google_storage_bucket.bucket contains DVC\'s data without versioning  '
        "[modules/bucket/main.tf:1, plan of platform]"
    ) in refused.up.stderr
    assert "fix: Set `dvc: true` on the bucket in the environment file and leave `versioning` out" in refused.up.stderr


def test_the_plan_was_shown_before_it_was_refused(refused: Refused) -> None:
    output = refused.up.stderr
    assert output.index("+ bucket data") < output.index("policy: 1 finding (1 high)") < output.index("Error:")


def test_nothing_was_applied(refused: Refused) -> None:
    checkout = Checkout(refused.clone)
    cloud = local_cloud(PROJECT, local.start(checkout).base, local.token(checkout))
    found = [item["name"] for item in cloud.pages("storage", "v1/b", "items", {"project": PROJECT})]
    assert found == [load("local", refused.clone).state_bucket]


def test_the_saved_plan_says_the_same_and_is_known_already(refused: Refused) -> None:
    result = _groundwork(refused.clone, "policy", "--json")
    data = json.loads(result.stdout)
    assert result.returncode == 6, result.stderr
    assert [(one["policy"], one["layer"], one["source"]) for one in data["findings"]] == [
        ("dvc_buckets_keep_every_version", "platform", "plan")
    ]
    assert data["cached"] is True
    assert data["left_to_the_plan"] > 0


def test_without_the_option_the_local_cloud_is_brought_up_and_says_that_it_was_not_checked(refused: Refused) -> None:
    result = _groundwork(refused.clone, "up", "--dry-run")
    assert result.returncode == 0, result.stderr
    assert "policy: not checked on the local cloud; use `groundwork policy` or `up --policy`" in result.stderr


def test_the_policies_are_checked_on_request_even_without_changes(refused: Refused) -> None:
    assert _groundwork(refused.clone, "up").returncode == 0
    again = _groundwork(refused.clone, "up")
    assert "local: no changes" in again.stderr
    assert "policy" not in again.stderr
    result = _groundwork(refused.clone, "up", "--policy")
    assert result.returncode == 6
    assert result.stderr.index("local: no changes") < result.stderr.index("policy: 1 finding (1 high)")
