"""Cloud Build's API without containers: what is completed and listed, and builds that need no container."""

from __future__ import annotations

import asyncio
import gzip
import io
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from localcloud.errors import CloudError
from localcloud.server.assembly import opened
from localcloud.services import SERVICES
from localcloud.services.cloudbuild import sources, steps
from localcloud.services.cloudbuild.builders import shell
from localcloud.services.cloudbuild.builders.gcloud import Unsupported, deployment, execution, training

from tests.localcloud.inside import NUMBER, PROJECT, Inside
from tests.localcloud.services.builds_inside import (
    ACCOUNT,
    BASE,
    EMAIL,
    LOGGED,
    NOTHING,
    REGION,
    built,
    cloud,
    submitted,
)

__all__ = ["cloud"]


def test_steps_wait_for_all_before_them_or_for_those_they_name() -> None:
    found = steps.waits([{"id": "a"}, {"id": "b", "waitFor": ["-"]}, {"waitFor": ["a"]}, {}])
    assert found == [frozenset(), frozenset(), frozenset({0}), frozenset({0, 1, 2})]


@pytest.mark.parametrize(
    ("listed", "problem"),
    [
        ([{"waitFor": ["x"]}], "but no step has that id"),
        ([{"id": "a"}, {"id": "a"}], "not unique"),
        ([{"id": "a", "waitFor": ["b"]}, {"id": "b", "waitFor": ["a"]}], "waits for itself"),
    ],
)
def test_an_impossible_graph_is_refused(listed: list[dict[str, Any]], problem: str) -> None:
    with pytest.raises(CloudError, match=problem):
        steps.waits(listed)


def test_builds_are_listed_newest_first_and_filtered(cloud: Inside) -> None:
    first = submitted(cloud, {**NOTHING, "tags": ["a"]})
    second = submitted(cloud, {**NOTHING, "tags": ["b"]})
    elsewhere = submitted(cloud, NOTHING, REGION)
    assert [one["id"] for one in cloud.ok("GET", f"{BASE}/builds")["builds"]] == [second["id"], first["id"]]
    page = cloud.ok("GET", f"{BASE}/builds?pageSize=1")
    assert [one["id"] for one in page["builds"]] == [second["id"]]
    rest = cloud.ok("GET", f"{BASE}/builds?pageSize=1&pageToken={page['nextPageToken']}")
    assert [one["id"] for one in rest["builds"]] == [first["id"]]
    everywhere = cloud.ok("GET", f"{BASE}/locations/-/builds")["builds"]
    assert {one["id"] for one in everywhere} == {first["id"], second["id"], elsewhere["id"]}
    tagged = cloud.ok("GET", f"{BASE}/builds?filter=tags%3D%22a%22")["builds"]
    assert [one["id"] for one in tagged] == [first["id"]]


def test_an_operation_is_found_by_its_name_and_by_the_builds_id(cloud: Inside) -> None:
    operation = cloud.ok("POST", f"{BASE}/builds", NOTHING)
    identity = operation["metadata"]["build"]["id"]
    assert operation["name"].startswith(f"operations/build/{PROJECT}/")
    assert operation["metadata"]["@type"].endswith("google.devtools.cloudbuild.v1.BuildOperationMetadata")
    for name in (operation["name"], f"projects/{PROJECT}/locations/global/operations/{identity}"):
        assert cloud.ok("GET", f"cloudbuild/v1/{name}")["metadata"]["build"]["id"] == identity
    assert cloud.as_("user:eve@example.com")("GET", f"cloudbuild/v1/{operation['name']}").status == 403


def test_a_cancelled_build_stays_cancelled_and_can_be_retried(cloud: Inside) -> None:
    build = submitted(cloud, NOTHING)
    assert cloud.ok("POST", f"{BASE}/builds/{build['id']}:cancel", {})["status"] == "CANCELLED"
    response = cloud("POST", f"{BASE}/builds/{build['id']}:cancel", {})
    assert (response.status, "already finished" in response.message) == (400, True)
    again = cloud.ok("POST", f"{BASE}/builds/{build['id']}:retry", {})["metadata"]["build"]
    assert again["id"] != build["id"]
    assert again["status"] == "QUEUED"


