"""Builds from source: what `gcloud run deploy --source` asks of Cloud Run, and reads at Cloud Build."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

import pytest
from localcloud.server.assembly import application
from localcloud.services import SERVICES

from tests.localcloud.services.requests_inside import PROJECT, Sender, sender

PLACE = f"projects/{PROJECT}/locations/europe-west1"
SUBMIT = f"/run/v2/{PLACE}/builds:submit"
IMAGE = f"europe-west1-docker.pkg.dev/{PROJECT}/cloud-run-source-deploy/api"
EMAIL = f"builder@{PROJECT}.iam.gserviceaccount.com"
ACCOUNT = f"projects/{PROJECT}/serviceAccounts/{EMAIL}"


def archive() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as packed:
        packed.addfile(tarfile.TarInfo("Dockerfile"))
    return stream.getvalue()


@pytest.fixture
def call(tmp_path: Path) -> Sender:
    call = sender(tmp_path, "run", "cloudbuild", "storage", "iam", "logging")
    application(call.cloud, SERVICES, "http://127.0.0.1:1", "key")  # what asks Google's APIs for others
    call("POST", f"/iam/v1/projects/{PROJECT}/serviceAccounts", {"accountId": "builder"})
    call("POST", f"/storage/v1/b?project={PROJECT}", {"name": "run-sources"})
    call.grant("roles/storage.objectViewer", f"serviceAccount:{EMAIL}")
    upload = "/upload/storage/v1/b/run-sources/o?uploadType=media&name=api.tgz"
    call.send("POST", upload, {"authorization": call.bearer(), "content-type": "application/gzip"}, archive())
    return call


def request(**more: Any) -> dict[str, Any]:
    source = {"bucket": "run-sources", "object": "api.tgz"}
    return {"storageSource": source, "imageUri": IMAGE, "dockerBuild": {}, "serviceAccount": ACCOUNT, **more}


def test_a_source_with_a_dockerfile_is_built_by_cloud_build(call: Sender) -> None:
    operation = call("POST", SUBMIT, request(tags=["api"]))["buildOperation"]
    build = operation["metadata"]["build"]
    assert build["images"] == [IMAGE]
    assert build["steps"][0]["args"] == ["build", "--network", "cloudbuild", "-t", IMAGE, "."]
    assert (build["tags"], build["serviceAccount"]) == (["api"], ACCOUNT)
    polled = call("GET", f"/cloudbuild/v1/{PLACE}/operations/{build['id']}")
    assert polled["metadata"]["build"]["id"] == build["id"]


def test_who_may_not_build_may_not_submit(call: Sender) -> None:
    call.grant("roles/run.admin", "user:eve@example.com")
    message = call.as_("user:eve@example.com").refused("POST", SUBMIT, request(), 403)
    assert "cloudbuild.builds.create" in message


def test_a_source_without_a_dockerfile_is_refused_by_name(call: Sender) -> None:
    message = call.refused("POST", SUBMIT, {**request(), "dockerBuild": None, "buildpackBuild": {}}, 501)
    assert message.startswith("run.projects.locations.builds.submit: the local cloud has no buildpacks")


@pytest.mark.parametrize("field", ["storageSource", "imageUri"])
def test_a_build_needs_a_source_and_an_image(call: Sender, field: str) -> None:
    assert call.refused("POST", SUBMIT, {name: value for name, value in request().items() if name != field}) == (
        f"{field} is required."
    )
