"""A clone whose environment dev is on "Google Cloud": a local cloud behind an https proxy that answers for Google's hosts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from groundwork.environment.checkout import Checkout
from groundwork.environment.values import Environment, load
from groundwork.google import local
from groundwork.google.cloud import GoogleCloud

from tests.google_proxy import Proxy, google_proxy
from tests.small_clone import SmallClone, make_clone

OWNER = "user:owner@example.com"
MORE = """
buckets:
  data: {versioning: true, dvc: true}
  plain: {}
repositories:
  images: {}
"""


@pytest.fixture
def clone(tmp_path: Path, local_clone: Checkout) -> SmallClone:
    """ENV=local with a bucket for DVC, one that is not, and a repository."""
    return make_clone(tmp_path / "clone", local_clone, ["wandb-api-key"], MORE)


@pytest.fixture(scope="session")
def proxy(local_clone: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """Google's hosts, answered from the local cloud."""
    with google_proxy(local.start(local_clone).base, tmp_path_factory.mktemp("proxy")) as running:
        yield running


@dataclass(frozen=True)
class Google:
    """A small clone whose dev is its local environment's project on Google; `config` is where gcloud keeps its login."""

    clone: SmallClone
    proxy: Proxy
    config: Path
    programs: Path

    @property
    def environment(self) -> Environment:
        return load("dev", self.clone.root)

    def owner(self) -> GoogleCloud:
        """The project as its owner sees it, past the proxy."""
        return self.clone.cloud()

    def credentials(self, principal: str, **more: str) -> str:
        """A login file as gcloud writes it, for a principal of the local cloud."""
        token = self.config / f"{len(list(self.config.glob('*.token')))}.token"
        token.write_text(local.token(self.clone.checkout, principal))
        found = {
            "type": "external_account",
            "audience": "//iam.googleapis.com/locations/global/workforcePools/local/providers/local",
            "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "token_url": "https://sts.googleapis.com/v1/token",
            "credential_source": {"file": str(token)},
            **more,
        }
        return json.dumps(found)

    def log_in(self, principal: str = "user:owner@example.com", **more: str) -> None:
        """Logs in as a principal."""
        (self.config / "application_default_credentials.json").write_text(self.credentials(principal, **more))

    def log_in_as_person(self, principal: str = "user:owner@example.com", **more: str) -> None:
        """Log in as gcloud does: a refresh token, exchanged at Google's own token endpoint."""
        token = local.token(self.clone.checkout, principal)
        found = {"type": "authorized_user", "client_id": "gcloud", "client_secret": "none", "refresh_token": token}
        (self.config / "application_default_credentials.json").write_text(json.dumps(found | more))

    def spoil(self) -> None:
        """Invalidate the login."""
        found = json.loads((self.config / "application_default_credentials.json").read_text())
        Path(found["credential_source"]["file"]).write_text("nonsense")

    def program(self, name: str, script: str) -> Path:
        """A fake program on PATH; it records its arguments and input in the returned file."""
        notes = self.programs / f"{name}.notes"
        file = self.programs / name
        head = f"#!/bin/sh\nPATH=/usr/bin:/bin\nprintf '%s\\n' \"{name} $*\" >> '{notes}'"
        file.write_text(f"{head}\n{script}\n")
        file.chmod(0o755)
        return notes


@pytest.fixture
def google(clone: SmallClone, proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Google]:
    """Nobody is logged in yet, and neither gcloud nor docker is on PATH."""
    config, programs = tmp_path / "gcloud", tmp_path / "programs"
    config.mkdir()
    programs.mkdir()
    file = clone.root / "envs" / "local.yaml"
    (clone.root / "envs" / "dev.yaml").write_text(file.read_text().replace("cloud: local\n", ""))
    file.write_text(file.read_text().replace(clone.project, "groundwork-elsewhere"))
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_OAUTH_ACCESS_TOKEN", "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        **proxy.variables, "CLOUDSDK_CONFIG": str(config), "DOCKER_CONFIG": str(tmp_path / "docker"),
        "NO_GCE_CHECK": "true", "PATH": str(programs),
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    yield Google(clone, proxy, config, programs)
    proxy.scripted.clear()
    proxy.scopes.clear()


def gcloud(google: Google, *, quota: str = "exit 0") -> Any:
    """gcloud as `login` uses it: it writes the owner's login, and the quota project into it."""
    adc = google.config / "application_default_credentials.json"
    fresh = google.credentials(OWNER)
    charged = google.credentials(OWNER, quota_project_id=google.clone.project)
    return google.program(
        "gcloud",
        f"""case "$*" in
  "auth application-default login"*) cat > '{adc}' <<'END'\n{fresh}\nEND
  ;;
  "auth application-default set-quota-project"*) cat > '{adc}' <<'END'\n{charged}\nEND
  {quota} ;;
  "config get account"*) echo other@example.com ;;
esac""",
    )


def make_deployer(google: Google, *members: str) -> None:
    """The deployer, and who may act as it."""
    cloud, project = google.owner(), google.clone.project
    body = {"accountId": "groundwork-deployer"}
    cloud.request("POST", "iam", f"v1/projects/{project}/serviceAccounts", json=body)
    policy = {"bindings": [{"role": "roles/iam.serviceAccountTokenCreator", "members": list(members)}]}
    path = f"v1/projects/{project}/serviceAccounts/{google.environment.deployer}:setIamPolicy"
    cloud.request("POST", "iam", path, json={"policy": policy})
