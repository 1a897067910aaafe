"""The permissions that `doctor` asks for are those that `up` and `down` use, derived from every change that they request of the cloud."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from groundwork.doctor.permissions import needed
from groundwork.environment.checkout import Checkout
from groundwork.environment.values import load
from groundwork.errors import Exit
from groundwork.google import local
from localcloud.server import launcher

from tests.small_clone import ROOT, SmallClone

# What each changing method needs on the project. Source: https://cloud.google.com/iam/docs/permissions-reference.
NEEDS = {
    "artifactregistry.projects.locations.repositories.create": "artifactregistry.repositories.create",
    "artifactregistry.projects.locations.repositories.delete": "artifactregistry.repositories.delete",
    "artifactregistry.projects.locations.repositories.patch": "artifactregistry.repositories.update",
    "artifactregistry.projects.locations.repositories.setIamPolicy": "artifactregistry.repositories.setIamPolicy",
    "cloudresourcemanager.projects.setIamPolicy": "resourcemanager.projects.setIamPolicy",
    "iam.projects.locations.workloadIdentityPools.create": "iam.googleapis.com/workloadIdentityPools.create",
    "iam.projects.locations.workloadIdentityPools.providers.create": "iam.googleapis.com/workloadIdentityPoolProviders.create",
    "iam.projects.roles.create": "iam.roles.create",
    "iam.projects.roles.delete": "iam.roles.delete",
    "iam.projects.roles.patch": "iam.roles.update",
    "iam.projects.roles.undelete": "iam.roles.undelete",
    "iam.projects.serviceAccounts.create": "iam.serviceAccounts.create",
    "iam.projects.serviceAccounts.delete": "iam.serviceAccounts.delete",
    "iam.projects.serviceAccounts.patch": "iam.serviceAccounts.update",
    "iam.projects.serviceAccounts.setIamPolicy": "iam.serviceAccounts.setIamPolicy",
    "secretmanager.projects.secrets.create": "secretmanager.secrets.create",
    "secretmanager.projects.secrets.delete": "secretmanager.secrets.delete",
    "secretmanager.projects.secrets.patch": "secretmanager.secrets.update",
    "secretmanager.projects.secrets.setIamPolicy": "secretmanager.secrets.setIamPolicy",
    "serviceusage.services.batchEnable": "serviceusage.services.enable",
    "serviceusage.services.enable": "serviceusage.services.enable",
    "storage.buckets.delete": "storage.buckets.delete",
    "storage.buckets.insert": "storage.buckets.create",
}
# Only the local cloud has projects made by `up`; the rest is in buckets that whoever made them may change.
BESIDE = (
    "cloudresourcemanager.projects.create",
    "storage.objects.",
    "storage.buckets.patch",
    "storage.buckets.setIamPolicy",
)
READS = (".getIamPolicy", ".testIamPermissions", ".get", ".list", ".getStorageLayout", ".listAttestationRules")


@pytest.mark.slow
def test_every_change_that_up_and_down_ask_for_needs_a_permission_that_doctor_asks_for(tmp_path: Path) -> None:
    for part in ("infra", "modules", "envs"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns(".terraform*"))
    file = tmp_path / "envs" / "local.yaml"
    github = 'github: {repository: example-team/cats-dogs, owner_id: "1234567"}\n'
    file.write_text(file.read_text() + github)
    clone = SmallClone(tmp_path, "groundwork-local")
    try:
        used = (
            changes(clone, "up")
            | changes(clone, "up", after=("team: cats-dogs", "team: dogs"))
            | changes(clone, "down", "--yes")
        )
    finally:
        local.stop(Checkout(tmp_path))
    assert sorted(used - NEEDS.keys()) == []
    assert {"secretmanager.projects.secrets.create", "storage.buckets.delete"} <= used
    checked = set(needed(load("local", tmp_path)))
    assert sorted({NEEDS[method] for method in used} - checked) == []


def changes(clone: SmallClone, *arguments: str, after: tuple[str, str] | None = None) -> set[str]:
    """The methods by which a command changed something."""
    if after:
        file = clone.root / "envs" / "local.yaml"
        file.write_text(file.read_text().replace(*after))
    ended = clone(*arguments)
    assert ended.code == Exit.OK, ended.err
    result: dict[str, Any] = launcher.control(launcher.start(clone.checkout.local_state), "GET", "/_local/requests")
    methods = {row["method"] for row in result["requests"] if row["method"] and row["status"] < 300}
    return {method for method in methods if not method.endswith(READS) and not method.startswith(BESIDE)}
