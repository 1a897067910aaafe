"""Requests as they arrive over the wire."""

import asyncio
import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from localcloud.engine.dialect import OLDER
from localcloud.engine.exchange import Reply, Wait
from localcloud.engine.service import Alias, Call, Resource, Service
from localcloud.errors import not_found
from localcloud.services import SERVICES

from tests.localcloud.inside import NUMBER, OWNER, PROJECT, Inside, inside

SECRETS = f"secretmanager/v1/projects/{PROJECT}/secrets"
LARGE = 3 << 20


def store_object(call: Call) -> Reply:
    content = call.content
    assert content is not None
    size = sum(len(piece) for piece in content.chunks())
    digest = call.cloud.store.keep(content.path or content.read())
    return Reply(
        200,
        {
            "size": size,
            "inFile": isinstance(digest, str),
            "type": content.type,
            "upload": call.upload,
            "kept": str(digest)[:40],
        },
    )


def read_object(call: Call) -> Reply:
    if call.params["object"].endswith("none"):
        return Reply(404, b"<Error/>", {"content-type": "application/xml"})
    if call.params.get("alt") == "media":
        path = call.cloud.store.folder / "some"
        path.write_bytes(b"0123456789" * 100_000)
        return Reply(206, None, {"content-range": "bytes 5-600004/1000000"}, file=(path, 5, 600_000))
    raise not_found(f"No such object: {call.params['object']} at {call.base}")


def batch(call: Call) -> Reply:
    assert call.content is not None
    parts = [call.inside("POST", line, call.headers, b"{}") for line in call.content.read().decode().split()]
    return Reply(200, {"statuses": [part.status for part in parts]})


STORAGE = Service(
    api="storage",
    dialect=OLDER,
    lenient=True,
    methods={"storage.objects.insert": store_object, "storage.objects.get": read_object, "storage.batch": batch},
    permissions={"storage.objects.insert": None, "storage.objects.get": None, "storage.batch": None},
    aliases=(
        Alias("GET", "{bucket}/{object...}", "storage.objects.get", {"alt": "media"}),
        Alias("POST", "batch/storage/v1", "storage.batch"),
    ),
)


def failing(_: Call) -> dict[str, str]:
    raise RuntimeError("a bug")


SECRET_MANAGER = Service(
    api="secretmanager",
    title="Secret Manager API",
    resources={"projects.secrets": Resource(kind="Secret", id_param="secretId")},
    methods={"secretmanager.projects.secrets.addVersion": failing},
    permissions={"secretmanager.projects.secrets.addVersion": None},
)
STS = Service(api="sts", methods={"sts.token": lambda call: call.body}, anonymous=frozenset({"sts.token"}))


@pytest.fixture
def cloud(tmp_path: Path) -> Inside:
    return inside(tmp_path, STORAGE, SECRET_MANAGER, STS)


