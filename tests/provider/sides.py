"""The two sides of a comparison: Google's own provider and ours, each with a local cloud of its own."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from groundwork.environment.checkout import Checkout
from groundwork.google import local
from groundwork.google.cloud import GoogleCloud, local_cloud
from localcloud.server import launcher

from tests.local_project import LocalProject, running
from tests.terraform_runs import Terraform

PROJECT = "groundwork-example"
REGION = "europe-west1"
APIS = (
    "aiplatform", "artifactregistry", "cloudbuild", "cloudfunctions", "cloudresourcemanager", "cloudscheduler", "compute", "eventarc", "iam",
    "iamcredentials", "logging", "pubsub", "run", "secretmanager", "sts",
)  # fmt: skip
_BEGINNING = "2030-01-01T00:00:00Z"
_VERSION = "7.45.0"
_REQUIRED = f"""
terraform {{
  required_providers {{
    google = {{
      source  = "hashicorp/google"
      version = "{_VERSION}"
    }}
  }}
}}
"""
PROVIDER = f"""{_REQUIRED}
provider "google" {{
  project = "{PROJECT}"
  region  = "{REGION}"

  poll_interval = "1s"
}}
"""


@dataclass(frozen=True)
class Side:
    """One provider and the local cloud that it works on."""

    provider: Literal["real", "ours"]
    checkout: Checkout

    @property
    def base(self) -> str:
        """Where its local cloud is."""
        return local.start(self.checkout).base

    def variables(self, project: str, region: str, provider: str = "") -> dict[str, str]:
        """What a shell needs to run Terraform on this side's cloud, with this side's provider or the other."""
        if (provider or self.provider) == "ours":
            return local.shell_variables(self.checkout, project, region)
        named = local.start(self.checkout).endpoints
        endpoints = {name: url for name, url in named.items() if not name.endswith("_EMULATOR_HOST")}
        # It asks Google who the token's owner is, whatever the endpoints say.
        closed = {"HTTPS_PROXY": "http://127.0.0.1:1", "NO_PROXY": "127.0.0.1"}
        return {**endpoints, **closed, "GOOGLE_OAUTH_ACCESS_TOKEN": local.token(self.checkout)}

    def fresh(self, project: str = PROJECT, region: str = REGION, apis: tuple[str, ...] = APIS) -> LocalProject:
        """The project alone on the emptied cloud, at a time that both sides begin with."""
        local.empty(self.checkout)
        launcher.control(local.start(self.checkout), "POST", "/_local/clock", {"set": _BEGINNING})
        cloud = local_cloud(project, self.base, local.token(self.checkout))
        cloud.request("POST", "cloudresourcemanager", "v1/projects", json={"projectId": project})
        for api in apis:
            cloud.request(
                "POST", "serviceusage", f"v1/projects/{project}/services/{api}.googleapis.com:enable", json={}
            )
        return LocalProject(cloud, self.variables(project, region), self.checkout)

    def cloud(self, project: str = PROJECT) -> GoogleCloud:
        """The project as its owner sees it."""
        return local_cloud(project, self.base, local.token(self.checkout))


@dataclass(frozen=True)
class Sides:
    """Both sides, in this order."""

    real: Side
    ours: Side

    @property
    def hosts(self) -> dict[str, str]:
        """Addresses that differ between the sides, and their common name."""
        return {self.real.base: "http://local", self.ours.base: "http://local"}


@contextmanager
def both(folder: Path) -> Iterator[Sides]:
    """Two local clouds that keep their state below a folder, stopped at the end; their workloads are simulated."""
    os.environ |= {"CONTAINERS_CONF": "/dev/null/none", "DOCKER_HOST": "tcp://127.0.0.1:1"}
    with running(folder / "real") as real, running(folder / "ours") as ours:
        yield Sides(Side("real", real), Side("ours", ours))


@functools.cache
def real_provider_is_missing() -> str:
    """Why Google's own provider cannot be had here; empty when it can."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "main.tf").write_text(_REQUIRED, "utf-8")
        try:
            ended = Terraform(Path(folder)).run("init", "-no-color", "-input=false")
        except subprocess.TimeoutExpired:
            return "terraform init did not end"
    if ended.returncode == 0:
        return ""
    place = f"~/.terraform.d/plugins/registry.terraform.io/hashicorp/google/{_VERSION}/<system>/terraform-provider-google_v{_VERSION}_x5"
    said = " ".join(ended.stderr.replace("│", " ").split())
    return f"hashicorp/google {_VERSION} is neither at {place} nor to be fetched from the registry: {said}"


if __name__ == "__main__":
    sys.exit(real_provider_is_missing() or 0)