@pytest.mark.parametrize("verb", ["cancel", "retry"])
def test_a_build_is_found_in_the_region_that_googles_client_names_in_the_body(cloud: Inside, verb: str) -> None:
    build = submitted(cloud, NOTHING, REGION)
    name = f"projects/{PROJECT}/locations/europe-west1/builds/{build['id']}"
    if verb == "retry":
        cloud.ok("POST", f"cloudbuild/v1/{name}:cancel", {})
    sent = {"projectId": PROJECT, "id": build["id"], "name": name}
    assert cloud.ok("POST", f"{BASE}/builds/{build['id']}:{verb}", sent)
    assert cloud("POST", f"{BASE}/builds/{build['id']}:{verb}", {}).status == 404


def test_builds_wait_their_turn_and_expire(cloud: Inside) -> None:
    cloud.cloud.workloads.limits["builds"] = 1
    submitted(cloud, NOTHING)
    waiting = submitted(cloud, {**NOTHING, "queueTtl": "60s"})
    cloud.cloud.clock.advance(61)
    assert cloud.ok("GET", f"{BASE}/builds/{waiting['id']}")["status"] == "EXPIRED"


def test_a_build_that_needs_containers_fails_without_them_and_lists_no_image(cloud: Inside) -> None:
    image = f"europe-west1-docker.pkg.dev/{PROJECT}/images/app:1"
    docker = {"name": "gcr.io/cloud-builders/docker", "args": ["build", "-t", image, "."]}
    build = built(cloud, {"steps": [docker], "images": [image], **LOGGED})
    assert (build["status"], build["failureInfo"]["type"]) == ("FAILURE", "USER_BUILD_STEP")
    assert "did not run (simulated): neither podman nor docker answers" in build["failureInfo"]["detail"]
    assert "images" not in build.get("results", {})
    assert "simulated" in build["warnings"][0]["text"]
    entries = cloud.ok(
        "POST",
        "logging/v2/entries:list",
        {
            "resourceNames": [f"projects/{PROJECT}"],
            "filter": f'resource.type="build" AND resource.labels.build_id="{build["id"]}"',
        },
    )["entries"]
    assert entries[0]["textPayload"] == f'starting build "{build["id"]}"'
    assert any("neither podman nor docker" in entry["textPayload"] for entry in entries)


def test_a_log_in_googles_bucket_is_read_in_pieces_by_those_with_access_to_logs(cloud: Inside) -> None:
    build = built(cloud, {"steps": [{"name": "gcr.io/cloud-builders/git", "args": ["--version"]}]})
    assert build["status"] == "SUCCESS", build
    name = f"{NUMBER}.cloudbuild-logs.googleusercontent.com/log-{build['id']}.txt"
    text = cloud("GET", name).body.decode()
    assert "\nBUILD\ngit version " in text
    assert text.endswith("PUSH\nDONE\n")
    piece = cloud("GET", name, range="bytes=9-13")
    assert (piece.status, piece.body) == (206, b"build")
    assert cloud("GET", name, range=f"bytes={len(text)}-").status == 416
    assert cloud.as_("user:eve@example.com")("GET", name).status == 403
    cloud.grant("roles/logging.viewer", f"serviceAccount:{EMAIL}")
    builder = cloud.as_(f"serviceAccount:{EMAIL}")
    assert builder("GET", name).status == 200
    cloud.ok("POST", f"iam/v1/{ACCOUNT}:disable", {})
    assert builder("GET", name).status == 401


def test_a_source_archive_is_read_as_the_builds_account(cloud: Inside) -> None:
    cloud.ok("POST", f"storage/v1/b?project={PROJECT}", {"name": "sources-of-inside", "location": "EU"})
    cloud.ok("POST", "upload/storage/v1/b/sources-of-inside/o?uploadType=media&name=a.tgz", _archive("hello.txt"))
    source = {"storageSource": {"bucket": "sources-of-inside", "object": "a.tgz"}}
    step = {"name": "gcr.io/cloud-builders/git", "args": ["hash-object", "hello.txt"]}
    sent = {"steps": [step], "source": source, "serviceAccount": ACCOUNT, **LOGGED}
    response = cloud("POST", f"{BASE}/builds", sent)
    assert (response.status, "could not resolve source: googleapi: Error 403" in response.message) == (400, True)
    cloud.grant("roles/storage.objectViewer", f"serviceAccount:{EMAIL}")
    build = built(cloud, sent)
    assert build["status"] == "SUCCESS", build
    assert build["sourceProvenance"]["resolvedStorageSource"]["generation"]
    cloud.ok("POST", "upload/storage/v1/b/sources-of-inside/o?uploadType=media&name=a.tgz", _archive("../../out.txt"))
    build = built(cloud, sent)
    assert (build["status"], build["failureInfo"]["type"]) == ("FAILURE", "FETCH_SOURCE_FAILED")