def test_an_unknown_parameter_is_refused_and_global_ones_are_accepted(cloud: Inside) -> None:
    ok = "?alt=json&prettyPrint=false&key=k&quotaUser=u&%24alt=json%3Benum-encoding%3Dint&access_token=x&pageSize=1&page_size=1"
    assert cloud("GET", SECRETS + ok).status == 200
    response = cloud("GET", SECRETS + "?pagesize=1")
    assert (response.status, response.body["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert 'Unknown name "pagesize"' in response.message


def test_a_parameter_of_the_wrong_type_is_refused(cloud: Inside) -> None:
    assert "Invalid value at 'page_size' (TYPE_INT32), \"many\"" in cloud("GET", SECRETS + "?pageSize=many").message


def test_a_body_that_is_not_json_is_refused(cloud: Inside) -> None:
    response = cloud("POST", f"{SECRETS}?secretId=s", b"{")
    assert response.status == 400
    assert "Invalid JSON payload received" in response.message


@pytest.mark.parametrize(
    "body", [b'{"ttl": NaN}', b'{"labels": {"a": "\\ud800"}}', b"[" * 100_000, b"\xff\xfe", b'"text"', b"7"]
)
def test_no_body_is_too_strange_for_a_400(cloud: Inside, body: bytes) -> None:
    assert cloud("POST", f"{SECRETS}?secretId=s", body).status == 400


@pytest.mark.parametrize(
    "path",
    ["%", "%zz", "%01/%00", "//", "secretmanager//", "a" * 5000, "secretmanager/v1/projects/%2e%2e/secrets", "?"],
)
def test_no_path_is_too_strange_for_an_answer(cloud: Inside, path: str) -> None:
    assert cloud("GET", path).status in {206, 403, 404}


@pytest.mark.parametrize("target", ["bucket/%ff%fe", f"{SECRETS}/%ed%a0%80", f"{SECRETS}?secretId=%ff"])
def test_bytes_that_are_no_utf_8_are_refused(cloud: Inside, target: str) -> None:
    response = cloud("GET", target)
    assert (response.status, "not UTF-8" in response.message) == (400, True)


def test_fields_selects_a_part(cloud: Inside) -> None:
    cloud.ok("POST", f"{SECRETS}?secretId=s", {})
    assert cloud.ok("GET", f"{SECRETS}?fields=secrets/name") == {"secrets": [{"name": f"projects/{PROJECT}/secrets/s"}]}


def test_a_documented_method_that_nobody_wrote_names_itself_and_its_file(cloud: Inside) -> None:
    response = cloud("POST", f"secretmanager/v1/projects/{PROJECT}/secrets/s/versions/1:destroy", {})
    assert (response.status, response.body["error"]["status"]) == (501, "UNIMPLEMENTED")
    assert "secretmanager.projects.secrets.versions.destroy (v1)" in response.message
    assert "tools/localcloud/services/secretmanager" in response.message


def test_a_documented_api_that_nobody_wrote_names_the_file_to_add(cloud: Inside) -> None:
    response = cloud("GET", f"cloudtasks/v2/projects/{PROJECT}/locations/europe-west1/queues/web")
    assert response.status == 501
    assert "cloudtasks.projects.locations.queues.get" in response.message
    assert "tools/localcloud/services/cloudtasks.py" in response.message


def test_an_undocumented_path_is_a_404_that_says_so(cloud: Inside) -> None:
    assert "Google's description of the API has no such path" in cloud("GET", "secretmanager/v1/nothing").message
    assert "this path answers GET, POST only" in cloud("DELETE", SECRETS).message


def test_a_mistyped_api_is_not_mistaken_for_a_bucket(cloud: Inside) -> None:
    response = cloud("GET", f"secretmanger/v1/projects/{PROJECT}/secrets/none")
    assert response.status == 404
    assert "API paths begin with the API's name" in response.message
    assert cloud("GET", "bucket/dev/none").body == b"<Error/>"


def test_a_bug_of_ours_is_a_500_that_says_so(cloud: Inside) -> None:
    response = cloud("POST", f"{SECRETS}/s:addVersion", {})
    assert response.status == 500
    assert "because of a bug of its own" in response.message


def test_storage_writes_errors_in_its_own_dialect(cloud: Inside) -> None:
    response = cloud("GET", "storage/v1/b/bucket/o/a%2Fb")
    assert response.status == 404
    assert response.body == {
        "error": {
            "code": 404,
            "message": "No such object: a/b at http://127.0.0.1:1",
            "errors": [
                {"message": "No such object: a/b at http://127.0.0.1:1", "domain": "global", "reason": "notFound"}
            ],
        }
    }


@pytest.mark.parametrize("path", ["upload/storage/v1/b/bucket/o", "resumable/upload/storage/v1/b/bucket/o"])
def test_uploads_arrive_raw_at_the_root_paths(cloud: Inside, path: str) -> None:
    body = cloud("POST", f"{path}?uploadType=media&name=x", b"not json", content_type="text/plain").body
    assert body == {"size": 8, "inFile": False, "type": "text/plain", "upload": True, "kept": "b'not json'"}


def test_a_large_body_goes_through_a_file_that_leaves_no_trace(cloud: Inside) -> None:
    pieces = [b"x" * (1 << 19)] * (LARGE >> 19)
    response = asyncio.run(cloud.sent("POST", "upload/storage/v1/b/bucket/o?name=x", pieces, {"content-type": "a/b"}))
    assert (response.body["size"], response.body["inFile"]) == (LARGE, True)
    assert [path.name for path in (cloud.cloud.store.folder / "blobs").iterdir()] == [response.body["kept"]]


def test_a_client_that_goes_away_leaves_nothing(cloud: Inside) -> None:
    pieces = [b"x" * (1 << 20)] * 3
    response = asyncio.run(cloud.sent("POST", "upload/storage/v1/b/bucket/o?name=x", pieces, {}, cut=True))
    assert response.status == 0
    assert list((cloud.cloud.store.folder / "blobs").iterdir()) == []


def test_downloads_have_a_path_of_their_own_and_stream_ranges(cloud: Inside) -> None:
    response = cloud("GET", "download/storage/v1/b/bucket/o/x")
    assert (response.status, len(response.body), response.body[:5]) == (206, 600_000, b"56789")
    assert (response.headers or {})["content-length"] == "600000"


def test_the_gcs_backend_reads_below_the_root(cloud: Inside) -> None:
    assert cloud("GET", "bucket/dev/platform/default.tfstate").status == 206


def test_a_batch_runs_its_parts_one_by_one(cloud: Inside) -> None:
    targets = f"{SECRETS}?secretId=a {SECRETS}?secretId=a {SECRETS}?secretId=b".encode()
    assert cloud("POST", "batch/storage/v1", targets, content_type="multipart/mixed").body == {
        "statuses": [200, 409, 200]
    }
    assert len(cloud.ok("GET", SECRETS)["secrets"]) == 2


def test_a_form_is_taken_where_a_token_is_asked_for(cloud: Inside) -> None:
    response = cloud.as_("")(
        "POST", "sts/v1/token", b"grant_type=g&subject_token=s", content_type="application/x-www-form-urlencoded"
    )
    assert response.body == {"grantType": "g", "subjectToken": "s"}


def test_curl_sends_json_under_the_type_of_a_form(cloud: Inside) -> None:
    body = json.dumps({"ttl": "9s"}).encode()
    assert cloud("POST", f"{SECRETS}?secretId=s", body, content_type="application/x-www-form-urlencoded").status == 200


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("secretmanager.googleapis.com", f"v1/projects/{PROJECT}/secrets"),
        ("secretmanager.europe-west1.rep.googleapis.com", f"v1/projects/{PROJECT}/secrets"),
        ("europe-west1-secretmanager.googleapis.com", f"v1/projects/{PROJECT}/secrets"),
        ("us-central1-127.0.0.1:1", SECRETS),
        ("localhost:1", SECRETS),
    ],
)
def test_googles_global_and_regional_hosts_reach_the_same_api(cloud: Inside, host: str, path: str) -> None:
    assert cloud("GET", path, host=host).status == 200


