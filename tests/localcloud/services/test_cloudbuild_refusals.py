"""Builds that are refused, and who may submit one as which account."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from localcloud.services.cloudbuild.workspace import Outside, Workspace

from tests.localcloud.inside import NUMBER, PROJECT, Inside
from tests.localcloud.services.builds_inside import (
    ACCOUNT,
    BASE,
    EMAIL,
    NOTHING,
    REGION,
    cloud,
    submitted,
)

__all__ = ["cloud"]


def test_a_volume_is_a_folder_among_the_builds_volumes(tmp_path: Path) -> None:
    space = Workspace(tmp_path)
    space.make()
    assert space.volume("cache") == tmp_path / "volumes" / "cache"
    for name in ("..", ".", "", "../credentials", "/etc"):
        with pytest.raises(Outside, match="is not a valid volume name"):
            space.volume(name)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"steps": []}, "1 to 300 steps"),
        ({"steps": [{}]}, "must have a name"),
        ({"steps": [{"name": "--volume=/:/host"}]}, "is not a valid image name"),
        ({"steps": [{"name": "docker-archive:/etc/x"}]}, "is not a valid image name"),
        ({"images": ["-x"]}, "is not a valid image name"),
        ({"steps": [{"name": "x", "env": ["A B=1"]}]}, "it must be KEY=VALUE"),
        ({"steps": [{"name": "x", "volumes": [{"name": "v", "path": "/v:/w"}]}]}, "has the volume"),
        ({"steps": [{"name": "x", "script": "true", "args": ["y"]}]}, "neither entrypoint nor args"),
        ({"steps": [{"name": "x", "env": ["A"]}]}, "it must be KEY=VALUE"),
        ({"steps": [{"name": "x", "secretEnv": ["A"]}]}, "no secret is declared"),
        ({"timeout": "90000s"}, "between 0 and 86400 seconds"),
        ({"steps": [{"name": "x", "volumes": [{"name": "v", "path": "/v"}]}]}, "used by only one step"),
        ({"steps": [{"name": "x", "volumes": [{"name": "v", "path": "/workspace/v"}]}]}, "outside /workspace"),
        ({"serviceAccount": EMAIL}, "must have the form projects/PROJECT/serviceAccounts/ACCOUNT"),
        ({"source": {"storageSource": {"bucket": "none-such", "object": "x.tgz"}}}, "could not resolve source: googleapi: Error 404"),
        ({"source": {"connectedRepository": {"repository": "x", "revision": "main"}}}, "the repository x does not exist"),
        ({"secrets": [{"kmsKeyName": "k"}]}, "use availableSecrets.secretManager"),
    ],
)  # fmt: skip
def test_an_invalid_build_is_a_400(cloud: Inside, change: dict[str, Any], problem: str) -> None:
    response = cloud("POST", f"{BASE}/builds", {**NOTHING, **change})
    assert (response.status, problem in response.message) == (400, True), response.message


def test_a_custom_account_needs_a_log_destination_in_googles_words(cloud: Inside) -> None:
    response = cloud("POST", f"{BASE}/builds", {"steps": [{"name": "x"}], "serviceAccount": ACCOUNT})
    assert response.status == 400
    assert response.message.startswith(
        "if 'build.service_account' is specified, the build must either (a) specify 'build.logs_bucket'"
    )
    assert submitted(cloud, {**NOTHING, "serviceAccount": ACCOUNT})["serviceAccount"] == ACCOUNT


def test_submitting_needs_permission_to_act_as_the_account(cloud: Inside) -> None:
    cloud.grant("roles/cloudbuild.builds.editor", "user:alice@example.com")
    alice = cloud.as_("user:alice@example.com")
    response = alice("POST", f"{BASE}/builds", {**NOTHING, "serviceAccount": ACCOUNT})
    assert (response.status, "caller does not have permission to act as service account" in response.message) == (
        403,
        True,
    )
    assert alice("POST", f"{BASE}/builds", NOTHING).status == 200
    cloud.ok(
        "POST",
        f"iam/v1/{ACCOUNT}:setIamPolicy",
        {"policy": {"bindings": [{"role": "roles/iam.serviceAccountUser", "members": ["user:alice@example.com"]}]}},
    )
    assert alice("POST", f"{BASE}/builds", {**NOTHING, "serviceAccount": ACCOUNT}).status == 200
    # Permission to build here does not include acting as another project's default account.
    other = f"projects/-/serviceAccounts/{int(NUMBER) + 1}-compute@developer.gserviceaccount.com"
    assert alice("POST", f"{BASE}/builds", {**NOTHING, "serviceAccount": other}).status == 403
    outsider = cloud.as_("user:eve@example.com")
    assert outsider("GET", f"{BASE}/builds").status == outsider("POST", f"{BASE}/builds", NOTHING).status == 403


def test_a_build_without_account_acts_as_computes(cloud: Inside) -> None:
    build = submitted(cloud, NOTHING)
    assert (
        build["serviceAccount"] == f"projects/{PROJECT}/serviceAccounts/{NUMBER}-compute@developer.gserviceaccount.com"
    )
    grants = [
        {"role": "roles/logging.logWriter", "members": [f"serviceAccount:{build['serviceAccount'].rpartition('/')[2]}"]}
    ]
    policy = cloud.ok("POST", f"cloudresourcemanager/v1/projects/{PROJECT}:getIamPolicy", {})
    policy["bindings"] += grants
    cloud.ok("POST", f"cloudresourcemanager/v1/projects/{PROJECT}:setIamPolicy", {"policy": policy})
    found = cloud.ok("GET", f"{REGION}/defaultServiceAccount")
    assert found["serviceAccountEmail"] == build["serviceAccount"]
    assert (
        submitted(cloud, {"steps": [{"name": "x"}]})["logsBucket"]
        == f"gs://{NUMBER}.cloudbuild-logs.googleusercontent.com"
    )
