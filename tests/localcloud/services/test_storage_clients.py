"""Cloud Storage as its official Python client and Terraform's gcs backend use it, over a socket."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from google.api_core.exceptions import BadRequest, Conflict, Forbidden, NotFound, PreconditionFailed
from google.cloud import storage
from google.cloud.storage import transfer_manager
from google.oauth2.credentials import Credentials
from localcloud.server import launcher

from tests.terraform_runs import Terraform

PROJECT = "cats-dogs"
BIG = bytes(range(256)) * (12 * 4096 + 1)
OUTSIDER = "user:outsider@example.com"


@contextmanager
def with_project(state: Path) -> Iterator[launcher.LocalCloud]:
    running = launcher.start(state)
    headers = {"Authorization": f"Bearer {launcher.token(running.state)}"}
    url = f"{running.base}/cloudresourcemanager/v1/projects"
    requests.post(url, json={"projectId": PROJECT}, headers=headers, timeout=30).raise_for_status()
    try:
        yield running
    finally:
        launcher.stop(state)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[launcher.LocalCloud]:
    with with_project(tmp_path_factory.mktemp("cloud")) as running:
        yield running


def client(cloud: launcher.LocalCloud, principal: str = launcher.OWNER) -> storage.Client:
    credentials = Credentials(launcher.token(cloud.state, principal))  # type: ignore[no-untyped-call]
    return storage.Client(project=PROJECT, credentials=credentials, client_options={"api_endpoint": cloud.base})


@pytest.fixture
def bucket(cloud: launcher.LocalCloud, request: pytest.FixtureRequest) -> storage.Bucket:
    bucket = client(cloud).bucket(request.node.name[:60].replace("_", "-").strip("-"))
    bucket.iam_configuration.uniform_bucket_level_access_enabled = True
    bucket.versioning_enabled = True
    return client(cloud).create_bucket(bucket, location="europe-west1")


def test_small_and_large_uploads_come_back_whole_and_in_parts(bucket: storage.Bucket) -> None:
    small = bucket.blob("dir/small.txt")
    small.metadata = {"k": "v"}
    small.upload_from_string(b"hello", content_type="text/x", if_generation_match=0)
    assert bucket.get_blob("dir/small.txt").metadata == {"k": "v"}
    assert bucket.blob("dir/small.txt").download_as_bytes(start=1, end=2) == b"el"
    bucket.blob("big").upload_from_string(BIG)
    assert bucket.blob("big").download_as_bytes() == BIG
    piecewise = bucket.blob("piecewise", chunk_size=1 << 20)
    piecewise.upload_from_file(io.BytesIO(BIG))
    assert bucket.blob("piecewise", chunk_size=3 << 20).download_as_bytes() == BIG


def test_an_upload_of_several_mebibytes_in_one_request_is_spooled(
    cloud: launcher.LocalCloud, bucket: storage.Bucket
) -> None:
    url = f"{cloud.base}/upload/storage/v1/b/{bucket.name}/o?uploadType="
    headers = {"Authorization": f"Bearer {launcher.token(cloud.state)}"}
    requests.post(f"{url}media&name=m", data=BIG, headers=headers, timeout=30).raise_for_status()
    parts = b'--q\r\n\r\n{"name":"p"}\r\n--q\r\nContent-Type: a/b\r\n\r\n' + BIG + b"\r\n--q--"
    headers["Content-Type"] = "multipart/related; boundary=q"
    requests.post(f"{url}multipart", data=parts, headers=headers, timeout=30).raise_for_status()
    assert bucket.blob("m").download_as_bytes() == bucket.blob("p").download_as_bytes() == BIG


def test_a_file_is_uploaded_and_downloaded_in_parallel_parts(bucket: storage.Bucket, tmp_path: Path) -> None:
    (tmp_path / "up").write_bytes(BIG)
    how = {"chunk_size": 5 << 20, "worker_type": transfer_manager.THREAD}
    transfer_manager.upload_chunks_concurrently(str(tmp_path / "up"), bucket.blob("parts"), **how)
    transfer_manager.download_chunks_concurrently(bucket.blob("parts"), str(tmp_path / "down"), **how)
    assert (tmp_path / "down").read_bytes() == BIG


def test_a_stream_of_unknown_length_can_be_written_and_read(bucket: storage.Bucket) -> None:
    with bucket.blob("stream").open("wb", chunk_size=1 << 18) as stream:
        stream.write(BIG[:1_000_000])
    with bucket.blob("stream").open("rb") as stream:
        stream.seek(999_990)
        assert stream.read() == BIG[999_990:1_000_000]


def test_versions_lists_and_prefixes(cloud: launcher.LocalCloud, bucket: storage.Bucket) -> None:
    for content in (b"one", b"two"):
        bucket.blob("a/x").upload_from_string(content)
    bucket.blob("y").upload_from_string(b"")
    versions = list(client(cloud).list_blobs(bucket.name, prefix="a/", versions=True))
    assert [version.time_deleted is None for version in versions] == [False, True]
    pages = client(cloud).list_blobs(bucket.name, delimiter="/", page_size=1)
    assert [blob.name for blob in pages] == ["y"]
    assert pages.prefixes == {"a/"}


def test_compose_rewrite_copy_and_rename(bucket: storage.Bucket) -> None:
    for name in ("one", "two"):
        bucket.blob(name).upload_from_string(name)
    joined = bucket.blob("joined")
    joined.compose([bucket.blob("one"), bucket.blob("two")])
    assert joined.download_as_bytes() == b"onetwo"
    assert bucket.blob("again").rewrite(joined) == (None, 6, 6)
    bucket.rename_blob(bucket.copy_blob(joined, bucket, "copy"), "renamed")
    assert {blob.name for blob in bucket.list_blobs()} == {"one", "two", "joined", "again", "renamed"}


def test_customer_supplied_keys_and_their_rotation(bucket: storage.Bucket) -> None:
    old, new = b"o" * 32, b"n" * 32
    for name, content in (("small", b"hello"), ("big", BIG)):
        bucket.blob(name, encryption_key=old).upload_from_string(content)
        with pytest.raises(BadRequest):
            bucket.blob(name).download_as_bytes()
        rotated = bucket.blob(name, encryption_key=new)
        rotated.rewrite(bucket.blob(name, encryption_key=old))
        assert rotated.download_as_bytes() == content


def delete_together(connected: storage.Client, bucket: str, *names: str) -> None:
    with connected.batch():
        for name in names:
            connected.bucket(bucket).blob(name).delete()


def test_batches_change_and_delete(cloud: launcher.LocalCloud, bucket: storage.Bucket) -> None:
    blobs = [bucket.blob(f"x{number}") for number in range(5)]
    for blob in blobs:
        blob.upload_from_string(b"x")
    connected = client(cloud)
    with connected.batch():
        for blob in blobs:
            changed = connected.bucket(bucket.name).blob(blob.name)
            changed.metadata = {"k": "v"}
            changed.patch()
    assert all(blob.metadata == {"k": "v"} for blob in bucket.list_blobs())
    with pytest.raises(NotFound):
        delete_together(client(cloud), bucket.name, "x1", "none")
    assert "x1" not in {blob.name for blob in bucket.list_blobs()}


def test_refusals_are_the_exceptions_that_callers_catch(cloud: launcher.LocalCloud, bucket: storage.Bucket) -> None:
    bucket.blob("x").upload_from_string(b"x")
    with pytest.raises(PreconditionFailed):
        bucket.blob("x").upload_from_string(b"y", if_generation_match=0)
    with pytest.raises(NotFound):
        bucket.blob("none").download_as_bytes()
    with pytest.raises(Conflict):
        bucket.delete()
    with pytest.raises(Forbidden, match=r"outsider@example.com does not have storage.objects.get access"):
        client(cloud, OUTSIDER).bucket(bucket.name).blob("x").download_as_bytes()


def test_a_role_on_the_bucket_lets_an_outsider_in(cloud: launcher.LocalCloud, bucket: storage.Bucket) -> None:
    bucket.blob("x").upload_from_string(b"x")
    policy = bucket.get_iam_policy(requested_policy_version=3)
    policy.bindings.append({"role": "roles/storage.objectViewer", "members": {OUTSIDER}})
    bucket.set_iam_policy(policy)
    assert client(cloud, OUTSIDER).bucket(bucket.name).blob("x").download_as_bytes() == b"x"


def test_a_deleted_object_is_restored(bucket: storage.Bucket) -> None:
    bucket.versioning_enabled = False
    bucket.patch()
    blob = bucket.blob("x")
    blob.upload_from_string(b"precious")
    blob.delete()
    assert [gone.name for gone in bucket.list_blobs(soft_deleted=True)] == ["x"]
    bucket.restore_blob("x", generation=blob.generation)
    assert bucket.blob("x").download_as_bytes() == b"precious"


def test_a_read_request_starts_a_due_cleanup(tmp_path: Path) -> None:
    with with_project(tmp_path) as running:
        with_rule = client(running).bucket("rules-bucket")
        with_rule.add_lifecycle_delete_rule(age=30)
        bucket = client(running).create_bucket(with_rule)
        bucket.blob("old").upload_from_string(BIG)
        launcher.control(running, "POST", "/_local/clock", {"advance_seconds": 31 * 86400})
        assert list(bucket.list_blobs()) == []
        assert not bucket.blob("old").exists()
        assert [blob.name for blob in bucket.list_blobs(soft_deleted=True)] == ["old"]
        launcher.control(running, "POST", "/_local/clock", {"advance_seconds": 8 * 86400})
        assert list(bucket.list_blobs(soft_deleted=True)) == []
        assert list((tmp_path / "blobs").iterdir()) == []


def test_acknowledged_uploads_survive_a_kill(tmp_path: Path) -> None:
    with with_project(tmp_path) as running:
        bucket = client(running).create_bucket("kept-bucket")
        bucket.blob("small").upload_from_string(b"small")
        bucket.blob("big").upload_from_string(BIG)
        os.kill(running.pid, signal.SIGKILL)
        while launcher.find(tmp_path) is not None:  # a killed process holds its lock a moment longer
            pass
        restarted = client(launcher.start(tmp_path)).bucket("kept-bucket")
        assert restarted.blob("small").download_as_bytes() == b"small"
        assert restarted.blob("big").download_as_bytes() == BIG
        assert [blob.name for blob in restarted.list_blobs()] == ["big", "small"]


BACKEND = """
terraform {{
  backend "gcs" {{
    bucket = "{bucket}"
    prefix = "dev/platform"
  }}
}}
variable "value" {{
  default = "one"
}}
resource "terraform_data" "kept" {{
  input = var.value
}}
"""


def test_terraform_keeps_and_locks_its_state(
    cloud: launcher.LocalCloud, bucket: storage.Bucket, tmp_path: Path
) -> None:
    (tmp_path / "main.tf").write_text(BACKEND.format(bucket=bucket.name))
    variables = {
        "GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT": f"{cloud.base}/storage/v1/",
        "GOOGLE_OAUTH_ACCESS_TOKEN": launcher.token(cloud.state),
    }
    terraform = Terraform(tmp_path, variables)
    terraform.succeed("init", "-input=false", "-no-color")
    terraform.succeed("apply", "-auto-approve", "-input=false", "-no-color")
    assert [blob.name for blob in bucket.list_blobs()] == ["dev/platform/default.tfstate"]
    assert b"terraform_data" in bucket.blob("dev/platform/default.tfstate").download_as_bytes()
    assert terraform.changes() == {}

    lock = bucket.blob("dev/platform/default.tflock")
    lock.upload_from_string('{"ID":"x","Operation":"OperationTypeApply","Who":"alice@laptop","Version":"1.11.4"}')
    refused = terraform.fail("apply", "-auto-approve", "-input=false", "-no-color")
    assert "Error acquiring the state lock" in refused
    assert "Error 412" in refused
    assert "alice@laptop" in refused
    assert f"ID: {lock.generation}" in refused

    terraform.succeed("force-unlock", "-force", str(lock.generation))
    assert terraform.changes("-var=value=two") == {"terraform_data.kept": ["update"]}