def test_an_oversized_or_invalid_archive_is_refused_with_the_reason(tmp_path: Path) -> None:
    for kind in (b"x", tarfile.GNUTYPE_LONGNAME):
        header = tarfile.TarInfo("bomb")
        header.type, header.size = kind, 3 << 30  # without any content: the memory would be allocated at once
        with pytest.raises(sources.UnreadableSource, match="a header has more than"):
            sources.unpacked(io.BytesIO(gzip.compress(header.tobuf(tarfile.USTAR_FORMAT) + bytes(10_000))), tmp_path)
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("a", "x")
    header_start = zipped.getvalue().rfind(b"PK\x01\x02")
    for place, value in ((8, b"\x01\x00"), (10, b"\x63\x00")):  # encrypted; packed by a method that nobody knows
        wrong = bytearray(zipped.getvalue())
        wrong[header_start + place : header_start + place + 2] = value
        with pytest.raises(sources.UnreadableSource):
            sources.unpacked(io.BytesIO(wrong), tmp_path)
    wrong = bytearray(zipped.getvalue())
    wrong[-10:-6] = (8 << 20).to_bytes(
        4, "little"
    )  # a directory of 8 MiB, whose entries as objects would need ten times that
    with pytest.raises(
        sources.UnreadableSource, match=r"more than 10000 files, or names that are too long; a \.tar\.gz"
    ):
        sources.unpacked(io.BytesIO(wrong), tmp_path)
    for data in (b"", b"junk" * 200, gzip.compress(b"junk" * 200), gzip.compress(b"")[:12]):
        with pytest.raises(sources.UnreadableSource):
            sources.unpacked(io.BytesIO(data), tmp_path)


def test_a_secret_is_read_as_the_builds_account(cloud: Inside) -> None:
    cloud.ok("POST", f"secretmanager/v1/projects/{PROJECT}/secrets?secretId=key", {"replication": {"automatic": {}}})
    cloud.ok("POST", f"secretmanager/v1/projects/{PROJECT}/secrets/key:addVersion", {"payload": {"data": "c2VjcmV0"}})
    version = f"projects/{PROJECT}/secrets/key/versions/latest"
    sent = {
        "steps": [{"name": "gcr.io/cloud-builders/git", "args": ["--version"], "secretEnv": ["KEY"]}],
        "availableSecrets": {"secretManager": [{"versionName": version, "env": "KEY"}]},
        "serviceAccount": ACCOUNT,
        **LOGGED,
    }
    build = built(cloud, sent)
    assert build["status"] == "FAILURE"
    assert (
        f"failed to access secret version for secret {version}: rpc error: code = PermissionDenied"
        in build["statusDetail"]
    )
    cloud.grant("roles/secretmanager.secretAccessor", f"serviceAccount:{EMAIL}")
    assert built(cloud, sent)["status"] == "SUCCESS"


def test_a_step_that_may_fail_does_not_end_the_build(cloud: Inside) -> None:
    git = "gcr.io/cloud-builders/git"
    first = {"name": git, "args": ["no-such-command"], "allowFailure": True}
    build = built(cloud, {"steps": [first, {"name": git, "args": ["--version"]}], **LOGGED})
    assert (build["status"], [one["status"] for one in build["steps"]]) == ("SUCCESS", ["FAILURE", "SUCCESS"])
    build = built(cloud, {"steps": [{**first, "allowExitCodes": [7]}, {"name": git}], **LOGGED})
    assert (build["status"], [one["status"] for one in build["steps"]]) == ("FAILURE", ["FAILURE", "QUEUED"])
    assert (
        'build step 0 "gcr.io/cloud-builders/git" failed: step exited with non-zero status: 1' in build["statusDetail"]
    )


