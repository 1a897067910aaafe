"""Objects: their metadata and content, conditions, lists, copies and batches."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.localcloud.services.requests_inside import PROJECT
from tests.localcloud.services.storage_inside import MIB, B, Storage, path, storage


@pytest.fixture
def gcs(tmp_path: Path) -> Storage:
    gcs = storage(tmp_path)
    gcs.bucket()
    return gcs


def test_an_object_has_everything_that_clients_check(gcs: Storage) -> None:
    created = gcs.upload("dir/a b.txt", b"hello", content_type="text/plain")
    assert created["id"] == f"data-bucket/dir/a b.txt/{created['generation']}"
    assert (created["size"], created["md5Hash"], created["crc32c"]) == ("5", "XUFAKrxLKna5cZ2REBfFkg==", "mnG7TA==")
    assert (created["contentType"], created["storageClass"], created["metageneration"]) == (
        "text/plain",
        "STANDARD",
        "1",
    )
    assert created["selfLink"].endswith("/storage/v1/b/data-bucket/o/dir%2Fa%20b.txt")
    assert created["mediaLink"].endswith(f"/dir%2Fa%20b.txt?generation={created['generation']}&alt=media")
    assert created["timeCreated"] == created["updated"] == created["timeStorageClassUpdated"]
    assert gcs.ask("GET", path("dir/a b.txt")).json == created
    link = created["mediaLink"].partition("/download")[2]
    assert gcs.ask("GET", f"/download{link}").body == b"hello"


@pytest.mark.parametrize("name", ["a/b-c_d.e~f", "a b", "a%2Fb", "ä/\u0661", "a+b"])
def test_an_object_s_links_escape_all_that_a_path_segment_cannot_hold(gcs: Storage, name: str) -> None:
    gcs.upload(name)
    (listed,) = gcs.ask("GET", f"{B}/data-bucket/o").json["items"]
    assert listed["selfLink"].endswith(f"/storage/v1/b/data-bucket/o/{quote(name, safe='')}")
    assert f"/o/{quote(name, safe='')}?generation=" in listed["mediaLink"]


def test_a_download_says_what_it_holds(gcs: Storage) -> None:
    created = gcs.upload("x", b"hello", content_type="text/plain")
    answer = gcs.ask("GET", f"{path('x')}?alt=media")
    assert answer.body == b"hello"
    assert answer.headers["content-type"] == "text/plain"
    assert answer.headers["x-goog-hash"] == "crc32c=mnG7TA==,md5=XUFAKrxLKna5cZ2REBfFkg=="
    assert answer.headers["x-goog-generation"] == created["generation"]
    assert answer.headers["x-goog-stored-content-length"] == "5"
    assert answer.headers["etag"] == created["etag"]


@pytest.mark.parametrize("size", [10, 3 * MIB])
def test_ranges_of_small_and_large_objects(gcs: Storage, size: int) -> None:
    data = bytes(number % 251 for number in range(size))
    gcs.upload("x", data)
    part = gcs.ask("GET", f"{path('x')}?alt=media", None, 206, range="bytes=3-5")
    assert (part.body, part.headers["content-range"]) == (data[3:6], f"bytes 3-5/{size}")
    assert gcs.ask("GET", f"{path('x')}?alt=media", None, 206, range="bytes=-2").body == data[-2:]
    beyond = gcs.ask("GET", f"{path('x')}?alt=media", None, 416, range=f"bytes={size}-")
    assert beyond.message == "Request range not satisfiable"
    assert gcs.media("x") == data


def test_what_is_missing_is_named(gcs: Storage) -> None:
    assert gcs.ask("GET", path("no/such"), None, 404).message == "No such object: data-bucket/no/such"
    assert gcs.ask("GET", f"{B}/nowhere/o/x", None, 404).message == "The specified bucket does not exist."
    gcs.upload("x")
    assert gcs.ask("GET", f"{path('x')}?generation=1", None, 404).message == "No such object: data-bucket/x#1"


def test_generations_grow_even_when_the_clock_goes_back(gcs: Storage) -> None:
    first = gcs.upload("x")
    gcs.call.later(seconds=-60)
    assert int(gcs.upload("x")["generation"]) > int(first["generation"])


def test_only_one_of_two_writers_creates_an_object(gcs: Storage) -> None:
    gcs.upload("lock", query="&ifGenerationMatch=0")
    refused = gcs.upload("lock", b"me too", "&ifGenerationMatch=0", 412)
    assert refused["error"]["errors"][0]["reason"] == "conditionNotMet"
    assert gcs.media("lock") == b"hello"


def test_a_delete_of_the_wrong_generation_is_refused(gcs: Storage) -> None:
    created = gcs.upload("lock")
    gcs.ask("DELETE", f"{path('lock')}?ifGenerationMatch=1", None, 412)
    gcs.ask("DELETE", f"{path('lock')}?ifGenerationMatch={created['generation']}", None, 204)
    gcs.ask("DELETE", path("lock"), None, 404)


def test_an_unchanged_object_is_not_sent_again(gcs: Storage) -> None:
    created = gcs.upload("x")
    gcs.ask("GET", f"{path('x')}?ifGenerationNotMatch={created['generation']}", None, 304)
    gcs.ask("GET", f"{path('x')}?ifMetagenerationMatch=2", None, 412)


def test_a_patch_merges_metadata_and_raises_the_metageneration(gcs: Storage) -> None:
    created = gcs.upload("x")
    gcs.ask("PATCH", path("x"), {"metadata": {"a": "1", "b": "2"}, "cacheControl": "no-store", "size": "99"})
    changed = gcs.ask("PATCH", path("x"), {"metadata": {"a": None, "c": "3"}}).json
    assert changed["metadata"] == {"b": "2", "c": "3"}
    assert (changed["metageneration"], changed["cacheControl"], changed["size"]) == ("3", "no-store", "5")
    assert changed["generation"] == created["generation"]
    assert changed["etag"] != created["etag"]
    gcs.ask("PATCH", f"{path('x')}?ifMetagenerationMatch=1", {}, 412)


def test_an_update_replaces_all_client_fields(gcs: Storage) -> None:
    gcs.upload("x")
    gcs.ask("PATCH", path("x"), {"metadata": {"a": "1"}, "cacheControl": "no-store"})
    changed = gcs.ask("PUT", path("x"), {"contentType": "text/css"}).json
    assert changed["contentType"] == "text/css"
    assert not {"metadata", "cacheControl"} & changed.keys()


def test_custom_time_only_moves_forward(gcs: Storage) -> None:
    gcs.upload("x")
    gcs.ask("PATCH", path("x"), {"customTime": "2026-01-02T00:00:00Z"})
    gcs.ask("PATCH", path("x"), {"customTime": "2026-01-01T00:00:00Z"}, 400)
    gcs.ask("PATCH", path("x"), {"customTime": None}, 400)


def test_a_list_is_limited_by_prefix_delimiter_and_offsets(gcs: Storage) -> None:
    for name in ("a", "d/1", "d/2", "d/e/3", "f/", "f/4", "z"):
        gcs.upload(name)
    found = gcs.list("delimiter=/")
    assert [item["name"] for item in found["items"]] == ["a", "z"]
    assert found["prefixes"] == ["d/", "f/"]
    below = gcs.list("delimiter=/&prefix=d/")
    assert ([item["name"] for item in below["items"]], below["prefixes"]) == (["d/1", "d/2"], ["d/e/"])
    assert gcs.names("startOffset=d/2&endOffset=f/4") == ["d/2", "d/e/3", "f/"]
    assert gcs.names("delimiter=/&includeTrailingDelimiter=true") == ["a", "f/", "z"]
    assert gcs.names("matchGlob=d/**") == ["d/1", "d/2", "d/e/3"]
    assert gcs.list("prefix=none") == {"kind": "storage#objects"}


def test_every_page_size_gives_every_name_and_prefix_once(gcs: Storage) -> None:
    for number in range(7):
        gcs.upload(f"p{number}/x")
        gcs.upload(f"p{number}/y")
        gcs.upload(f"q{number}")
    for size in range(1, 9):
        names: list[str] = []
        token = ""
        while True:
            page = gcs.list(f"delimiter=/&maxResults={size}&pageToken={token}")
            names += page.get("prefixes", []) + [item["name"] for item in page.get("items", [])]
            token = page.get("nextPageToken", "")
            if not token:
                break
        assert sorted(names) == [f"p{n}/" for n in range(7)] + [f"q{n}" for n in range(7)]
        assert len(names) == 14


def test_a_long_list_is_read_through_in_batches(gcs: Storage) -> None:
    expected = [f"n{number:04}" for number in range(450)]
    for name in expected:
        gcs.upload(name, b"")
    assert gcs.names() == expected
    assert gcs.names("matchGlob=*7") == [name for name in expected if name.endswith("7")]


def test_a_forged_page_token_is_refused(gcs: Storage) -> None:
    assert "not one that this list gave" in gcs.ask("GET", f"{B}/data-bucket/o?pageToken=x", None, 400).message


def compose(gcs: Storage, target: str, *sources: dict[str, Any], status: int = 200, **more: Any) -> Any:
    body = {"sourceObjects": list(sources), "destination": {"contentType": "text/x"}, **more}
    return gcs.ask("POST", f"{path(target)}/compose", body, status).json


def test_composing_joins_content_and_has_no_md5(gcs: Storage) -> None:
    gcs.upload("a", b"one")
    large = b"x" * MIB
    gcs.upload("b", large)
    created = compose(gcs, "c", {"name": "a"}, {"name": "b"}, {"name": "a"})
    assert (created["componentCount"], created["contentType"], created["size"]) == (3, "text/x", str(MIB + 6))
    assert "md5Hash" not in created
    assert gcs.media("c") == b"one" + large + b"one"
    assert compose(gcs, "d", {"name": "c"}, {"name": "a"})["componentCount"] == 4
    assert gcs.upload("e", b"one" + large + b"one")["crc32c"] == created["crc32c"]


def test_composing_keeps_to_conditions_and_limits(gcs: Storage) -> None:
    created = gcs.upload("a", b"one")
    compose(gcs, "c", {"name": "a", "objectPreconditions": {"ifGenerationMatch": "1"}}, status=412)
    compose(gcs, "c", {"name": "a", "generation": "1"}, status=404)
    compose(gcs, "c", {"name": "a", "generation": created["generation"]})
    refused = compose(gcs, "c", *[{"name": "a"}] * 33, status=400)
    assert refused["error"]["message"] == "The number of source components provided (33) exceeds the maximum (32)."
    compose(gcs, "c", status=400)


def test_composing_can_use_up_its_sources(gcs: Storage) -> None:
    gcs.upload("a", b"1")
    gcs.upload("b", b"2")
    compose(gcs, "b", {"name": "a"}, {"name": "b"}, deleteSourceObjects=True)
    assert gcs.names() == ["b"]
    assert gcs.media("b") == b"12"


@pytest.mark.parametrize("size", [5, 200_000])
def test_a_copy_outlives_its_source(gcs: Storage, size: int) -> None:
    gcs.ask("PATCH", f"{B}/data-bucket", {"softDeletePolicy": {"retentionDurationSeconds": "0"}})
    gcs.upload("a", b"x" * size, content_type="text/plain")
    gcs.ask("PATCH", path("a"), {"metadata": {"k": "v"}})
    created = gcs.ask("POST", f"{path('a')}/copyTo/b/data-bucket/o/b").json
    assert (created["metadata"], created["contentType"], created["metageneration"]) == ({"k": "v"}, "text/plain", "1")
    gcs.ask("DELETE", path("a"), None, 204)
    assert gcs.media("b") == b"x" * size


def test_a_large_objects_file_is_deleted_with_its_last_reference(gcs: Storage) -> None:
    gcs.ask("PATCH", f"{B}/data-bucket", {"softDeletePolicy": {"retentionDurationSeconds": "0"}})
    gcs.upload("a", b"x" * 200_000)
    gcs.ask("POST", f"{path('a')}/rewriteTo/b/data-bucket/o/b")
    files = gcs.call.cloud.store.folder / "blobs"
    gcs.ask("DELETE", path("a"), None, 204)
    assert len(list(files.iterdir())) == 1
    gcs.ask("DELETE", path("b"), None, 204)
    assert list(files.iterdir()) == []


def test_a_rewrite_onto_itself_changes_the_class_and_keeps_the_content(gcs: Storage) -> None:
    gcs.ask("PATCH", f"{B}/data-bucket", {"softDeletePolicy": {"retentionDurationSeconds": "0"}})
    gcs.upload("a", b"x" * 200_000)
    answer = gcs.ask("POST", f"{path('a')}/rewriteTo/b/data-bucket/o/a", {"storageClass": "NEARLINE"}).json
    assert (answer["done"], answer["resource"]["storageClass"]) == (True, "NEARLINE")
    assert gcs.media("a") == b"x" * 200_000


def test_a_limited_rewrite_takes_several_calls(gcs: Storage) -> None:
    gcs.upload("a", b"x" * (2 * MIB + 1))
    url = f"{path('a')}/rewriteTo/b/data-bucket/o/b?maxBytesRewrittenPerCall={MIB}"
    first = gcs.ask("POST", url).json
    assert (first["done"], first["totalBytesRewritten"]) == (False, str(MIB))
    second = gcs.ask("POST", f"{url}&rewriteToken={first['rewriteToken']}").json
    assert gcs.names() == ["a"]
    third = gcs.ask("POST", f"{url}&rewriteToken={second['rewriteToken']}").json
    assert (third["done"], third["resource"]["name"]) == (True, "b")
    gcs.upload("a", b"other")
    gcs.ask("POST", f"{url}&rewriteToken={first['rewriteToken']}", None, 400)


def test_a_copy_obeys_the_conditions_of_source_and_target(gcs: Storage) -> None:
    created = gcs.upload("a")
    gcs.upload("b")
    url = f"{path('a')}/rewriteTo/b/data-bucket/o/b"
    gcs.ask("POST", f"{url}?ifGenerationMatch=0", None, 412)
    gcs.ask("POST", f"{url}?ifSourceGenerationMatch=1", None, 412)
    gcs.ask("POST", f"{url}?ifSourceGenerationMatch={created['generation']}", None)


def test_a_move_leaves_nothing_behind(gcs: Storage) -> None:
    gcs.upload("a", b"x" * 100_000)
    gcs.ask("POST", f"{path('a')}/moveTo/o/d%2Fb")
    assert gcs.names() == ["d/b"]
    assert gcs.media("d/b") == b"x" * 100_000


def test_cloud_kms_keys_are_refused_rather_than_ignored(gcs: Storage) -> None:
    key = "projects/p/locations/l/keyRings/r/cryptoKeys/k"
    assert "Cloud KMS" in gcs.upload("x", query=f"&kmsKeyName={key}", status=501)["error"]["message"]
    gcs.upload("x")
    gcs.ask("POST", f"{path('x')}/rewriteTo/b/data-bucket/o/y?destinationKmsKeyName={key}", {}, 501)


def test_a_batch_answers_part_by_part(gcs: Storage) -> None:
    gcs.upload("a")
    gcs.upload("b")
    parts = [
        "--edge\r\nContent-Type: application/http\r\nContent-ID: <one>\r\n\r\n"
        f"PATCH {path('a')} HTTP/1.1\r\nContent-Type: application/json\r\n\r\n" + '{"metadata":{"k":"v"}}',
        f"--edge\r\nContent-Type: application/http\r\n\r\nDELETE {path('none')} HTTP/1.1\r\n\r\n",
        f"--edge\r\nContent-Type: application/http\r\n\r\nDELETE http://127.0.0.1:1{path('b')} HTTP/1.1\r\n\r\n",
        "--edge--\r\n",
    ]
    sent = "\r\n".join(parts).encode()
    answer = gcs.ask("POST", "/batch/storage/v1", sent, content_type="multipart/mixed; boundary=edge")
    text = answer.body.decode()
    assert [line for line in text.splitlines() if line.startswith("HTTP/1.1")] == [
        "HTTP/1.1 200 OK",
        "HTTP/1.1 404 Not Found",
        "HTTP/1.1 204 No Content",
    ]
    assert "Content-ID: <response-one>" in text
    assert gcs.names() == ["a"]
    assert gcs.ask("GET", path("a")).json["metadata"] == {"k": "v"}


@pytest.mark.parametrize("target", ["/batch/storage/v1", "////batch/storage/v1", "////download/storage/v1/b/x/o/y"])
def test_no_batch_is_in_a_batch(gcs: Storage, target: str) -> None:
    sent = f"--edge\r\nContent-Type: application/http\r\n\r\nPOST {target} HTTP/1.1\r\n\r\n\r\n--edge--"
    refused = gcs.ask("POST", "/batch/storage/v1", sent.encode(), 400, content_type="multipart/mixed; boundary=edge")
    assert "cannot be called in a batch" in refused.message


def test_a_batch_part_with_an_invalid_address_is_refused(gcs: Storage) -> None:
    sent = b"--edge\r\nContent-Type: application/http\r\n\r\nGET http://[::1 HTTP/1.1\r\n\r\n\r\n--edge--"
    refused = gcs.ask("POST", "/batch/storage/v1", sent, 400, content_type="multipart/mixed; boundary=edge")
    assert "is not a valid URL" in refused.message


@pytest.mark.parametrize("target", ["?alt=media", "?generation=1&alt=media"])
def test_content_is_not_sent_in_a_batch(gcs: Storage, target: str) -> None:
    gcs.upload("a")
    sent = f"--edge\r\nContent-Type: application/http\r\n\r\nGET {path('a')}{target} HTTP/1.1\r\n\r\n\r\n--edge--\r\n"
    refused = gcs.ask("POST", "/batch/storage/v1", sent.encode(), 400, content_type="multipart/mixed; boundary=edge")
    assert refused.message == "The content of objects cannot be requested in a batch, only their metadata."


def test_xml_style_requests_read_write_and_delete(gcs: Storage) -> None:
    url = "/data-bucket/state/default.tfstate"
    put = gcs.ask("PUT", url, b"{}", content_type="application/json", x_goog_meta_who="me")
    assert put.headers["x-goog-hash"].startswith("crc32c=")
    assert gcs.ask("PUT", url, b"{}", 412, x_goog_if_generation_match="0").body.startswith(b"<?xml")
    got = gcs.ask("GET", url)
    assert (got.body, got.headers["x-goog-meta-who"], got.headers["content-type"]) == (b"{}", "me", "application/json")
    assert got.headers["etag"] == '"99914b932bd37a50b983c5e7c90ae93b"'
    head = gcs.ask("HEAD", url)
    assert (head.body, head.headers["content-length"]) == (b"", "2")
    assert gcs.names() == ["state/default.tfstate"]
    gcs.ask("DELETE", url, None, 204)
    missing = gcs.ask("GET", url, None, 404).body.decode()
    assert "<Code>NoSuchKey</Code>" in missing
    assert "<Code>NoSuchBucket</Code>" in gcs.ask("GET", "/no-bucket/x", None, 404).body.decode()


def test_a_page_token_of_one_list_is_refused_by_every_other(gcs: Storage) -> None:
    gcs.bucket("other-bucket")
    for name in ("a", "b"):
        gcs.upload(name)
    token = gcs.ask("GET", f"{B}?project={PROJECT}&maxResults=1").json["nextPageToken"]
    assert [one["name"] for one in gcs.ask("GET", f"{B}?project={PROJECT}&pageToken={token}").json["items"]]
    objects = gcs.ask("GET", f"{B}/data-bucket/o?maxResults=1").json["nextPageToken"]
    keys = f"/storage/v1/projects/{PROJECT}/hmacKeys"
    for url, other in [(f"{B}/data-bucket/o?", token), (f"{B}/other-bucket/o?", objects), (f"{keys}?", token)]:
        assert "not one that this list gave" in gcs.ask("GET", f"{url}pageToken={other}", None, 400).message
    gcs.ask("GET", f"{B}?project={PROJECT}&softDeleted=true&pageToken={token}", None, 400)
