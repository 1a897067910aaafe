"""Which accounts the identity pool grants: the claims of GitHub's tokens, exchanged at the local cloud."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from groundwork.environment.checkout import Checkout
from groundwork.google import local
from localcloud.server import launcher

from tests.local_project import LocalProject, fresh
from tests.terraform_runs import ROOT, Terraform

ACCOUNTS = ("deployer", "planner", "ci")
HCL = """
provider "google" {}
module "identity" {
  source        = "../../modules/github_identity"
  project_id    = "groundwork-example"
  repository    = "Cats-Dogs/Detector"
  owner_id      = "42"
  repository_id = REPOSITORY_ID
}
module "accounts" {
  for_each = {
    ci       = module.identity.principals.branch
    deployer = module.identity.principals.main
    planner  = module.identity.principals.repository
  }
  source      = "../../modules/service_account"
  project_id  = "groundwork-example"
  name        = "the-${each.key}"
  description = "Is tried."
  iam         = { "roles/iam.workloadIdentityUser" = [each.value] }
}
output "provider" {
  value = module.identity.provider
}
"""
CLAIMS = {
    "iss": "https://token.actions.githubusercontent.com",
    "sub": f"repo:cats-dogs@42/detector@77:ref:refs/heads/{'m' * 120}",
    "repository": "cats-dogs/detector",
    "repository_id": "77",
    "repository_owner_id": "42",
    "ref": "refs/heads/main",
    "workflow_ref": "cats-dogs/detector/.github/workflows/apply.yml@refs/heads/main",
    "event_name": "push",
    "run_id": "1",
    "exp": 4102444800,
}


@dataclass(frozen=True)
class Pool:
    """A deployed pool, and the accounts that a token with given claims can impersonate."""

    project: LocalProject
    state: Path
    provider: str

    def lets(self, **changes: str) -> set[str]:
        """The accounts that a workflow with these claims can impersonate."""
        audience = f"//iam.googleapis.com/{self.provider}"
        claims = {**CLAIMS, "aud": f"https:{audience}", **changes}
        form = {
            "grantType": "urn:ietf:params:oauth:grant-type:token-exchange",
            "audience": audience,
            "scope": "https://www.googleapis.com/auth/cloud-platform",
            "requestedTokenType": "urn:ietf:params:oauth:token-type:access_token",
            "subjectToken": launcher.assertion(self.state, claims),
            "subjectTokenType": "urn:ietf:params:oauth:token-type:jwt",
        }
        answer = self._post("sts/v1/token", form)
        if answer.status_code != 200:
            assert answer.json()["error"] == "unauthorized_client", answer.text
            return set()
        token = answer.json()["access_token"]
        return {account for account in ACCOUNTS if self._may_be(account, token)}

    def _may_be(self, account: str, token: str) -> bool:
        email = f"the-{account}@groundwork-example.iam.gserviceaccount.com"
        path = f"iamcredentials/v1/projects/-/serviceAccounts/{email}:generateAccessToken"
        answer = self._post(path, {"scope": ["https://www.googleapis.com/auth/cloud-platform"]}, token)
        assert answer.status_code in (200, 403), answer.text
        return answer.status_code == 200

    def _post(self, path: str, body: Any, token: str = "") -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return requests.post(f"{self.project.cloud.base}/{path}", json=body, headers=headers, timeout=30)


@pytest.fixture(params=["by number", "by name"], scope="module")
def pool(request: pytest.FixtureRequest, checkout: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Pool:
    """The module applied, once with the repository's number and once without."""
    project = fresh(checkout, "groundwork-example")
    folder = tmp_path_factory.mktemp("pool")
    (folder / "modules").symlink_to(ROOT / "modules")
    root = folder / "infra" / "example"
    root.mkdir(parents=True)
    number = '"77"' if request.param == "by number" else "null"
    (root / "main.tf").write_text(HCL.replace("REPOSITORY_ID", number), encoding="utf-8")
    services = ["iam", "iamcredentials", "sts"]
    for service in services:
        name = f"v1/projects/{project.cloud.project}/services/{service}.googleapis.com:enable"
        project.cloud.request("POST", "serviceusage", name, json={})
    terraform = Terraform(root, project.variables)
    terraform.succeed("init", "-no-color")
    terraform.succeed("apply", "-auto-approve", "-no-color")
    running = local.find(checkout)
    assert running is not None
    return Pool(project, running.state, terraform.outputs()["provider"])


def test_the_deploying_workflow_on_main_is_the_deployer_however_long_its_subject_and_whatever_the_case(
    pool: Pool,
) -> None:
    assert pool.lets() == {"deployer", "planner", "ci"}
    assert pool.lets(repository="CATS-dogs/DETECTOR") == {"deployer", "planner", "ci"}


@pytest.mark.parametrize("event", ["push", "schedule", "repository_dispatch"])
def test_any_other_workflow_on_main_is_not_the_deployer_but_what_the_branch_may_be(pool: Pool, event: str) -> None:
    other = "cats-dogs/detector/.github/workflows/ci.yml@refs/heads/main"
    assert pool.lets(workflow_ref=other, event_name=event) == {"planner", "ci"}


@pytest.mark.parametrize(
    "changes",
    [
        {"workflow_ref": "cats-dogs/detector/.github/workflows/apply.yml@refs/heads/evil"},
        {"ref": "refs/heads/evil"},
        {
            "ref": "refs/pull/7/merge",
            "workflow_ref": "cats-dogs/detector/.github/workflows/apply.yml@refs/pull/7/merge",
        },
        {"event_name": "pull_request_target"},
        {"event_name": "workflow_run"},
    ],
)
def test_any_other_branch_or_event_is_the_planner_at_most(pool: Pool, changes: dict[str, str]) -> None:
    assert pool.lets(**changes) == {"planner"}


def test_another_repository_owner_is_refused(pool: Pool) -> None:
    assert pool.lets(repository_owner_id="666") == set()


def test_another_repository_is_refused(pool: Pool) -> None:
    assert pool.lets(repository="cats-dogs/other", repository_id="78") == set()