@pytest.mark.parametrize(
    ("host", "path", "status"),
    [
        ("dns.googleapis.com", "dns/v1/projects/{project}/managedZones/z", 501),
        ("cloudtasks.googleapis.com", "v2/projects/{project}/locations/r/queues/q", 501),
        ("aiplatform.googleapis.com", "v1:evaluateDataset", 404),
        ("nosuch.googleapis.com", "v1/things", 404),
        ("no-such.googleapis.com", "v1/things", 404),
        ("nosuch.some.googleapis.com", "v1/things", 404),
        ("dns.googleapis.com", "some/path", 404),
        ("compute.googleapis.com", "some/path", 404),
        ("www.googleapis.com", "some/path", 404),
    ],
)
def test_no_path_of_an_apis_host_is_mistaken_for_a_bucket(tmp_path: Path, host: str, path: str, status: int) -> None:
    cloud = inside(tmp_path, *SERVICES)
    for api in ("dns", "cloudtasks"):
        cloud.ok("POST", f"serviceusage/v1/projects/{PROJECT}/services/{api}.googleapis.com:enable", {})
    for principal in (OWNER, ""):
        response = cloud.as_(principal)("GET", path.format(project=PROJECT), host=host)
        assert response.status in {status, 401}
        assert response.message


def test_behind_a_proxy_the_base_url_is_the_clients(cloud: Inside) -> None:
    response = cloud("GET", "storage/v1/b/bucket/o/a", host="storage.googleapis.com")
    assert response.message == "No such object: a at https://storage.googleapis.com"


