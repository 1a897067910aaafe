"""The Docker registry: pushed and pulled by digest and tag under IAM, shown by the API, and cleaned up by the clock."""

from __future__ import annotations

import base64
import hashlib
import json
import resource
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import pytest

from tests.cloud_client import Answer, Client
from tests.polling import until

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
DAY = 86_400
LARGE = 48 << 20
EVE = "user:eve@example.com"


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


class Docker:
    """Docker's requests to a registry."""

    def __init__(self, cloud: Client, host: str = "europe-west1-docker.pkg.dev") -> None:
        self.cloud, self.host = cloud, host

    def __call__(
        self, verb: str, path: str, body: bytes | None = None, kind: str = "application/octet-stream"
    ) -> Answer:
        return self.cloud(verb, path.lstrip("/"), body, headers={"Host": self.host, "Content-Type": kind})

    def push_blob(self, name: str, data: bytes) -> str:
        response = self("POST", f"v2/{name}/blobs/uploads/")
        assert response.status == 202, response.body
        half = len(data) // 2
        assert self("PATCH", response.headers["location"], data[:half]).status == 202
        finished = self("PUT", f"{response.headers['location']}?digest={digest_of(data)}", data[half:])
        assert (finished.status, finished.headers["docker-content-digest"]) == (201, digest_of(data))
        return digest_of(data)

    def push(self, name: str, reference: str, *layers: bytes) -> str:
        config = b'{"architecture": "amd64"}'
        parts = [{"mediaType": "x", "digest": self.push_blob(name, one), "size": len(one)} for one in (config, *layers)]
        manifest = json.dumps(
            {"schemaVersion": 2, "mediaType": MANIFEST, "config": parts[0], "layers": parts[1:]}
        ).encode()
        answer = self("PUT", f"v2/{name}/manifests/{reference}", manifest, MANIFEST)
        assert answer.status == 201, answer.body
        return answer.headers["docker-content-digest"]


@pytest.fixture
def docker(cloud: Client) -> Docker:
    cloud.enable("artifactregistry")
    place = f"artifactregistry/v1/projects/{cloud.project}/locations/europe-west1/repositories"
    cloud.ok("POST", place, {"format": "DOCKER"}, repositoryId="images")
    return Docker(cloud)


def repository(docker: Docker) -> str:
    return f"artifactregistry/v1/projects/{docker.cloud.project}/locations/europe-west1/repositories/images"


def image(docker: Docker, name: str = "train") -> str:
    return f"{docker.cloud.project}/images/{name}"


def test_an_image_is_pulled_as_it_was_pushed_by_tag_and_by_digest(docker: Docker) -> None:
    layer = b"layer" * 40_000
    digest = docker.push(image(docker), "v1", layer)
    for reference in ("v1", digest):
        pulled = docker("GET", f"v2/{image(docker)}/manifests/{reference}")
        assert pulled.headers["docker-content-digest"] == digest
        assert pulled.headers["content-type"] == MANIFEST
        assert digest_of(json.dumps(pulled.body).encode()) == digest
    assert docker("GET", f"v2/{image(docker)}/blobs/{digest_of(layer)}").body == layer
    head = docker("HEAD", f"v2/{image(docker)}/blobs/{digest_of(layer)}")
    assert (head.status, head.headers["content-length"]) == (200, str(len(layer)))


def test_a_login_asks_for_a_token_and_gets_the_one_it_has(docker: Docker) -> None:
    response = docker.cloud.as_("")("GET", "v2/", headers={"Host": docker.host})
    assert response.status == 401
    assert (
        response.headers["www-authenticate"] == f'Bearer realm="http://{docker.host}/v2/token",service="{docker.host}"'
    )
    login = base64.b64encode(f"oauth2accesstoken:{docker.cloud.token()}".encode()).decode()
    answer = docker.cloud("GET", "v2/token", headers={"Host": docker.host, "Authorization": f"Basic {login}"})
    assert answer.body["token"] == docker.cloud.token()
    assert docker("GET", "v2/").status == 200
    for wrong in (base64.b64encode(b"oauth2accesstoken:nonsense").decode(), "\xff\xfe"):
        headers = {"Host": docker.host, "Authorization": f"Basic {wrong}"}
        assert docker.cloud("GET", "v2/token", headers=headers).status == 401