def test_an_artifact_is_uploaded_and_a_path_out_of_the_workspace_is_refused(cloud: Inside, tmp_path: Path) -> None:
    (tmp_path / "outside.txt").write_text("not the build's")
    cloud.ok("POST", f"storage/v1/b?project={PROJECT}", {"name": "outputs-of-inside", "location": "EU"})
    cloud.ok("POST", "upload/storage/v1/b/outputs-of-inside/o?uploadType=media&name=a.tgz", _archive("hello.txt"))
    cloud.grant("roles/storage.objectUser", f"serviceAccount:{EMAIL}")
    git = "gcr.io/cloud-builders/git"
    sent = {
        "steps": [{"name": git, "args": ["hash-object", "hello.txt"]}],
        "source": {"storageSource": {"bucket": "outputs-of-inside", "object": "a.tgz"}},
        "artifacts": {"objects": {"location": "gs://outputs-of-inside/made/", "paths": ["*.txt"]}},
        "serviceAccount": ACCOUNT,
        **LOGGED,
    }
    build = built(cloud, sent)
    assert build["results"]["numArtifacts"] == "1", build
    assert cloud("GET", "storage/v1/b/outputs-of-inside/o/made%2Fhello.txt?alt=media").body == b"hello"
    sent["artifacts"] = {"objects": {"location": "gs://outputs-of-inside", "paths": ["../../../../outside.txt"]}}
    assert "may have one **, between slashes, and no .." in built(cloud, sent)["failureInfo"]["detail"]


def test_a_builds_usage_is_counted_for_its_requester(cloud: Inside) -> None:
    built(cloud, {"steps": [{"name": "gcr.io/cloud-builders/git", "args": ["--version"]}], **LOGGED})
    rows = [row for row in cloud.cloud.usage.rows("x") if row["service"]["description"] == "Cloud Build"]
    assert [row["sku"]["id"] for row in rows] == ["build.minute.e2-standard-2"]
    assert {"key": "member", "value": "owner_example_com"} in rows[0]["labels"]


def test_gclouds_deployments_are_made_as_the_builds_account_without_gcloud(cloud: Inside) -> None:
    sdk, place = "gcr.io/google.com/cloudsdktool/cloud-sdk:slim", f"--region=europe-west1 --service-account={EMAIL}"
    arguments = [
        f"run deploy api --image=docker.io/library/api {place}",
        f"run services update api --image=docker.io/library/api:2 {place}",
        f"run jobs deploy drift --image=docker.io/library/drift {place}",
        f"run jobs update drift --image=docker.io/library/drift:2 {place}",
    ]
    steps_ = [{"name": sdk, "entrypoint": "gcloud", "args": one.split()} for one in arguments]
    steps_.append({"name": sdk, "args": ["gcloud", *arguments[1].split()]})  # this image has no entrypoint of its own
    build = built(cloud, {"steps": steps_, "serviceAccount": ACCOUNT, **LOGGED})
    assert (build["status"], build["steps"][0]["exitCode"]) == ("FAILURE", 1)
    for role in ("roles/run.developer", "roles/iam.serviceAccountUser"):
        cloud.grant(role, f"serviceAccount:{EMAIL}")
    build = built(cloud, {"steps": steps_, "serviceAccount": ACCOUNT, **LOGGED})
    assert build["status"] == "SUCCESS", build
    path = f"run/v2/projects/{PROJECT}/locations/europe-west1"
    service, job = cloud.ok("GET", f"{path}/services/api"), cloud.ok("GET", f"{path}/jobs/drift")
    assert service["template"]["containers"][0]["image"] == "docker.io/library/api:2"
    assert job["template"]["template"]["containers"][0]["image"] == "docker.io/library/drift:2"
    assert service["creator"] == EMAIL


def test_a_build_that_a_stop_cut_short_says_so_and_leaves_no_folder(cloud: Inside, tmp_path: Path) -> None:
    build = submitted(cloud, NOTHING)
    waiting = tmp_path / "state" / "builds" / build["id"]
    waiting.mkdir(parents=True)
    cloud.cloud.store.close()
    again = opened(tmp_path / "state", SERVICES)
    found = again.store.get("cloudbuild", f"projects/{PROJECT}/locations/global/builds/{build['id']}")
    assert found is not None
    assert (found["status"], "was stopped while it was working on this" in found["statusDetail"]) == (
        "INTERNAL_ERROR",
        True,
    )
    assert not waiting.exists()
    again.store.close()


