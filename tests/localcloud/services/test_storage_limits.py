"""Limits of objects' and buckets' metadata, and values that no header, clock or parser can represent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.localcloud.services.requests_inside import NUMBER, PROJECT
from tests.localcloud.services.storage_inside import MIB, UNIFORM, B, Storage, path, storage

FINE = {"iamConfiguration": {"uniformBucketLevelAccess": {"enabled": False}}}
DELETE = {"type": "Delete"}


@pytest.fixture
def gcs(tmp_path: Path) -> Storage:
    gcs = storage(tmp_path)
    gcs.bucket()
    return gcs


def with_metadata(gcs: Storage, sent: dict[str, Any], status: int = 200) -> Any:
    edge = "--edge\r\nContent-Type: application/json\r\n\r\n"
    body = f"{edge}{json.dumps(sent)}\r\n--edge\r\nContent-Type: text/x\r\n\r\nhello\r\n--edge--\r\n".encode()
    url = f"/upload{B}/data-bucket/o?uploadType=multipart"
    return gcs.ask("POST", url, body, status, content_type="multipart/related; boundary=edge").json


MANY = {f"k{number}": "v" * 100 for number in range(51)}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"metadata": {"k" * 1025: "v"}}, "A key of custom metadata has 1 to 1024 bytes"),
        ({"metadata": {"": "v"}}, "A key of custom metadata has 1 to 1024 bytes"),
        ({"metadata": {"k": "é" * 2049}}, "A value of custom metadata has at most 4096 bytes; that of 'k' has 4098."),
        ({"metadata": {"a": "v" * 4096, "b": "v" * 4096}}, "Custom metadata has at most 8192 bytes in all"),
        ({"contentType": "text/x\r\nX-Evil: 1"}, "Invalid value for contentType: it holds a line break"),
        ({"cacheControl": "a\0b"}, "Invalid value for cacheControl"),
        ({"customTime": "0001-01-01T00:00:00+14:00"}, "expected a time like"),
        ({"customTime": "yesterday"}, "expected a time like"),
        ({"contexts": {"custom": {f"k{one}": {"value": "v"} for one in range(51)}}}, "An object may have 50 contexts"),
        ({"contexts": {"custom": {"k": {"value": "v" * 257}}}}, "Invalid context"),
        ({"contexts": {"custom": {"-k": {"value": "v"}}}}, "Invalid context"),
        ({"contexts": {"custom": {"k/": {"value": "v"}}}}, "Invalid context"),
        ({"contexts": {"custom": {k: {"value": "ü" * 256} for k in MANY if k != "k50"}}}, "at most 25600 bytes in all"),
    ],
)
def test_oversized_or_invalid_metadata_is_refused_in_every_request(
    gcs: Storage, fields: dict[str, Any], message: str
) -> None:
    gcs.upload("x")
    assert message in with_metadata(gcs, {"name": "y"} | fields, 400)["error"]["message"]
    for verb in ("PATCH", "PUT"):
        assert message in gcs.ask(verb, path("x"), fields, 400).message
    assert message in gcs.ask("POST", f"{path('x')}/rewriteTo/b/data-bucket/o/y", fields, 400).message
    assert gcs.names() == ["x"]


def test_the_largest_allowed_values_are_accepted(gcs: Storage) -> None:
    metadata = {"a" * 1024: "v" * 4096, "b": "v" * 3071}
    contexts = {"custom": {f"k{one}": {"value": "v" * 256} for one in range(50)}}
    created = with_metadata(gcs, {"name": "x", "metadata": metadata, "contexts": contexts})
    assert (created["metadata"], len(created["contexts"]["custom"])) == (metadata, 50)


def test_a_null_entry_of_a_map_is_dropped(gcs: Storage) -> None:
    assert "metadata" not in with_metadata(gcs, {"name": "x", "metadata": {"a": None}})
    assert gcs.ask("PUT", path("x"), {"metadata": {"a": None, "b": "c"}}).json["metadata"] == {"b": "c"}
    created = gcs.bucket("other-bucket", labels={"a": None, "b": "c"})
    assert created["labels"] == {"b": "c"}


def test_metadata_in_any_alphabet_is_returned_by_every_api(gcs: Storage) -> None:
    text = "日本 é"
    fields = {"contentDisposition": f'attachment; filename="{text}"', "metadata": {"who": text, "two words": "x"}}
    with_metadata(gcs, {"name": "x"} | fields)
    got = gcs.ask("GET", "/data-bucket/x")
    assert got.headers["x-goog-meta-who"] == text
    assert "x-goog-meta-two words" not in got.headers
    raw = text.encode().decode("latin-1")  # as a server hands on what a client sent as UTF-8
    gcs.ask("PUT", "/data-bucket/y", b"x", x_goog_meta_who=raw, content_disposition=raw)
    shown = gcs.ask("GET", path("y")).json
    assert (shown["metadata"], shown["contentDisposition"]) == ({"who": text}, text)
    gcs.ask("PUT", "/data-bucket/y", b"x", x_goog_meta_who="\xe9")
    assert gcs.ask("GET", path("y")).json["metadata"] == {"who": "é"}


@pytest.mark.parametrize("condition", [{}, None, {"age": None}])
@pytest.mark.parametrize("verb", ["POST", "PATCH", "PUT"])
def test_a_lifecycle_rule_needs_a_condition(gcs: Storage, verb: str, condition: Any) -> None:
    body = {"name": "data-bucket", **UNIFORM, "lifecycle": {"rule": [{"action": DELETE, "condition": condition}]}}
    url = f"{B}?project={PROJECT}" if verb == "POST" else f"{B}/data-bucket"
    assert gcs.ask(verb, url, body, 400).message == "Invalid argument. A lifecycle rule needs a condition."


def test_a_buckets_metadata_has_at_most_20_kibibytes(gcs: Storage) -> None:
    origins = {"cors": [{"origin": [f"https://{'a' * 200}{one}.example.com" for one in range(100)]}]}
    refused = gcs.ask("PATCH", f"{B}/data-bucket", origins, 400).message
    assert refused.startswith("The metadata of a bucket has at most 20480 bytes; this has ")
    assert "cors" not in gcs.ask("GET", f"{B}/data-bucket").json


@pytest.mark.parametrize(
    "attributes", [{f"k{one}": "v" for one in range(6)}, {"k" * 257: "v"}, {"": "v"}, {"k": "v" * 1025}]
)
def test_a_notification_has_few_short_attributes(gcs: Storage, attributes: dict[str, str]) -> None:
    topic = f"//pubsub.googleapis.com/projects/{PROJECT}/topics/things"
    sent = {"topic": topic, "payload_format": "NONE", "custom_attributes": attributes}
    assert "custom attribute" in gcs.ask("POST", f"{B}/data-bucket/notificationConfigs", sent, 400).message


def test_an_upload_of_more_than_five_tebibytes_is_refused_when_it_is_declared(gcs: Storage) -> None:
    response = gcs.ask("POST", f"/upload{B}/data-bucket/o?uploadType=resumable&name=x")
    url = response.headers["location"].removeprefix("http://127.0.0.1:1")
    refused = gcs.ask("PUT", url, b"x" * 10, 400, content_range=f"bytes 0-9/{(5 << 40) + 1}")
    assert refused.message == f"An object may have {5 << 40} bytes; {(5 << 40) + 1} were declared."


def test_a_step_of_a_rewrite_is_some_whole_mebibytes(gcs: Storage) -> None:
    gcs.upload("x")
    for step in (-(1 << 20), 1000):
        url = f"{path('x')}/rewriteTo/b/data-bucket/o/y?maxBytesRewrittenPerCall={step}"
        assert "multiple of 1 MiB" in gcs.ask("POST", url, {}, 400).message


def acl(gcs: Storage, verb: str, url: str, body: Any = None) -> bool:
    return "acl" in gcs.ask(verb, url, body).json


def test_access_control_is_shown_by_default_where_google_shows_it(gcs: Storage) -> None:
    reader = [{"entity": "allUsers", "role": "READER"}]
    buckets, bucket = f"{B}?project={PROJECT}", f"{B}/fine-bucket"
    assert not acl(gcs, "POST", buckets, {"name": "fine-bucket", **FINE})
    assert acl(gcs, "POST", buckets, {"name": "two-bucket", **FINE, "defaultObjectAcl": reader})
    assert not acl(gcs, "POST", f"{buckets}&projection=noAcl", {"name": "three-bucket", **FINE, "acl": reader})
    assert [acl(gcs, "GET", bucket), acl(gcs, "PATCH", bucket, {}), acl(gcs, "PUT", bucket, FINE)] == [
        False,
        True,
        True,
    ]
    assert not acl(gcs, "PATCH", f"{bucket}?projection=noAcl", {})
    upload = f"/upload{bucket}/o?uploadType=media&name=x"
    item = f"{bucket}/o/x"
    assert not acl(gcs, "POST", upload, b"x")
    assert acl(gcs, "POST", f"{upload}&projection=full", b"x")
    assert [acl(gcs, "GET", item), acl(gcs, "PATCH", item, {}), acl(gcs, "PUT", item, {})] == [False, True, True]
    assert not acl(gcs, "POST", f"{item}/copyTo/b/fine-bucket/o/y", {})
    assert acl(gcs, "POST", f"{item}/copyTo/b/fine-bucket/o/y", {"acl": reader})
    edge = "--edge\r\nContent-Type: application/json\r\n\r\n"
    body = f"{edge}{json.dumps({'name': 'z', 'acl': reader})}\r\n--edge\r\n\r\nhello\r\n--edge--\r\n".encode()
    sent = gcs.ask(
        "POST", f"/upload{bucket}/o?uploadType=multipart", body, content_type="multipart/related; boundary=edge"
    )
    assert {entry["entity"] for entry in sent.json["acl"]} >= {"allUsers"}
    assert sent.json["owner"] == {"entity": f"project-owners-{NUMBER}"}


@pytest.mark.parametrize("size", [1, 11 * MIB])
def test_metadata_of_an_upload_is_read_only_when_it_is_short(gcs: Storage, size: int) -> None:
    text = json.dumps({"name": "x"}).encode() + b" " * size
    refused = 400 if size > MIB else 200
    response = gcs.ask("POST", f"/upload{B}/data-bucket/o?uploadType=resumable", text, refused)
    body = b"--e\r\n\r\n" + text + b"\r\n--e\r\n\r\nhello\r\n--e--"
    multipart = gcs.ask(
        "POST", f"/upload{B}/data-bucket/o?uploadType=multipart", body, refused, content_type="a/b; boundary=e"
    )
    if refused == 400:
        message = f"The metadata of an upload has at most 10485760 bytes; this has {len(text)}."
        assert response.message == multipart.message == message


def test_parts_are_counted_only_as_far_as_they_may_go(gcs: Storage) -> None:
    many = b"--e\r\n\r\n\r\n" * 200 + b"--e"  # without a final boundary
    for url, message in (
        (f"/upload{B}/data-bucket/o?uploadType=multipart", "metadata and content; this one has more."),
        ("/batch/storage/v1", "A batch may have at most 100 calls."),
    ):
        assert gcs.ask("POST", url, many, 400, content_type="multipart/mixed; boundary=e").message.endswith(message)