def test_an_outsider_neither_pulls_nor_pushes_and_a_reader_only_pulls(docker: Docker) -> None:
    docker.push(image(docker), "v1", b"confidential")
    outsider = Docker(docker.cloud.as_(EVE))
    refused = outsider("GET", f"v2/{image(docker)}/manifests/v1")
    assert refused.status == 403
    assert refused.body["errors"][0]["code"] == "DENIED"
    assert 'Permission "artifactregistry.repositories.downloadArtifacts" denied' in refused.body["errors"][0]["message"]
    binding = {"bindings": [{"role": "roles/artifactregistry.reader", "members": [EVE]}]}
    docker.cloud.ok("POST", f"{repository(docker)}:setIamPolicy", {"policy": binding})
    assert outsider("GET", f"v2/{image(docker)}/manifests/v1").status == 200
    assert outsider("POST", f"v2/{image(docker)}/blobs/uploads/").status == 403
    assert outsider("DELETE", f"v2/{image(docker)}/manifests/v1").status == 403
    assert Docker(docker.cloud.as_(""))("GET", f"v2/{image(docker)}/manifests/v1").status == 401


def test_a_repository_that_is_open_to_all_is_pulled_without_a_login(docker: Docker) -> None:
    docker.push(image(docker), "v1", b"open")
    binding = {"bindings": [{"role": "roles/artifactregistry.reader", "members": ["allUsers"]}]}
    docker.cloud.ok("POST", f"{repository(docker)}:setIamPolicy", {"policy": binding})
    nobody = docker.cloud.as_("")
    token = nobody("GET", "v2/token", headers={"Host": docker.host}).body["token"]
    headers = {"Host": docker.host, "Authorization": f"Bearer {token}"}
    assert nobody("GET", f"v2/{image(docker)}/manifests/v1", headers=headers).status == 200


def test_a_blob_is_mounted_only_from_a_repository_that_the_caller_may_read(docker: Docker) -> None:
    layer = b"shared layer"
    docker.push(image(docker), "v1", layer)
    place = repository(docker).rpartition("/")[0]
    docker.cloud.ok("POST", place, {"format": "DOCKER"}, repositoryId="others")
    mount = f"v2/{docker.cloud.project}/others/train/blobs/uploads/?mount={digest_of(layer)}&from={image(docker)}"
    assert docker("POST", mount).status == 201
    binding = {"bindings": [{"role": "roles/artifactregistry.writer", "members": [EVE]}]}
    docker.cloud.ok("POST", place, {"format": "DOCKER"}, repositoryId="eves")
    docker.cloud.ok("POST", f"{place}/eves:setIamPolicy", {"policy": binding})
    assert Docker(docker.cloud.as_(EVE))("POST", mount.replace("/others/", "/eves/")).status == 202
    assert docker("GET", f"v2/{docker.cloud.project}/eves/train/blobs/{digest_of(layer)}").status == 404


@pytest.mark.parametrize(
    ("kind", "body", "status", "code"),
    [
        (MANIFEST, b"no json", 400, "MANIFEST_INVALID"),
        (MANIFEST, b"[" * 100_000, 400, "MANIFEST_INVALID"),
        (MANIFEST, b"[]", 400, "MANIFEST_INVALID"),
        (INDEX, b'{"manifests": [], "layers": 5}', 400, "MANIFEST_INVALID"),
        (INDEX, b'{"manifests": [], "layers": [{"digest": []}]}', 400, "MANIFEST_INVALID"),
        (INDEX, b'{"manifests": [], "annotations": {"a": NaN}}', 400, "MANIFEST_INVALID"),
        ("text/plain", b"{}", 400, "MANIFEST_INVALID"),
        (
            MANIFEST,
            json.dumps({"config": {"digest": f"sha256:{'0' * 64}"}, "layers": []}).encode(),
            404,
            "MANIFEST_BLOB_UNKNOWN",
        ),
        (MANIFEST, json.dumps({"config": {"digest": "../x"}, "layers": []}).encode(), 400, "DIGEST_INVALID"),
        (INDEX, json.dumps({"manifests": [{"digest": f"sha256:{'0' * 64}"}]}).encode(), 404, "MANIFEST_UNKNOWN"),
    ],
)
def test_an_invalid_manifest_is_refused(docker: Docker, kind: str, body: bytes, status: int, code: str) -> None:
    answer = docker("PUT", f"v2/{image(docker)}/manifests/v1", body, kind)
    assert (answer.status, answer.body["errors"][0]["code"]) == (status, code)