def test_a_script_of_docker_commands_is_understood_and_any_other_refused() -> None:
    found = list(shell.commands("docker pull $IMAGE || exit 0\nset -e; echo done && true", {"IMAGE": "a/b"}))
    assert [(one.joined, one.words[:2]) for one in found] == [
        (";", ("docker", "pull")), ("||", ("exit", "0")), (";", ("set", "-e")), (";", ("echo", "done")), ("&&", ("true",)),
    ]  # fmt: skip
    assert found[0].words[2] == "a/b"
    for text in ("cat /etc/passwd", "docker build . | tee x", "$(docker ps)", "docker ps > x", "curl x"):
        with pytest.raises(shell.UnsupportedScript, match="not supported here"):
            list(shell.commands(text, {}))
    for text in ("\n" * 20_000, f"docker pull {'$IMAGE' * 1_500}"):
        with pytest.raises(shell.UnsupportedScript, match="more than 10000 characters"):
            list(shell.commands(text, {"IMAGE": "x" * 1_000}))


@pytest.mark.parametrize(
    ("text", "said", "code"),
    [
        ("docker fail || exit 0\necho after", [], 0),
        ("docker work && echo $WORD; exit 3", ["done"], 3),
        ("docker fail; echo after", ["after"], 0),
        ("docker fail && echo never", [], 1),
        ("set -e\ndocker fail\necho after", [], 1),
        ("docker fail; exit", [], 1),
    ],
)
def test_a_script_goes_on_and_ends_as_in_a_shell(text: str, said: list[str], code: int) -> None:
    async def docker(words: Sequence[str]) -> int:
        return int(words == ["fail"])

    output: list[str] = []
    assert asyncio.run(shell.run(text, {"WORD": "done"}, docker, output.append)) == code
    assert output == said


def test_a_deployment_changes_what_it_names_and_keeps_the_rest() -> None:
    args = "run deploy api --image=x/y --region=europe-west1 --memory 2Gi --set-env-vars A=1,B=2 --allow-unauthenticated -q"
    parsed = deployment(args.split(), "p")
    assert (parsed.name, parsed.flags["allow_unauthenticated"]) == (
        "projects/p/locations/europe-west1/services/api",
        True,
    )
    old = {"template": {"revision": "api-1", "containers": [{"image": "old", "resources": {"limits": {"cpu": "1"}}}]}}
    template = parsed.changed(old)["template"]
    assert "revision" not in template
    assert template["containers"][0]["resources"]["limits"] == {"cpu": "1", "memory": "2Gi"}
    assert template["containers"][0]["env"] == [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    for beyond in (
        "run deploy api --source . --region x",
        "run jobs replace x",
        "storage ls",
        "run deploy a --region x --timeout=5m",
    ):
        with pytest.raises(Unsupported):
            deployment(beyond.split(), "p")


def test_a_job_is_deployed_and_executed_by_its_own_template() -> None:
    parsed = deployment(
        ["run", "jobs", "update", "drift", "--image=new", "--region=r", "--max-retries=0", "--tasks=2"], "p"
    )
    old = {
        "template": {"parallelism": 1, "template": {"maxRetries": 3, "containers": [{"image": "old", "args": ["x"]}]}}
    }
    assert parsed.changed(old)["template"] == {
        "parallelism": 1,
        "taskCount": 2,
        "template": {"maxRetries": 0, "containers": [{"image": "new", "args": ["x"]}]},
    }
    assert execution(["run", "jobs", "execute", "drift", "--region=r", "--wait"], "p") == (
        "projects/p/locations/r/jobs/drift",
        True,
    )


def test_a_training_job_takes_both_forms_of_its_file() -> None:
    pool = "{machineSpec: {machineType: n1-highmem-2}, containerSpec: {imageUri: x}}"
    for text in (f"workerPoolSpecs: {pool}", f"workerPoolSpecs: [{pool}]"):
        args = ["ai", "custom-jobs", "create", "--region=europe-west1", "--display-name=t", "--config=c.yaml"]
        parent, body = training(args, "p", {"c.yaml": text})
        assert parent == "projects/p/locations/europe-west1"
        assert body["jobSpec"]["workerPoolSpecs"][0]["containerSpec"] == {"imageUri": "x"}


def _archive(name: str) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.size = 5
        archive.addfile(member, io.BytesIO(b"hello"))
    return stream.getvalue()


def test_numbers_of_googles_python_client_are_its_names() -> None:
    from google.cloud.devtools.cloudbuild_v1 import BuildOptions

    numbers = next(service for service in SERVICES if service.api == "cloudbuild").enum_numbers
    for field, enum in (("logging", BuildOptions.LoggingMode), ("machineType", BuildOptions.MachineType)):
        assert numbers[f"BuildOptions.{field}"] == {one.value: one.name for one in enum}