def test_a_project_number_in_the_path_means_the_project(cloud: Inside) -> None:
    cloud.ok("POST", f"{SECRETS}?secretId=s", {})
    assert cloud.ok("GET", f"secretmanager/v1/projects/{NUMBER}/secrets/s")["name"] == f"projects/{PROJECT}/secrets/s"


def test_a_disabled_api_is_refused_in_googles_words(cloud: Inside) -> None:
    cloud.cloud.store.delete("serviceusage", f"projects/{PROJECT}/services/secretmanager.googleapis.com")
    response = cloud("GET", SECRETS)
    assert response.status == 403
    assert response.message.startswith(
        f"Secret Manager API has not been used in project {NUMBER} before or it is disabled. Enable it by visiting https://"
    )
    detail = response.body["error"]["details"][0]
    assert detail["reason"] == "SERVICE_DISABLED"
    assert detail["metadata"]["service"] == "secretmanager.googleapis.com"
    assert detail["metadata"]["consumer"] == f"projects/{NUMBER}"


def test_an_unknown_project_is_a_403_and_a_deleted_one_says_so(cloud: Inside) -> None:
    unknown = cloud("GET", "secretmanager/v1/projects/nobodys/secrets")
    assert (unknown.status, unknown.message) == (403, "Permission denied on resource project nobodys.")
    row = {"projectId": PROJECT, "projectNumber": NUMBER, "state": "DELETE_REQUESTED"}
    cloud.cloud.store.put("cloudresourcemanager", f"projects/{PROJECT}", row)
    deleted = cloud("GET", SECRETS)
    assert (deleted.status, deleted.message) == (403, f"Project #{NUMBER} has been deleted.")
    for answer, consumer in ((unknown, "nobodys"), (deleted, NUMBER)):
        info, localized, help_ = answer.body["error"]["details"]
        assert (info["reason"], info["metadata"]["consumer"]) == ("CONSUMER_INVALID", f"projects/{consumer}")
        assert info["metadata"]["containerInfo"] == consumer
        assert localized["message"] == answer.message
        assert help_["links"]


def test_a_401_says_why_and_for_which_service(cloud: Inside) -> None:
    reasons = {
        "": "CREDENTIALS_MISSING",
        "Bearer nonsense": "ACCESS_TOKEN_TYPE_UNSUPPORTED",
        f"Bearer local/{OWNER}": "ACCESS_TOKEN_TYPE_UNSUPPORTED",
        f"Bearer {cloud.cloud.tokens.token(OWNER, 1)}": "ACCESS_TOKEN_EXPIRED",
    }
    for authorization, reason in reasons.items():
        answer = cloud.as_("")("GET", SECRETS, **({"authorization": authorization} if authorization else {}))
        [info] = answer.body["error"]["details"]
        assert (answer.status, info["reason"]) == (401, reason)
        assert info["metadata"] == {"service": "secretmanager.googleapis.com"}
        assert answer.headers is not None
        assert 'realm="https://accounts.google.com/"' in answer.headers["www-authenticate"]


def test_a_full_disk_is_named_and_reads_still_work(cloud: Inside) -> None:
    cloud.ok("POST", f"{SECRETS}?secretId=before", {})
    store = cloud.cloud.store
    store.sql(f"PRAGMA max_page_count = {store.row('PRAGMA page_count')[0]}")
    response = cloud("POST", f"{SECRETS}?secretId=s", {"annotations": {"x": "y" * 100_000}})
    assert response.status == 400
    assert f"could not write to its disk at {store.folder} (database or disk is full)" in response.message
    assert cloud("GET", f"{SECRETS}/before").status == 200
    assert cloud("GET", f"{SECRETS}/s").status == 404
    store.sql("PRAGMA max_page_count = 1000000")
    assert cloud("POST", f"{SECRETS}?secretId=s", {}).status == 200