@pytest.mark.parametrize("name", ["%00", "%FF", "a%0Dx", "..", "A", "-", "a..b", "a/%2E%2E/b", "a" * 100 + "!"])
def test_an_invalid_image_name_is_refused(docker: Docker, name: str) -> None:
    for verb, rest in (("POST", "blobs/uploads/"), ("GET", "tags/list"), ("PUT", "manifests/v1")):
        answer = docker(verb, f"v2/{docker.cloud.project}/images/{name}/{rest}", b"{}")
        assert (answer.status, answer.body["errors"][0]["code"]) == (400, "NAME_INVALID")


def test_an_upload_must_have_the_declared_digest(docker: Docker) -> None:
    response = docker("POST", f"v2/{image(docker)}/blobs/uploads/")
    finished = docker("PUT", f"{response.headers['location']}?digest={digest_of(b'other')}", b"this")
    assert (finished.status, finished.body["errors"][0]["code"]) == (400, "DIGEST_INVALID")
    assert docker("PATCH", response.headers["location"], b"x").body["errors"][0]["code"] == "BLOB_UPLOAD_UNKNOWN"


def test_an_upload_belongs_to_the_repository_in_which_it_began(docker: Docker) -> None:
    docker.cloud.ok("POST", repository(docker).rpartition("/")[0], {"format": "DOCKER"}, repositoryId="others")
    upload = docker("POST", f"v2/{image(docker)}/blobs/uploads/").headers["location"]
    elsewhere = upload.replace("/images/", "/others/")
    for verb in ("GET", "PATCH", "PUT", "DELETE"):
        assert docker(verb, elsewhere, b"").body["errors"][0]["code"] == "BLOB_UPLOAD_UNKNOWN"
    assert docker("PATCH", upload, b"x").status == 202
    assert docker("DELETE", upload).status == 204


def test_nothing_is_added_to_an_upload_while_it_is_checked_against_its_digest(docker: Docker) -> None:
    upload = docker("POST", f"v2/{image(docker)}/blobs/uploads/").headers["location"]
    with closing(HTTPConnection("127.0.0.1", docker.cloud.server.port, timeout=30)) as slow:
        slow.putrequest("PATCH", upload, skip_host=True)
        for name, value in {
            "Host": docker.host,
            "Authorization": f"Bearer {docker.cloud.token()}",
            "Content-Length": "8",
        }.items():
            slow.putheader(name, value)
        slow.endheaders(b"good")
        until(lambda: docker("GET", upload).status == 404)
        assert docker("PUT", f"{upload}?digest={digest_of(b'good')}", b"").status == 404
        slow.send(b"evil")
        assert slow.getresponse().status == 202
    assert docker("PUT", f"{upload}?digest={digest_of(b'good')}", b"").body["errors"][0]["code"] == "DIGEST_INVALID"


def test_a_disk_that_fills_up_during_an_upload_is_named_and_nothing_is_kept(docker: Docker) -> None:
    blobs, name = docker.cloud.server.state / "blobs", f"{docker.cloud.project}/images/large"
    before = resource.prlimit(docker.cloud.server.pid, resource.RLIMIT_FSIZE, (LARGE, -1))
    try:
        upload = docker("POST", f"v2/{name}/blobs/uploads/").headers["location"]
        refused = docker("PATCH", upload, b"x" * (LARGE + 1))
    finally:
        resource.prlimit(docker.cloud.server.pid, resource.RLIMIT_FSIZE, before)
    assert refused.status == 400
    assert f"could not write to its disk at {docker.cloud.server.state}" in refused.body["errors"][0]["message"]
    assert not list(blobs.glob("incoming-*"))
    docker.push_blob(name, b"small")


