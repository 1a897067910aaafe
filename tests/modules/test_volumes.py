"""Buckets in containers: the names of their volumes are Kubernetes', whatever the buckets are called."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.local_project import LocalProject
from tests.terraform_runs import ROOT, Terraform

LONG = ("a-team-with-a-long-name." * 3)[:63].rstrip(".-")
VOLUME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


@pytest.mark.slow
@pytest.mark.parametrize("module", ["cloud_run_service", "cloud_run_job"])
def test_every_bucket_has_a_volume_with_a_valid_name(module: str, project: LocalProject, tmp_path: Path) -> None:
    buckets = [LONG, f"{LONG[:-1]}0", "with.dots_and-more", "plain"]
    tmp_path.joinpath("main.tf").write_text(
        f"""module "it" {{
  source          = "{ROOT}/modules/{module}"
  project_id      = "my-project"
  name            = "api"
  location        = "europe-west1"
  service_account = "serve@my-project.iam.gserviceaccount.com"
  buckets         = {{ {", ".join(f'"{name}" = {{}}' for name in buckets)} }}
}}
""",
        "utf-8",
    )
    terraform = Terraform(tmp_path, project.variables)
    terraform.succeed("init", "-no-color")
    terraform.changes()
    (made,) = terraform.planned()["planned_values"]["root_module"]["child_modules"][0]["resources"]
    template = made["values"]["template"][0]
    volumes = (template["template"][0] if module == "cloud_run_job" else template)["volumes"]
    assert sorted(one["gcs"][0]["bucket"] for one in volumes) == sorted(buckets)
    assert all(VOLUME.fullmatch(one["name"]) for one in volumes)
    assert len({one["name"] for one in volumes}) == len(buckets)
