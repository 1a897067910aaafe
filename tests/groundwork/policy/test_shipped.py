"""The environments that come with the project are allowed by the policies that come with it, in code and plan."""

from __future__ import annotations

from pathlib import Path

import pytest
from groundwork.environment.values import load, names

from tests.groundwork.clone import ROOT, Clone, cloned

# What a team writes first; defaults have to do.
FIRST = """\
project: first-of-all
region: us-central1
members:
  alice@example.com: {role: operator}
  teachers@example.com: {role: viewer, type: group}
buckets:
  data: {dvc: true}
  models: {versioning: true}
  guarded: {versioning: true, soft_delete_days: 7}
  plain: {}
repositories:
  images: {}
secrets:
  wandb-api-key: {readers: [train]}
identities:
  train:
    description: Trains models.
    buckets: {data: read, models: write}
    repositories: {images: read}
    project_roles: [roles/logging.logWriter]
    users: [operator]
github: {repository: example-team/first, owner_id: "1234567", branch: master}
"""
FILES = {name: load(name, ROOT).path.read_text("utf-8") for name in names(ROOT)} | {"first": FIRST}


@pytest.mark.parametrize(
    "name", ["local", *(pytest.param(name, marks=pytest.mark.slow) for name in FILES if name != "local")]
)
def test_the_policies_allow_it(name: str, tmp_path: Path) -> None:
    with cloned(tmp_path) as clone:
        _write(clone, name)
        result = clone.run("up", "--env", name, "--policy")
        assert result.returncode == 0, result.stderr
        assert "policy: nothing found" in result.stderr


def _write(clone: Clone, name: str) -> None:
    """The file as it is, but on the local cloud."""
    text = "\n".join(line for line in FILES[name].splitlines() if not line.startswith("cloud:"))
    (clone.root / "envs" / f"{name}.yaml").write_text(f"{text}\ncloud: local\n", "utf-8")