def test_the_api_shows_packages_versions_tags_and_images(docker: Docker) -> None:
    digest = docker.push(image(docker, "group/train"), "v1", b"layer")
    docker.push(image(docker, "other"), "v1", b"x")
    cloud, below = docker.cloud, repository(docker)
    names = [one["name"].rpartition("/")[2] for one in cloud.ok("GET", f"{below}/packages")["packages"]]
    assert names == ["group%2Ftrain", "other"]
    package = f"{below}/packages/group%2Ftrain"
    assert cloud.ok("GET", package)["name"].endswith("/packages/group%2Ftrain")
    version = cloud.ok("GET", f"{package}/versions", view="FULL")["versions"][0]
    assert version["name"].endswith(digest)
    assert [tag["name"].rpartition("/")[2] for tag in version["relatedTags"]] == ["v1"]
    page = cloud.ok("GET", f"{below}/dockerImages", pageSize="1")
    first = page["dockerImages"][0]
    assert first["uri"] == f"europe-west1-docker.pkg.dev/{image(docker, 'group/train')}@{digest}"
    assert first["tags"] == ["v1"]
    rest = cloud.ok("GET", f"{below}/dockerImages", pageSize="1", pageToken=page["nextPageToken"])
    assert "/other@" in rest["dockerImages"][0]["uri"]
    assert int(cloud.ok("GET", below)["sizeBytes"]) > 0
    cloud.ok("POST", f"{package}/tags", {"version": version["name"]}, tagId="stable")
    listed = docker("GET", f"v2/{image(docker, 'group/train')}/tags/list").body
    assert listed["tags"] == ["stable", "v1"]
    assert listed["manifest"][digest]["tag"] == ["stable", "v1"]
    assert listed["manifest"][digest]["mediaType"] == version["metadata"]["mediaType"]
    assert listed["manifest"][digest]["timeCreatedMs"].isdecimal()


def test_a_tagged_version_is_deleted_only_by_force_and_a_package_whole(docker: Docker) -> None:
    digest = docker.push(image(docker), "v1", b"layer")
    version = f"{repository(docker)}/packages/train/versions/{digest}"
    assert "because it is tagged" in docker.cloud("DELETE", version).message
    assert docker.cloud.ok("DELETE", version, force="true")["done"] is True
    assert docker("GET", f"v2/{image(docker)}/manifests/v1").status == 404
    docker.push(image(docker), "v2", b"layer")
    docker.cloud.ok("DELETE", f"{repository(docker)}/packages/train")
    assert docker.cloud.ok("GET", f"{repository(docker)}/packages") == {}


def test_deleting_a_digest_deletes_its_tags_and_a_tag_only_itself(docker: Docker) -> None:
    digest = docker.push(image(docker), "v1", b"layer")
    docker.push(image(docker), "v2", b"layer")
    assert docker("DELETE", f"v2/{image(docker)}/manifests/v1").status == 202
    assert docker("GET", f"v2/{image(docker)}/manifests/v2").status == 200
    assert docker("DELETE", f"v2/{image(docker)}/manifests/{digest}").status == 202
    assert docker("GET", f"v2/{image(docker)}/manifests/v2").status == 404


def advance(docker: Docker, seconds: float) -> None:
    docker.cloud.control("POST", "clock", {"advance_seconds": seconds})


def policies(docker: Docker, **found: Any) -> None:
    docker.cloud.ok("PATCH", repository(docker), {"cleanupPolicies": found}, updateMask="cleanupPolicies")


def test_cleanup_policies_delete_what_none_keeps_a_day_later(docker: Docker) -> None:
    old = docker.push(image(docker), "old", b"1")
    advance(docker, 20 * DAY)
    versions = [docker.push(image(docker), f"v{number}", bytes([number])) for number in (1, 2)]
    policies(
        docker,
        delete={"action": "DELETE", "condition": {"tagState": "ANY", "olderThan": f"{14 * DAY}s"}},
        keep={"action": "KEEP", "mostRecentVersions": {"keepCount": 2}},
    )
    assert docker("GET", f"v2/{image(docker)}/manifests/{old}").status == 200
    advance(docker, DAY + 60)
    assert docker("GET", f"v2/{image(docker)}/manifests/{old}").status == 404
    advance(docker, 30 * DAY)
    assert [docker("GET", f"v2/{image(docker)}/manifests/{one}").status for one in versions] == [200, 200]


