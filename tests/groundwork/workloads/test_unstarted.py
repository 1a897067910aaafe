"""A build that its trigger could not start is seen where builds are looked for."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from groundwork.environment.checkout import Checkout
from groundwork.google import local
from groundwork.workloads import builds
from groundwork.workloads.project import Project

from tests.groundwork.workloads.conftest import FILE, prepared
from tests.small_clone import OWNER, make_clone

MORE = """
github: {repository: team/unstarted, owner_id: "42"}
builds:
  app: {file: cloudbuild.yaml}
"""


def test_push_list_logs_and_status_show_it(tmp_path: Path, local_clone: Checkout) -> None:
    clone = prepared(make_clone(tmp_path / "clone", local_clone, [], FILE + MORE))
    repository = tmp_path / "app"
    commit(repository, "one")
    hub = {"owner": "team", "name": "unstarted", "push": {"branch": "^main$"}}
    trigger = {"name": "app", "filename": "cloudbuild.yaml", "github": hub}
    here = f"v1/projects/{clone.project}/locations/europe-west1"
    clone.cloud().request("POST", "cloudbuild", f"{here}/triggers", json=trigger)
    url = "https://github.com/team/unstarted"
    local.repositories(Checkout(clone.root), url, str(repository))
    commit(repository, "two")

    pushed = clone("local", "push", url)
    assert "could not be started: invalid build: a build has 1 to 300 steps; this one has 0" in pushed.text
    assert pushed.text.rstrip().endswith("The next `groundwork local push` tries it again.")
    (build,) = builds.failed_last(Project(clone.cloud(), clone.environment, OWNER))
    number = build.id[:8]
    assert f"app: build {number} could not be started" in pushed.text
    assert f"{number}  failure" in clone("builds", "list").text
    assert "Failed to trigger build: invalid build: a build has 1 to 300 steps" in clone("builds", "logs", number).err
    bucket = clone.cloud().storage().create_bucket(clone.environment.state_bucket)
    bucket.blob("local/platform/default.tfstate").upload_from_string(json.dumps({"version": 4, "serial": 2}))
    assert (
        f"failure: Failed to trigger build: invalid build: a build has 1 to 300 steps; this one has 0; groundwork builds logs {number} --env local"
        in clone("status").text
    )
    runs = json.loads(clone("status", "--json").text)["runs"]
    assert [one["id"] for one in runs["failed_builds"]] == [build.id]

    commit(repository, "three", 'steps: [{"name\\n  other: build 12345678 started": 1}]\n')
    for output in (clone("local", "push", url).text, clone("status").text):
        assert "other: build 12345678 started" in output
        assert not [line for line in output.splitlines() if line.startswith("  other")]


def commit(repository: Path, text: str, build: str = "steps: []\n") -> None:
    """A commit on the main branch with a build file, by default one without steps."""
    repository.mkdir(exist_ok=True)
    (repository / "cloudbuild.yaml").write_text(build)
    (repository / "text").write_text(text)
    author = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    for arguments in (("init", "-q", "-b", "main"), ("add", "."), (*author, "commit", "-q", "-m", text)):
        subprocess.run(["git", *arguments], cwd=repository, check=True, capture_output=True)
