"""`groundwork up --env dev` as on Google Cloud: the real provider, no endpoint set anywhere, Google's hosts behind an https proxy."""

from __future__ import annotations

import os
import re
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
from localcloud.server import launcher

from tests.google_proxy import Proxy, google_proxy
from tests.local_project import LocalProject, fresh, running
from tests.provider.sides import real_provider_is_missing

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("infra", "modules", "envs", "tools/policies")
HOSTS = {
    "artifactregistry", "cloudresourcemanager", "iam", "openidconnect", "secretmanager", "serviceusage", "storage",
}  # fmt: skip
UNUSED = ("bigquery", "logging", "monitoring")
# A machine may have a build of the provider of its own, with other hashes than the release's; tests/groundwork/terraform/test_pins.py holds those.
UNPINNED = """
import sys
if sys.orig_argv[1:3] == ["-m", "groundwork"]:
    from groundwork.terraform import pins
    pins.pin = pins.unpin
"""


@dataclass(frozen=True)
class Google:
    """A clone whose commands meet Google's hosts at the proxy."""

    root: Path
    proxy: Proxy
    checkout: Checkout

    def __call__(self, *arguments: str, principal: str = launcher.OWNER) -> subprocess.CompletedProcess[str]:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("GOOGLE_", "TF_", "CLOUDSDK"))
        }
        token = local.token(self.checkout, principal)
        unpinned = {"PYTHONPATH": str(self.root / "unpinned")}
        variables = {**kept, **self.proxy.variables, **unpinned, "GOOGLE_OAUTH_ACCESS_TOKEN": token}
        return subprocess.run(
            [sys.executable, "-m", "groundwork", *arguments, "--env", "dev"],
            cwd=self.root, env=variables, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip


@pytest.fixture(scope="module")
def google(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Google]:
    """envs/dev.yaml's project at "Google", empty, and a clone that is about to bring it up."""
    missing = real_provider_is_missing()
    if missing:
        pytest.fail(f"Nothing was tried: {missing}", pytrace=False)
    root = tmp_path_factory.mktemp("dev")
    for part in PARTS:
        shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns(".terraform*", "__pycache__"))
    file = root / "envs" / "dev.yaml"
    file.write_text(
        file.read_text().replace("@example.com", "@cats-dogs.dev").replace("example-team", "cats-dogs-team")
    )
    (root / "unpinned").mkdir()
    (root / "unpinned" / "sitecustomize.py").write_text(UNPINNED)
    for lock in (ROOT / "tools").glob("requirements-checkov.*"):
        shutil.copy(lock, root / "tools")
    code = [sys.executable, "-m", "groundwork", "policy", "--env", "dev"]
    subprocess.run(code, cwd=root, check=True, capture_output=True)  # checkov comes from its registry, not from Google
    with running(tmp_path_factory.mktemp("google")) as checkout:
        _without_what_the_stand_in_lacks(fresh(checkout, load("dev", root).project))
        with google_proxy(local.start(checkout).base, tmp_path_factory.mktemp("proxy")) as proxy:
            yield Google(root, proxy, checkout)


def _without_what_the_stand_in_lacks(project: LocalProject) -> None:
    """Turn off what is on in every new project and cannot be listed behind the proxy, as an owner who uses none of it may."""
    for api in UNUSED:
        path = f"v1/projects/{project.cloud.project}/services/{api}.googleapis.com:disable"
        project.cloud.request("POST", "serviceusage", path, json={"disableDependentServices": True})


def test_up_plan_and_down_walk_the_whole_path_to_google(google: Google) -> None:
    up = google("up", "--yes")
    assert up.returncode == 0, up.stderr
    assert "on Google Cloud" in up.stderr
    assert "workload_identity_provider=projects/" in up.stdout
    plan = google("plan", "--detailed-exitcode")
    assert (plan.returncode, "dev: no changes" in plan.stderr) == (0, True), plan.stderr
    down = google("down", "--yes")
    assert down.returncode == 0, down.stderr
    assert "Nothing is left of the platform" in down.stdout
    assert re.search(r"bucket models +\d+ destroyed in ", down.stderr)
    answered = {line.split()[1].partition(".")[0] for line in google.proxy.answered}
    assert (answered, google.proxy.refused) == (HOSTS, [])


def test_the_shipped_file_is_refused_before_google_is_asked(google: Google) -> None:
    file = google.root / "envs" / "dev.yaml"
    ours = file.read_text()
    shutil.copy(ROOT / "envs" / "dev.yaml", file)
    asked = len(google.proxy.answered)
    for command in (("up", "--yes"), ("plan",)):
        result = google(*command)
        assert result.returncode == 2, result.stderr
        assert "example values, so nothing was started" in result.stderr
    file.write_text(ours)
    assert google.proxy.answered[asked:] == []


def test_a_caller_without_a_role_learns_what_is_missing(google: Google) -> None:
    result = google("plan", principal="user:zoe@example.com")
    assert result.returncode == 5, result.stderr
    assert "zoe" not in result.stdout
    assert "ermission" in result.stderr
    assert "Traceback" not in result.stderr