def test_blobs_that_nothing_names_are_gone_a_day_later(docker: Docker) -> None:
    digest = docker.push(image(docker), "v1", b"named" * 20_000)
    loose = docker.push_blob(image(docker), b"loose" * 20_000)
    advance(docker, DAY + 60)
    assert docker("GET", f"v2/{image(docker)}/blobs/{loose}").status == 404
    assert docker("HEAD", f"v2/{image(docker)}/blobs/{digest_of(b'named' * 20_000)}").status == 200
    docker.cloud.ok("DELETE", f"{repository(docker)}/packages/train/versions/{digest}", force="true")
    advance(docker, DAY + 60)
    assert docker("GET", f"v2/{image(docker)}/blobs/{digest_of(b'named' * 20_000)}").status == 404


def test_deleting_a_repository_deletes_its_images(docker: Docker) -> None:
    docker.push(image(docker), "v1", b"layer")
    docker.cloud.ok("DELETE", repository(docker))
    docker.cloud.ok("POST", repository(docker).rpartition("/")[0], {"format": "DOCKER"}, repositoryId="images")
    assert docker("GET", f"v2/{image(docker)}/manifests/v1").status == 404


def test_without_googles_host_the_repository_is_found_where_it_is(docker: Docker) -> None:
    digest = docker.push(image(docker), "v1", b"layer")
    here = Docker(docker.cloud, f"127.0.0.1:{docker.cloud.server.port}")
    assert here("GET", f"v2/{image(docker)}/manifests/v1").headers["docker-content-digest"] == digest
    assert here("GET", f"v2/{docker.cloud.project}/nowhere/train/manifests/v1").status == 404


def pulled(docker: Docker, name: str, reference: str) -> int:
    return docker("GET", f"v2/{image(docker, name)}/manifests/{reference}").status


def test_a_rule_denies_downloads_and_a_packages_own_rule_comes_first(docker: Docker) -> None:
    digest = docker.push(image(docker), "v1", b"one")
    docker.push(image(docker, "team/other"), "v1", b"two")
    rules = f"{repository(docker)}/rules"
    created = docker.cloud.ok("POST", rules, {"action": "DENY"}, ruleId="none")
    assert created["name"].endswith("/repositories/images/rules/none")
    assert (created["action"], created["operation"]) == ("DENY", "DOWNLOAD")
    assert (pulled(docker, "train", "v1"), pulled(docker, "train", digest)) == (403, 403)
    docker.cloud.ok("POST", rules, {"action": "ALLOW", "packageId": "team%2Fother"}, ruleId="some")
    assert (pulled(docker, "train", "v1"), pulled(docker, "team/other", "v1")) == (403, 200)
    assert len(docker.cloud.ok("GET", rules)["rules"]) == 2
    assert docker.cloud("POST", rules, {"action": "ALLOW"}, ruleId="again").status == 409
    docker.cloud.ok("PATCH", f"{rules}/none", {"action": "ALLOW"}, updateMask="action")
    assert pulled(docker, "train", "v1") == 200
    docker.cloud.ok("DELETE", f"{rules}/some")


def test_a_rule_with_a_condition_is_about_some_versions_and_denies_when_it_has_no_answer(docker: Docker) -> None:
    digest = docker.push(image(docker), "v1", b"one")
    rules = f"{repository(docker)}/rules"
    condition = {"expression": f"pkg.version.id == '{digest}'"}
    docker.cloud.ok("POST", rules, {"action": "DENY", "condition": condition}, ruleId="r")
    other = docker.push(image(docker), "v2", b"two")
    assert (pulled(docker, "train", digest), pulled(docker, "train", other)) == (403, 200)
    docker.cloud.ok(
        "PATCH", f"{rules}/r", {"condition": {"expression": "pkg.weather == 'fine'"}}, updateMask="condition"
    )
    assert (pulled(docker, "train", digest), pulled(docker, "train", other)) == (403, 403)


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"action": "DENY", "condition": {"expression": "pkg.version.id =="}},
        {"action": "DENY", "condition": {"expression": "resource.name == 'a'"}},
        {"action": "DENY", "condition": {"expression": "(" * 900}},
    ],
)
def test_a_meaningless_rule_is_refused(docker: Docker, rule: dict[str, Any]) -> None:
    assert docker.cloud("POST", f"{repository(docker)}/rules", rule, ruleId="r").status == 400
