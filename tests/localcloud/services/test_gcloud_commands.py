"""gcloud, unchanged, where the commands need more than one answer: logins with keys, filters, and machines."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.localcloud.containers.gcloud import environment
from tests.localcloud.inside import PROJECT
from tests.localcloud.serving import Serving, serving

pytestmark = pytest.mark.slow
APIS = ("cloudresourcemanager", "compute", "iam", "logging", "secretmanager", "serviceusage", "storage")
KEEPER = f"keeper@{PROJECT}.iam.gserviceaccount.com"
MACHINE = ("vm", "--zone=europe-west1-b")
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Serving]:
    if shutil.which("gcloud") is None:
        pytest.skip("gcloud is not on this machine")
    with serving(tmp_path / "state", *APIS) as cloud:
        yield cloud


@pytest.fixture
def gcloud(cloud: Serving, tmp_path: Path) -> Run:
    env = environment(cloud, tmp_path / "state", tmp_path)

    def run(*arguments: str, code: int = 0, **more: str) -> subprocess.CompletedProcess[str]:
        command = ["gcloud", *arguments]
        result = subprocess.run(
            command, capture_output=True, text=True, env={**env, **more}, cwd=tmp_path, check=False, timeout=120
        )
        assert result.returncode == code, result.stdout + result.stderr
        return result

    return run


def test_a_key_file_logs_in_and_gives_identity_tokens(cloud: Serving, gcloud: Run, tmp_path: Path) -> None:
    gcloud("iam", "service-accounts", "create", "keeper")
    gcloud("iam", "service-accounts", "keys", "create", "key.json", f"--iam-account={KEEPER}")
    own = {"CLOUDSDK_CONFIG": str(tmp_path / "keeper"), "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": ""}
    gcloud("auth", "activate-service-account", "--key-file=key.json", **own)
    assert gcloud("auth", "list", "--format=value(account)", **own).stdout == f"{KEEPER}\n"
    token = gcloud("auth", "print-identity-token", "--audiences=https://api.example", **own).stdout.strip()
    principal, audience, _ = cloud.cloud.tokens.identified(token, cloud.cloud.clock.seconds())
    assert (principal, audience) == (f"serviceAccount:{KEEPER}", "https://api.example")
    assert "secretmanager.secrets.list" in gcloud("secrets", "list", code=1, **own).stderr


def test_images_and_zones_are_found_by_filters(gcloud: Run) -> None:
    found = gcloud(
        "compute", "images", "list", "--project=deeplearning-platform-release", "--no-standard-images",
        "--filter=family~pytorch", "--format=value(family)",
    )  # fmt: skip
    assert found.stdout.split() == ["pytorch-2-7-cu128-ubuntu-2204-nvidia-570"]
    zones = gcloud("compute", "zones", "list", "--filter=region:europe-west1", "--format=value(name)").stdout.split()
    assert zones == ["europe-west1-b", "europe-west1-c", "europe-west1-d"]


def test_a_machine_has_its_images_disk_and_is_not_reached_by_ssh(gcloud: Run) -> None:
    image = ("--image-family=debian-12", "--image-project=debian-cloud")
    gcloud("compute", "instances", "create", *MACHINE, "--machine-type=e2-medium", *image)
    size = gcloud("compute", "disks", "describe", *MACHINE, "--format=value(sizeGb)").stdout
    assert size == "10\n"
    refused = gcloud("compute", "ssh", *MACHINE, "--command=true", code=1)
    assert "nothing runs in the local cloud's machines (simulated)" in refused.stderr
