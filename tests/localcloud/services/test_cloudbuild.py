"""Cloud Build's API without containers: what is refused, completed and listed, and builds that need no container."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import subprocess
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from localcloud.errors import CloudError
from localcloud.server.assembly import opened
from localcloud.services import SERVICES
from localcloud.services.cloudbuild import builds, shell, sources, steps, substitutions
from localcloud.services.cloudbuild.gcloud import Unsupported, deployment, execution, training
from localcloud.services.cloudbuild.workspace import Outside, Workspace

from tests.localcloud.inside import NUMBER, PROJECT, Inside, inside

BASE = f"cloudbuild/v1/projects/{PROJECT}"
REGION = f"{BASE}/locations/europe-west1"
EMAIL = f"builder@{PROJECT}.iam.gserviceaccount.com"
ACCOUNT = f"projects/{PROJECT}/serviceAccounts/{EMAIL}"
LOGGED = {"options": {"logging": "CLOUD_LOGGING_ONLY"}}
NOTHING: dict[str, Any] = {
    "steps": [{"name": "gcr.io/cloud-builders/docker", "entrypoint": "bash", "args": ["-c", "exit 0"]}],
    **LOGGED,
}


@pytest.fixture
def cloud(tmp_path: Path) -> Inside:
    cloud = inside(tmp_path / "state", *SERVICES)
    cloud.cloud.workloads.settings.forced = "simulated"
    cloud.cloud.workloads.settings.stand_ins["gcr.io/cloud-builders/git"] = (("git",), tmp_path)
    cloud.ok("POST", f"iam/v1/projects/{PROJECT}/serviceAccounts", {"accountId": "builder"})
    return cloud


def submitted(cloud: Inside, body: dict[str, Any], parent: str = BASE) -> dict[str, Any]:
    """A submitted build, in an event loop that ends before any work starts."""
    build: dict[str, Any] = cloud.ok("POST", f"{parent}/builds", body)["metadata"]["build"]
    return build


def built(cloud: Inside, body: dict[str, Any], target: str = f"{BASE}/builds") -> dict[str, Any]:
    """A finished build."""

    async def until_over() -> Any:
        response = await cloud.sent("POST", target, [json.dumps(body).encode()], {})
        await cloud.cloud.jobs.settled()
        return response

    response = asyncio.run(until_over())
    assert response.status == 200, response.body
    result: dict[str, Any] = cloud.ok("GET", f"cloudbuild/v1/{response.body['metadata']['build']['name']}")
    return result


# Substitutions.


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("$_A and ${_A}", "main and main"),
        ("$$_A", "$_A"),
        ("$lower $1 $(x)", "$lower $1 $(x)"),
        ("${_A:1:2}", "ai"),
        ("${_A:-other} ${_EMPTY:-other}", "main other"),
        ("${_PATH#*/} ${_PATH##*/}", "b/c c"),
        ("${_PATH%/*} ${_PATH%%/*}", "a/b a"),
        ("${_PATH/\\//-} ${_PATH//\\//-}", "a-b/c a-b-c"),
        ("${_A^^} ${_A^}", "MAIN Main"),
        ("${_A#*} ${_A##*} ${_A%*} ${_A%%*}", "main  main "),
        ("${_A#?} ${_A%[!a-m]} ${_A##[^x]*i} ${_A/[]a\\^]/-}", "ain mai n m-in"),
        ("${_PATH%/?*} ${_PATH%%/?*} ${_PATH//[ab]/.}", "a/b a ././c"),
        ("${_DOTS##*.} ${_DOTS//./-} ${_DOTS#a.}", "c a-b-c b.c"),
    ],
)
def test_a_placeholder_is_replaced_as_bash_does(text: str, result: str) -> None:
    values = {"_A": "main", "_EMPTY": "", "_PATH": "a/b/c", "_DOTS": "a.b.c"}
    found = substitutions.applied({"tags": [text]}, values, dynamic=True, loose=False)
    assert found["tags"] == [result]


def test_values_may_name_each_other_but_in_no_circle() -> None:
    found = substitutions.resolved({"_B": "x-$_A", "_A": "1"}, dynamic=True)
    assert found["_B"] == "x-1"
    with pytest.raises(CloudError, match="cycle"):
        substitutions.resolved({"_A": "$_B.", "_B": "$_A."}, dynamic=True)


@pytest.mark.parametrize("text", ["$_A" * 1_000_000, "${_A##*b}" * 1_000_000, "${_A//x/$_A$_A}" * 100_000])
def test_substitutions_put_no_more_into_a_build_than_it_may_have(text: str) -> None:
    values = {"_A": "x" * 4000}
    with pytest.raises(CloudError, match="make the build too long"):
        substitutions.applied({"steps": [{"args": [text]}], "substitutions": values}, values, dynamic=True, loose=True)


def test_an_operation_takes_no_value_that_others_have_made_too_long() -> None:
    values = substitutions.resolved({"_A": "a" * 4000, "_B": "$_A$_A"}, dynamic=True)
    with pytest.raises(CloudError, match="has a value of more than 4000 characters"):
        substitutions.applied({"tags": ["${_B//a*b/x}"]}, values, dynamic=True, loose=True)
    with pytest.raises(CloudError, match="has a pattern that cannot be read"):
        substitutions.applied({"tags": ["${_A//[z-a]/x}"]}, values, dynamic=True, loose=True)


def test_every_key_is_known_and_used_unless_loose(cloud: Inside) -> None:
    unknown = {"steps": [{"name": "x", "args": ["$_TAG"]}], **LOGGED}
    response = cloud("POST", f"{BASE}/builds", unknown)
    assert 'key in the template "_TAG" is not a valid built-in substitution' in response.message
    unused = {"steps": [{"name": "x"}], "substitutions": {"_TAG": "1"}, **LOGGED}
    response = cloud("POST", f"{BASE}/builds", unused)
    assert 'key "_TAG" in the substitution data is not matched in the template' in response.message
    response = cloud("POST", f"{BASE}/builds", {"steps": [{"name": "x"}], "substitutions": {"TAG": "1"}, **LOGGED})
    assert "is not an overridable built-in" in response.message
    loose = {**unused, "options": {"substitutionOption": "ALLOW_LOOSE", **LOGGED["options"]}}
    assert submitted(cloud, loose)["substitutions"] == {"_TAG": "1"}


def test_built_in_keys_are_filled_in(cloud: Inside) -> None:
    step = {
        "name": "x",
        "args": ["$PROJECT_ID", "$PROJECT_NUMBER", "$LOCATION", "$COMMIT_SHA.", "$$HOME"],
        "script": "",
    }
    build = submitted(cloud, {"steps": [step], **LOGGED}, REGION)
    assert build["steps"][0]["args"] == [PROJECT, NUMBER, "europe-west1", ".", "$HOME"]
    assert build["name"] == f"projects/{NUMBER}/locations/europe-west1/builds/{build['id']}"


# Steps.


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


# What is refused.


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


# Lists, operations, states.


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


# Triggers, connections and pushes.


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    folder.mkdir()
    _git(folder, "init", "--quiet", "--initial-branch=main")
    steps_ = "[{name: gcr.io/cloud-builders/git, args: [log, --format=%H]}]"
    (folder / "cloudbuild.yaml").write_text(
        f"steps: {steps_}\noptions:\n  logging: CLOUD_LOGGING_ONLY\ntags: [$SHORT_SHA]\n"
    )
    _commit(folder, "one")
    return folder


def test_a_trigger_is_found_by_id_and_name_in_both_families_of_paths(cloud: Inside) -> None:
    sent = {"name": "app", "build": NOTHING, "github": {"owner": "o", "name": "r", "push": {"branch": "^main$"}}}
    created = cloud.ok("POST", f"{BASE}/triggers", sent)
    assert created["resourceName"] == f"projects/{PROJECT}/locations/global/triggers/{created['id']}"
    for parent in (f"{BASE}/triggers", f"{BASE}/locations/global/triggers"):
        for name in (created["id"], "app"):
            assert cloud.ok("GET", f"{parent}/{name}") == created
    assert cloud("POST", f"{BASE}/triggers", sent).status == 409
    changed = cloud.ok("PATCH", f"{BASE}/triggers/app", {**created, "disabled": True, "description": "x"})
    assert changed["disabled"]
    cloud.ok("DELETE", f"{BASE}/triggers/app")
    assert cloud("GET", f"{BASE}/triggers/app").status == 404


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"name": "-app"}, "invalid trigger name"),
        ({"filename": "x.yaml"}, "exactly one of build, filename"),
        ({"webhookConfig": {"secret": "x"}}, "one source of events"),
        ({"substitutions": {"TAG_NAME": "x"}}, "does not respect format"),
        ({"github": {"owner": "o", "name": "r", "push": {"branch": "("}}}, "not a valid regular expression"),
        ({"github": {"owner": "o", "name": "r"}}, "must have push or pull_request"),
    ],
)
def test_an_invalid_trigger_is_a_400(cloud: Inside, change: dict[str, Any], problem: str) -> None:
    sent = {"name": "app", "build": NOTHING, "github": {"owner": "o", "name": "r", "push": {"branch": "main"}}}
    response = cloud("POST", f"{BASE}/triggers", {**sent, **change})
    assert (response.status, problem in response.message) == (400, True), response.message


@pytest.mark.parametrize(
    "event",
    [
        {"triggerTemplate": {"branchName": "main", "projectId": PROJECT, "repoName": "default"}},
        {"bitbucketServerTriggerConfig": {"repoSlug": "r", "push": {"branch": "main"}}},
        {"developerConnectEventConfig": {"gitRepositoryLink": "l", "push": {"branch": "main"}}},
    ],
)
def test_a_trigger_for_an_unsupported_event_is_stored_and_never_run(cloud: Inside, event: dict[str, Any]) -> None:
    response = cloud("POST", f"{BASE}/triggers", {"name": "app", "build": NOTHING, **event})
    assert (response.status, response.body | event) == (200, response.body)
    refused = cloud("POST", f"{BASE}/triggers/app:run", {})
    assert (refused.status, "but never runs them (simulated)" in refused.message) == (501, True)


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


def test_a_trigger_runs_by_hand_with_its_substitutions(cloud: Inside) -> None:
    build = {"steps": [{"name": "x", "args": ["${_WHAT}-${TRIGGER_NAME}"]}], **LOGGED}
    trigger = cloud.ok(
        "POST", f"{REGION}/triggers", {"name": "byhand", "build": build, "substitutions": {"_WHAT": "a"}}
    )
    created = cloud.ok("POST", f"{REGION}/triggers/{trigger['id']}:run", {"source": {"substitutions": {"_WHAT": "b"}}})
    found = created["metadata"]["build"]
    assert found["steps"][0]["args"] == ["b-byhand"]
    assert found["buildTriggerId"] == trigger["id"]
    assert [one["id"] for one in cloud.ok("GET", f"{REGION}/builds?filter=trigger_id%3D{trigger['id']}")["builds"]] == [
        found["id"]
    ]


def test_a_build_of_a_trigger_with_approval_waits_for_it(cloud: Inside) -> None:
    sent = {"name": "asks", "build": NOTHING, "approvalConfig": {"approvalRequired": True}}
    cloud.ok("POST", f"{BASE}/triggers", sent)
    build = cloud.ok("POST", f"{BASE}/triggers/asks:run", {})["metadata"]["build"]
    assert (build["status"], build["approval"]["state"]) == ("PENDING", "PENDING")
    approve = f"cloudbuild/v1/projects/{PROJECT}/locations/global/builds/{build['id']}:approve"
    assert cloud("POST", approve, {}).status == 400
    build = cloud.ok("POST", approve, {"approvalResult": {"decision": "APPROVED"}})["metadata"]["build"]
    assert (build["status"], build["approval"]["result"]["approverAccount"]) == ("QUEUED", "owner@example.com")


def test_a_connection_waits_for_a_person_and_a_folder_replaces_github(cloud: Inside, repository: Path) -> None:
    place = f"cloudbuild/v2/projects/{PROJECT}/locations/europe-west1/connections"
    operation = cloud.ok("POST", f"{place}?connectionId=hub", {"githubConfig": {}})
    state = operation["response"]["installationState"]
    assert (state["stage"], bool(state["actionUri"])) == ("PENDING_USER_OAUTH", True)
    url = {"remoteUri": "https://github.com/team/app.git"}
    response = cloud("POST", f"{place}/hub/repositories?repositoryId=app", url)
    assert (response.status, "groundwork local repository" in response.message) == (400, True)
    answer = _control(cloud, "repositories", {"repository": url["remoteUri"], "folder": str(repository)})
    assert answer["folders"] == {"github.com/team/app": str(repository)}
    assert cloud.ok("GET", f"{place}/hub")["installationState"] == {"stage": "COMPLETE"}
    created = cloud.ok("POST", f"{place}/hub/repositories?repositoryId=app", url)["response"]
    assert cloud.ok("GET", f"cloudbuild/v2/{created['name']}:fetchGitRefs")["refNames"] == ["main"]


def test_a_connection_with_a_token_that_its_agent_may_read_is_complete(cloud: Inside) -> None:
    place = f"cloudbuild/v2/projects/{PROJECT}/locations/europe-west1/connections"
    cloud.ok("POST", f"secretmanager/v1/projects/{PROJECT}/secrets?secretId=github", {"replication": {"automatic": {}}})
    cloud.ok(
        "POST", f"secretmanager/v1/projects/{PROJECT}/secrets/github:addVersion", {"payload": {"data": "c2VjcmV0"}}
    )
    version = f"projects/{PROJECT}/secrets/github/versions/latest"
    sent = {"githubConfig": {"appInstallationId": "1", "authorizerCredential": {"oauthTokenSecretVersion": version}}}
    assert "could not access secret" in cloud("POST", f"{place}?connectionId=hub", sent).message
    agent = f"serviceAccount:service-{NUMBER}@gcp-sa-cloudbuild.iam.gserviceaccount.com"
    cloud.grant("roles/secretmanager.secretAccessor", agent)
    created = cloud.ok("POST", f"{place}?connectionId=hub", sent)["response"]
    assert created["installationState"] == {"stage": "COMPLETE"}


def test_a_push_builds_what_its_triggers_ask_for(cloud: Inside, repository: Path) -> None:
    hub = {"owner": "team", "name": "app", "push": {"branch": "^main$"}}
    cloud.ok("POST", f"{BASE}/triggers", {"name": "app", "filename": "cloudbuild.yaml", "github": hub})
    only = {"name": "docs", "filename": "cloudbuild.yaml", "github": hub, "includedFiles": ["docs/**"]}
    cloud.ok("POST", f"{BASE}/triggers", only)
    cloud.ok(
        "POST", f"{BASE}/triggers", {"name": "off", "filename": "cloudbuild.yaml", "github": hub, "disabled": True}
    )
    _control(cloud, "repositories", {"repository": "git@github.com:team/app.git", "folder": str(repository)})
    assert _control(cloud, "pushes", {})["pushes"] == []
    commit = _commit(repository, "two")
    (push,) = _control(cloud, "pushes", {})["pushes"]
    assert (push["ref"], push["commit"]) == ("refs/heads/main", commit)
    began = [one for one in push["triggers"] if one["build"]]
    assert len(began) == 1, push
    build = cloud.ok("GET", f"cloudbuild/v1/{began[0]['build']}")
    assert build["substitutions"]["BRANCH_NAME"] == "main"
    assert build["tags"][0] == commit[:7]
    (repository / "docs").mkdir()
    (repository / "docs" / "x.md").write_text("x")
    _commit(repository, "three")
    (push,) = _control(cloud, "pushes", {"repository": "https://github.com/team/app"})["pushes"]
    assert len([one for one in push["triggers"] if one["build"]]) == 2


def test_what_failed_to_build_is_tried_again_whatever_was_pushed_since(cloud: Inside, repository: Path) -> None:
    hub = {"owner": "team", "name": "app", "push": {"branch": "^main$"}}
    only = {"name": "docs", "filename": "cloudbuild.yaml", "github": hub, "includedFiles": ["docs/**"]}
    cloud.ok("POST", f"{BASE}/triggers", only)
    _control(cloud, "repositories", {"repository": "https://github.com/team/app", "folder": str(repository)})
    (repository / "docs").mkdir()
    (repository / "docs" / "x.md").write_text("x")
    _commit(repository, "two")

    def push(status: str) -> list[bool]:
        """Which of the started builds are repetitions; they end with a status."""
        results = [one for found in _control(cloud, "pushes", {})["pushes"] for one in found["triggers"]]
        for one in results:
            if one["build"]:
                builds.changed(cloud.cloud, one["build"], status=status)
        return [one["again"] for one in results if one["build"]]

    assert push("FAILURE") == [False]
    _commit(repository, "three, elsewhere")
    assert push("TIMEOUT") == [True]
    assert push("SUCCESS") == [True]
    assert push("SUCCESS") == []


def test_a_build_file_does_not_choose_the_account_of_a_triggers_builds(cloud: Inside, repository: Path) -> None:
    (repository / "cloudbuild.yaml").write_text(json.dumps({**NOTHING, "serviceAccount": ACCOUNT}))
    _control(cloud, "repositories", {"repository": "https://github.com/team/app", "folder": str(repository)})
    hub = {"owner": "team", "name": "app", "push": {"branch": "^main$"}}
    cloud.ok("POST", f"{BASE}/triggers", {"name": "app", "filename": "cloudbuild.yaml", "github": hub})
    _control(cloud, "pushes", {})
    _commit(repository, "two")
    (push,) = _control(cloud, "pushes", {})["pushes"]
    build = cloud.ok("GET", f"cloudbuild/v1/{push['triggers'][0]['build']}")
    assert build["serviceAccount"].endswith(f"/{NUMBER}-compute@developer.gserviceaccount.com")
    cloud.grant("roles/cloudbuild.builds.editor", "user:alice@example.com")
    inline = {"name": "inline", "github": hub, "build": {**NOTHING, "serviceAccount": ACCOUNT}}
    response = cloud.as_("user:alice@example.com")("POST", f"{BASE}/triggers", inline)
    assert (response.status, "permission to act as" in response.message) == (403, True)
    cloud.ok("POST", f"{BASE}/triggers", inline)


def test_a_repository_is_built_by_its_own_project_alone(cloud: Inside) -> None:
    other = "projects/other-team/locations/europe-west1/connections/hub/repositories/app"
    cloud.cloud.store.put("cloudbuild", other, {"name": other, "remoteUri": "https://github.com/team/app.git"})
    source = {"connectedRepository": {"repository": other, "revision": "main"}}
    response = cloud("POST", f"{BASE}/builds", {**NOTHING, "source": source})
    assert (response.status, "does not exist in inside-project" in response.message) == (400, True)
    event = {"repository": other, "push": {"branch": "main"}}
    body = {"name": "app", "filename": "cloudbuild.yaml", "repositoryEventConfig": event}
    response = cloud("POST", f"{REGION}/triggers", body)
    assert (response.status, "does not exist in inside-project" in response.message) == (400, True)


def test_a_repositorys_address_is_no_way_to_read_it(cloud: Inside, repository: Path) -> None:
    _control(cloud, "repositories", {"repository": "https://github.com/team/app", "folder": str(repository)})
    hub = {"owner": "team", "name": "app", "push": {"branch": "^main$"}}
    trigger = {"name": "app", "build": NOTHING, "github": hub}
    by_file = {"name": "file", "gitFileSource": {"path": "cloudbuild.yaml", "uri": "https://github.com/team/app"}}
    build = {**NOTHING, "source": {"gitSource": {"url": "https://github.com/team/app", "revision": "main"}}}
    cloud.grant("roles/cloudbuild.builds.editor", "user:alice@example.com")
    alice = cloud.as_("user:alice@example.com")
    for path, sent in (("builds", build), ("triggers", trigger), ("triggers", by_file)):
        response = alice("POST", f"{BASE}/{path}", sent)
        assert (response.status, "is not connected to inside-project" in response.message) == (403, True), response
    cloud.ok("POST", f"{BASE}/triggers", trigger)
    alice.ok("POST", f"{BASE}/builds", build)
    alice.ok("POST", f"{BASE}/triggers", by_file)


def test_a_trigger_runs_on_a_branch_of_the_folder_at_its_commit(cloud: Inside, repository: Path) -> None:
    _control(cloud, "repositories", {"repository": "https://github.com/team/app", "folder": str(repository)})
    hub = {"owner": "team", "name": "app", "push": {"branch": "^main$"}}
    cloud.ok("POST", f"{BASE}/triggers", {"name": "app", "filename": "cloudbuild.yaml", "github": hub})

    run = f"{BASE}/locations/global/triggers/app:run"
    build = built(cloud, {"source": {"branchName": "main"}}, run)
    commit = _git(repository, "rev-parse", "HEAD")
    assert build["status"] == "SUCCESS", build
    assert build["sourceProvenance"]["resolvedGitSource"]["revision"] == commit
    response = cloud("POST", run, {"source": {"branchName": "none"}})
    assert (response.status, "none is not a branch" in response.message) == (400, True)


# Builders.


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


def _control(cloud: Inside, name: str, body: dict[str, Any]) -> Any:
    response = cloud("POST", f"_local/{name}", body, x_local_control="key")
    assert response.status == 200, response.body
    return response.body


def _archive(name: str) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.size = 5
        archive.addfile(member, io.BytesIO(b"hello"))
    return stream.getvalue()


def _git(folder: Path, *arguments: str) -> str:
    settings = ["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    result = subprocess.run(
        ["git", *settings, "-C", str(folder), *arguments], capture_output=True, text=True, check=True
    )
    return result.stdout.strip()


def _commit(folder: Path, text: str) -> str:
    (folder / "file.txt").write_text(text)
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "-m", text)
    return _git(folder, "rev-parse", "HEAD")


def test_numbers_of_googles_python_client_are_its_names() -> None:
    from google.cloud.devtools.cloudbuild_v1 import BuildOptions

    numbers = next(service for service in SERVICES if service.api == "cloudbuild").enum_numbers
    for field, enum in (("logging", BuildOptions.LoggingMode), ("machineType", BuildOptions.MachineType)):
        assert numbers[f"BuildOptions.{field}"] == {one.value: one.name for one in enum}
