"""`groundwork policy` as people run it, with checkov itself, on a clone with a fault in it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import pytest
from groundwork.environment.checkout import Checkout
from groundwork.environment.values import load
from groundwork.terraform import plans, sources

ROOT = Path(__file__).parents[3]
FAULT = """
resource "google_storage_bucket_iam_member" "everybody" {
  bucket = module.buckets["data"].name
  role   = "roles/storage.objectViewer"
  member = "allUsers"
}
"""
EXCEPTION = """
policy:
  exceptions:
    - check: buckets_are_not_public
      resource: google_storage_bucket_iam_member.everybody
      reason: The data is public anyway.
      owner: alice@example.com
      expires: "{expires}"
"""


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone whose platform gives everybody access to a bucket."""
    clone = tmp_path_factory.mktemp("faulty")
    for folder in ("infra", "modules", "envs"):
        shutil.copytree(ROOT / folder, clone / folder, ignore=shutil.ignore_patterns(".*", "*.md"))
    (clone / "infra" / "platform" / "oops.tf").write_text(FAULT, encoding="utf-8")
    return clone


def _policy(clone: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "groundwork", "policy", *arguments]
    return subprocess.run(command, cwd=clone, capture_output=True, text=True, check=False, timeout=120)


def test_a_fault_exits_with_6_and_is_shown_with_its_place(faulty: Path) -> None:
    result = _policy(faulty, "--code")
    assert result.returncode == 6, result.stderr
    assert "critical: Buckets are not public (buckets_are_not_public)" in result.stdout
    assert "google_storage_bucket_iam_member.everybody lets allUsers in  [infra/platform/oops.tf:2]" in result.stdout
    assert result.stdout.splitlines()[-1].startswith("policy: 1 finding (1 critical) (")


def test_all_forms_are_written_at_once(faulty: Path, tmp_path: Path) -> None:
    files = [f"--{form}={tmp_path / form}" for form in ("sarif", "junit", "markdown")]
    result = _policy(faulty, "--code", "--json", *files)
    assert result.returncode == 6
    assert [one["policy"] for one in json.loads(result.stdout)["findings"]] == ["buckets_are_not_public"]
    assert json.loads((tmp_path / "sarif").read_text(encoding="utf-8"))["runs"][0]["results"]
    assert ET.parse(tmp_path / "junit").find("testsuite").get("failures") == "1"  # type: ignore[union-attr]
    assert (tmp_path / "markdown").read_text(encoding="utf-8").startswith("## Policy: failed")


def test_an_exception_in_the_environment_file_allows_it_until_it_expires(faulty: Path) -> None:
    file = faulty / "envs" / "local.yaml"
    before = file.read_text(encoding="utf-8")
    file.write_text(before + EXCEPTION.format(expires="2999-12-31"), encoding="utf-8")
    result = _policy(faulty, "--code")
    assert result.returncode == 0, result.stdout
    assert "excused until 2999-12-31: google_storage_bucket_iam_member.everybody lets allUsers in" in result.stdout
    file.write_text(before + EXCEPTION.format(expires="2026-01-31"), encoding="utf-8")
    result = _policy(faulty, "--code")
    file.write_text(before, encoding="utf-8")
    assert result.returncode == 6
    assert "ended on 2026-01-31 (owner: alice@example.com): fix the resource" in result.stdout


def test_without_a_saved_plan_it_says_that_the_code_alone_is_checked(faulty: Path) -> None:
    result = _policy(faulty)
    assert "no plan of local is saved here, so only the code is checked" in result.stderr


@pytest.mark.parametrize(
    "text",
    ["Plan: 3 to add", "[" * 100_000, '{"variables": []}'],
)
def test_a_file_that_is_not_a_plan_is_a_usage_error(faulty: Path, tmp_path: Path, text: str) -> None:
    wrong = tmp_path / "plan.txt"
    wrong.write_text(text, encoding="utf-8")
    result = _policy(faulty, "--plan", str(wrong))
    assert result.returncode == 2
    assert "is not a plan: neither saved by Terraform nor its JSON (`terraform show -json PLAN`)." in result.stderr


@pytest.fixture
def planned(tmp_path: Path) -> Checkout:
    """A clone with what looks like a plan of the platform that was saved from its code and file as they are."""
    for folder in ("infra", "modules", "envs"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns(".*", "*.md"))
    checkout = Checkout(tmp_path)
    file = checkout.data("local", "platform") / plans.FILE
    file.parent.mkdir(parents=True)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("tfplan", b"")
    sources.note(file, sources.sources(tmp_path, load("local", tmp_path)))
    return checkout


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("infra/platform/buckets.tf", "location            = coalesce", "location            =  coalesce"),
        ("modules/team_access/personas.json", "Reads data", "Sees data"),
        ("envs/local.yaml", "force_destroy: true}", "force_destroy: false}"),
    ],
)
@pytest.mark.parametrize("noted", [True, False])
def test_a_saved_plan_that_is_older_than_code_or_file_is_unknown(
    planned: Checkout, name: str, old: str, new: str, noted: bool
) -> None:
    file, plan = planned.root / name, planned.data("local", "platform") / plans.FILE
    if not noted:  # made by another Terraform
        plan.with_suffix(".sources.json").unlink()
        for folder in ("infra", "modules", "envs"):
            for one in (planned.root / folder).rglob("*"):
                os.utime(one, (1, 1))
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")
    result = _policy(planned.root)
    assert result.returncode == 8
    assert (
        "The saved plan saved.tfplan of platform is older than these, so nothing is claimed about them" in result.stderr
    )
    assert result.stderr.splitlines()[-1] == f"  {name}"


def test_an_exception_or_a_comment_makes_no_plan_older(planned: Checkout) -> None:
    file = planned.root / "envs" / "local.yaml"
    file.write_text(f"# Ours.\n{file.read_text('utf-8')}{EXCEPTION.format(expires='2999-12-31')}", "utf-8")
    plan = planned.data("local", "platform") / plans.FILE
    assert sources.changed(plan, planned.root, load("local", planned.root)) == []


def test_a_plan_in_json_is_checked_and_no_value_of_it_is_repeated_or_kept(faulty: Path, tmp_path: Path) -> None:
    canary = "canary-7f3a"
    recorded = (ROOT / "tests" / "policies" / "plan_of_cases.json").read_text(encoding="utf-8")
    assert "not-a-real-value" in recorded
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps(json.loads(recorded.replace("not-a-real-value", canary))["plan"]), encoding="utf-8")
    files = [f"--{form}={tmp_path / form}" for form in ("sarif", "junit", "markdown")]
    result = _policy(faulty, "--plan", str(plan), *files)
    plan.unlink()
    assert result.returncode == 6
    assert "secret_values_stay_out_of_state_fail" in result.stdout
    assert canary not in result.stdout + result.stderr
    places = [*tmp_path.rglob("*"), *(faulty / ".groundwork").rglob("*")]
    assert [file for file in places if file.is_file() and canary in file.read_text(encoding="utf-8")] == []