def test_a_disk_that_became_read_only_is_named_and_reads_still_work(cloud: Inside) -> None:
    cloud.cloud.store.sql("PRAGMA query_only = ON")
    response = cloud("POST", f"{SECRETS}?secretId=s", {})
    assert (response.status, "readonly" in response.message) == (400, True)
    assert cloud("GET", SECRETS).status == 200


def test_the_same_request_from_eight_clients_at_a_time_counts_once(cloud: Inside) -> None:
    async def all_at_once() -> list[int]:
        one = [cloud.sent("POST", f"{SECRETS}?secretId=s", [b"{}"], {}) for _ in range(8)]
        return sorted(seen.status for seen in await asyncio.gather(*one))

    assert asyncio.run(all_at_once()) == [200] + [409] * 7


def test_only_the_owner_has_access_by_default(cloud: Inside) -> None:
    assert cloud.as_("user:eve@example.com")("GET", SECRETS).status == 403
    assert cloud.as_(OWNER)("GET", SECRETS).status == 200


@pytest.mark.parametrize(
    ("target", "host", "region"),
    [
        ("europe-west1-sts/v1/token", "127.0.0.1:1", "europe-west1"),
        ("v1/token", "europe-west1-sts.googleapis.com", "europe-west1"),
        ("v1/token", "sts.us-central1.rep.googleapis.com", "us-central1"),
        ("v1/token", "sts.googleapis.com", ""),
        ("sts/v1/token", "127.0.0.1:1", ""),
    ],
)
def test_the_region_in_a_host_is_kept(target: str, host: str, region: str, tmp_path: Path) -> None:
    service = Service(
        api="sts", methods={"sts.token": lambda call: {"token_type": call.region}}, anonymous=STS.anonymous
    )
    assert inside(tmp_path, service)("POST", target, {}, host=host).body == {"token_type": region}


def test_slow_work_runs_once_beside_the_loop_and_the_request_is_repeated(tmp_path: Path) -> None:
    threads: list[bool] = []
    started: list[bool] = []

    def summed(call: Call) -> Reply:
        content = call.content
        assert content is not None
        started.append(call.cloud.store.get("storage", "b/one") is None)
        call.cloud.store.put("storage", "b/one", {})

        def work() -> int:
            threads.append(threading.current_thread() is threading.main_thread())
            return sum(len(piece) for piece in content.chunks())

        return Reply(200, {"size": call.beside("sum", content.size, work)})

    insert = "storage.objects.insert"
    cloud = inside(tmp_path, replace(STORAGE, methods={insert: summed}, streams={insert: lambda _: None}))
    path = "upload/storage/v1/b/bucket/o?uploadType=media&name=x"
    assert cloud("POST", path, b"x" * LARGE * 2, content_type="text/plain").body == {"size": 2 * LARGE}
    assert (threads, started) == ([False], [True, True])
    assert cloud.cloud.store.get("storage", "b/one") == {}
    cloud.cloud.store.delete("storage", "b/one")
    assert cloud("POST", path, b"small", content_type="text/plain").body == {"size": 5}
    assert (threads, started) == ([False, True], [True, True, True])


def test_a_read_that_takes_long_is_begun_once_and_goes_on_from_there(tmp_path: Path) -> None:
    begun: list[str] = []

    def works(call: Call) -> Reply:
        begun.append(f"{call.beside('sum', LARGE * 2, lambda: 1)}")
        return Reply(body={"name": "works"})

    def waits(call: Call) -> Reply:
        begun.append("waits")
        if len(begun) == 2:
            return Reply(body={"name": "waits"})
        call.cloud.signals.ring("it")
        return Reply(wait=Wait("it", 60))

    def later(call: Call) -> Reply:
        async def told() -> Reply:
            return Reply(body={"name": "later"})

        begun.append("later")
        return Reply(later=told)

    for verb, expected in ((works, ["1"]), (waits, ["waits", "waits"]), (later, ["later"])):
        begun.clear()
        service = Service("secretmanager", methods={"secretmanager.projects.secrets.get": verb})
        cloud = inside(tmp_path / verb.__name__, service)
        assert cloud.ok("GET", f"{SECRETS}/s") == {"name": verb.__name__}
        assert begun == expected
