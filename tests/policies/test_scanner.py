"""The scanner reports what it cannot check: a broken policy, a file that is not Terraform, a form that checkov does not read."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from typing import Any

import pytest
from groundwork.policy import outside
from groundwork.terraform import installation, process

from tests.policies.cases import FOLDER, ROOT

BROKEN = FOLDER / "scanning_api_is_not_enabled" / "check.py"
GOOD = 'resource "google_project_service" "registry" {\n  service = "artifactregistry.googleapis.com"\n}\n'
SWITCHED_OFF = """
# checkov:skip=scanning_api_is_not_enabled:we like it
resource "google_project_service" "scanning" {
  # checkov:skip=scanning_api_is_not_enabled:we like it
  service = "containerscanning.googleapis.com"
}

resource "google_storage_bucket" "loose" {
  # checkov:skip=CKV_GCP_29:not now
  name     = "team-models"
  location = "europe-west1"
}
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """One scan of a folder with everything that can go wrong, and of comments that would switch checks off."""
    folder = tmp_path_factory.mktemp("troubled")
    shutil.copytree(FOLDER, folder / "tools" / "policies", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "tools" / "policies" / "breaks_on_everything").mkdir()
    text = BROKEN.read_text(encoding="utf-8").replace(
        "    service = resource", "    raise KeyError('oh')\n    service = resource"
    )
    (folder / "tools" / "policies" / "breaks_on_everything" / "check.py").write_text(text, encoding="utf-8")
    code = folder / "modules"
    (code / ".terraform").mkdir(parents=True)
    (code / ".terraform" / "copied.tf").write_text(SWITCHED_OFF, encoding="utf-8")
    (code / "good.tf").write_text(GOOD, encoding="utf-8")
    (code / "skipping.tf").write_text(SWITCHED_OFF, encoding="utf-8")
    (code / "broken").mkdir()
    (code / "broken" / "main.tf").write_text(
        'resource "google_project_service" "x" {\n  service = \n', encoding="utf-8"
    )
    (code / "more.tf.json").write_text("{}", encoding="utf-8")
    request = folder / "request.json"
    settings = {"regions": [], "labels": [], "dvc_buckets": []}
    request.write_text(json.dumps({"root": str(folder), "folders": ["modules"], "plans": {}, "settings": settings}))
    python = outside.python(ROOT / "tools", installation.user_cache(), process.run, print)
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(folder / "tools")}
    result = process.run([str(python), "-P", "-m", "policies", str(request)], env=env, seconds=120)
    assert result.code == 0, result.err
    (found,) = json.loads(result.out)
    return dict(found)


def test_a_policy_that_breaks_is_a_problem_and_not_a_pass(report: Mapping[str, Any]) -> None:
    assert (
        "The policy breaks_on_everything failed with an error on google_project_service.registry: KeyError('oh')."
        in report["problems"]
    )


def test_a_file_that_is_not_terraform_is_a_problem(report: Mapping[str, Any]) -> None:
    assert "modules/broken/main.tf cannot be read as Terraform." in report["problems"]
    assert "checkov skipped google_project_service.x in modules/broken/main.tf." in report["problems"]


def test_terraform_in_json_is_a_problem(report: Mapping[str, Any]) -> None:
    said = "modules/more.tf.json is in a format that checkov does not read: write it as a .tf file."
    assert said in report["problems"]


def test_a_comment_in_the_code_cannot_disable_a_check(report: Mapping[str, Any]) -> None:
    found = {(row["policy"], row["address"]) for row in report["findings"]}
    assert ("scanning_api_is_not_enabled", "google_project_service.scanning") in found
    assert ("CKV_GCP_29", "google_storage_bucket.loose") in found


def test_folders_that_terraform_made_are_not_code(report: Mapping[str, Any]) -> None:
    assert {row["file"] for row in report["findings"]} == {"modules/skipping.tf"}
