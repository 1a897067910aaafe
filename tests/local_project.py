"""A local cloud with one fresh project in it, for tests that apply Terraform: the variables of a shell, and what exists."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from groundwork.environment.checkout import Checkout
from groundwork.google import local
from groundwork.google.cloud import CloudProblem, GoogleCloud, local_cloud

LOCATIONS = ("europe-west1", "europe-west4", "us-central1")


@dataclass(frozen=True)
class LocalProject:
    """A project on a local cloud; `variables` are those that `groundwork local env` prints for it."""

    cloud: GoogleCloud
    variables: dict[str, str]
    checkout: Checkout

    def as_principal(self, principal: str) -> GoogleCloud:
        """The same project as another principal sees it."""
        return local_cloud(self.cloud.project, str(self.cloud.base), local.token(self.checkout, principal))

    def inventory(self) -> dict[str, list[str]]:
        """What is in the project, by collection; an API that is off can hold nothing."""
        project = self.cloud.project
        parts = {place: f"v1/projects/{project}/locations/{place}/repositories" for place in LOCATIONS}
        return {
            "buckets": self._names("storage", "v1/b", "items", {"project": project}),
            "secrets": self._names("secretmanager", f"v1/projects/{project}/secrets", "secrets"),
            "accounts": self._names("iam", f"v1/projects/{project}/serviceAccounts", "accounts"),
            "pools": self._names(
                "iam", f"v1/projects/{project}/locations/global/workloadIdentityPools", "workloadIdentityPools"
            ),
            "repositories": [
                name for path in parts.values() for name in self._names("artifactregistry", path, "repositories")
            ],
            "bindings": sorted(json.dumps(binding, sort_keys=True) for binding in self._bindings()),
        }

    def _names(self, api: str, path: str, key: str, params: dict[str, str] | None = None) -> list[str]:
        try:
            return sorted(item["name"] for item in self.cloud.pages(api, path, key, params))
        except CloudProblem as problem:
            if problem.reason == "SERVICE_DISABLED":
                return []
            raise

    def _bindings(self) -> list[dict[str, Any]]:
        path = f"v1/projects/{self.cloud.project}:getIamPolicy"
        return list(self.cloud.request("POST", "cloudresourcemanager", path, json={}).get("bindings", []))


@contextmanager
def running(folder: Path) -> Iterator[Checkout]:
    """A local cloud that keeps its state below a folder, stopped at the end."""
    checkout = Checkout(folder)
    local.start(checkout)
    try:
        yield checkout
    finally:
        local.stop(checkout)


def fresh(checkout: Checkout, project: str, region: str = "europe-west1") -> LocalProject:
    """The project alone on the emptied local cloud."""
    local.empty(checkout)
    cloud = local_cloud(project, local.start(checkout).base, local.token(checkout))
    cloud.request("POST", "cloudresourcemanager", "v1/projects", json={"projectId": project})
    return LocalProject(cloud, variables_of(checkout, project, region), checkout)


def variables_of(checkout: Checkout, project: str, region: str, principal: str = local.OWNER) -> dict[str, str]:
    """What `groundwork local env` prints; with PROVIDER=google, what lets Terraform find the provider in its own ways."""
    if os.environ.get("PROVIDER") != "google":
        return local.shell_variables(checkout, project, region, principal)
    # The real provider asks Google who the token's owner is, whatever the endpoints say.
    closed = {"HTTPS_PROXY": "http://127.0.0.1:1", "NO_PROXY": "127.0.0.1"}
    endpoints = local.start(checkout).endpoints
    # With an emulator's host, Terraform's backend would send no token.
    used = {name: value for name, value in endpoints.items() if not name.endswith("_EMULATOR_HOST")}
    return {**used, **closed, "GOOGLE_OAUTH_ACCESS_TOKEN": local.token(checkout, principal)}
