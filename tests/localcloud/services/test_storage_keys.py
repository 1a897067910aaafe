"""Customer-supplied encryption keys: required where Google requires them, and stored nowhere."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.localcloud.services.storage_inside import MIB, Answer, B, Storage, path, storage

KEY, OTHER = base64.b64encode(b"k" * 32).decode(), base64.b64encode(b"o" * 32).decode()


def headers(key: str = KEY, of: str = "x-goog-encryption", **changes: str) -> dict[str, str]:
    digest = base64.b64encode(hashlib.sha256(base64.b64decode(key)).digest()).decode()
    return {f"{of}-algorithm": "AES256", f"{of}-key": key, f"{of}-key-sha256": digest} | changes


def source(key: str = KEY) -> dict[str, str]:
    return headers(key, "x-goog-copy-source-encryption")


@pytest.fixture
def gcs(tmp_path: Path) -> Storage:
    gcs = storage(tmp_path)
    gcs.bucket()
    gcs.upload("x", **headers())
    gcs.upload("plain")
    return gcs


def content(gcs: Storage, name: str, status: int = 200, **headers: str) -> Answer:
    xml = gcs.ask("GET", f"/data-bucket/{name}", None, status, **headers)
    answer = gcs.ask("GET", f"{path(name)}?alt=media", None, status, **headers)
    assert (status == 200) is (xml.body == answer.body)
    if status == 400:
        assert (answer.reason[0].upper() + answer.reason[1:]).encode() in xml.body
    return answer


def test_content_is_read_with_its_key_only(gcs: Storage) -> None:
    assert content(gcs, "x", **headers()).body == b"hello"
    assert content(gcs, "x", 400).reason == "resourceIsEncryptedWithCustomerEncryptionKey"
    assert content(gcs, "x", 400, **headers(OTHER)).reason == "customerEncryptionKeyIsIncorrect"
    assert content(gcs, "plain", 400, **headers()).reason == "resourceNotEncryptedWithCustomerEncryptionKey"
    gcs.ask("HEAD", "/data-bucket/x", status=400)
    assert gcs.ask("HEAD", "/data-bucket/x", **headers()).headers["x-goog-encryption-algorithm"] == "AES256"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (headers(**{"x-goog-encryption-algorithm": "AES128"}), "customerEncryptionAlgorithmIsInvalid"),
        (headers(**{"x-goog-encryption-key": "c2hvcnQ="}), "customerEncryptionKeyFormatIsInvalid"),
        (headers(**{"x-goog-encryption-key": "no base64"}), "customerEncryptionKeyFormatIsInvalid"),
        (headers(**{"x-goog-encryption-key-sha256": "c2hvcnQ="}), "customerEncryptionKeySha256IsInvalid"),
        ({"x-goog-encryption-key": KEY}, "customerEncryptionAlgorithmIsInvalid"),
    ],
)
def test_an_invalid_key_is_refused(gcs: Storage, fields: dict[str, str], reason: str) -> None:
    assert gcs.upload("y", status=400, **fields)["error"]["errors"][0]["reason"] == reason
    assert content(gcs, "x", 400, **fields).reason == reason


def test_metadata_is_visible_to_all_and_checksums_only_with_the_key(gcs: Storage) -> None:
    metadata = gcs.ask("GET", path("x")).json
    assert metadata["customerEncryption"] == {
        "encryptionAlgorithm": "AES256",
        "keySha256": headers()["x-goog-encryption-key-sha256"],
    }
    assert "md5Hash" not in metadata
    assert [("crc32c" in item) for item in gcs.list()["items"]] == [True, False]
    assert gcs.ask("GET", path("x"), **headers()).json["md5Hash"] == "XUFAKrxLKna5cZ2REBfFkg=="
    assert gcs.ask("PATCH", path("x"), {"metadata": {"a": "b"}}).json["metadata"] == {"a": "b"}


def test_no_key_is_claimed_without_one(gcs: Storage) -> None:
    claimed: dict[str, Any] = {"customerEncryption": {"encryptionAlgorithm": "AES256", "keySha256": "x"}}
    edge = "--e\r\nContent-Type: application/json\r\n\r\n"
    body = f"{edge}{json.dumps({'name': 'y', **claimed})}\r\n--e\r\n\r\nhello\r\n--e--".encode()
    gcs.ask(
        "POST", f"/upload{B}/data-bucket/o?uploadType=multipart", body, content_type="multipart/related; boundary=e"
    )
    gcs.ask("PATCH", path("plain"), claimed)
    gcs.ask("POST", f"{path('plain')}/copyTo/b/data-bucket/o/z", claimed)
    assert [content(gcs, name).body for name in ("y", "plain", "z")] == [b"hello"] * 3


def test_a_rewrite_changes_the_key(gcs: Storage) -> None:
    url = f"{path('x')}/rewriteTo/b/data-bucket/o/x"
    for keys in ({}, headers(), source(OTHER)):
        assert "ncryptionKey" in gcs.ask("POST", url, {}, 400, **keys).reason
    gcs.ask("POST", url, {}, **source(), **headers(OTHER))
    assert content(gcs, "x", **headers(OTHER)).body == b"hello"
    gcs.ask("POST", f"{path('x')}/copyTo/b/data-bucket/o/open", {}, **source(OTHER))
    assert content(gcs, "open").body == b"hello"
    gcs.ask("POST", f"{path('plain')}/copyTo/b/data-bucket/o/y", {}, 400, **source())


def test_composed_moved_and_restored_objects_keep_their_key(gcs: Storage) -> None:
    sources = {"sourceObjects": [{"name": "x"}, {"name": "x"}]}
    gcs.ask("POST", f"{path('joined')}/compose", sources, 400)
    gcs.ask("POST", f"{path('joined')}/compose", sources, **headers())
    gcs.ask("POST", f"{path('joined')}/moveTo/o/moved")
    generation = gcs.ask("GET", path("moved")).json["generation"]
    gcs.ask("DELETE", path("moved"), status=204)
    gcs.ask("POST", f"{path('moved')}/restore?generation={generation}")
    content(gcs, "moved", 400)
    assert content(gcs, "moved", **headers()).body == b"hellohello"


def test_uploads_in_pieces_have_one_key(gcs: Storage) -> None:
    response = gcs.ask("POST", f"/upload{B}/data-bucket/o?uploadType=resumable&name=big", **headers())
    url = response.headers["location"].removeprefix("http://127.0.0.1:1")
    gcs.ask("PUT", url, b"hello", 400, content_range="bytes 0-4/5", **headers(OTHER))
    assert gcs.ask("PUT", url, b"hello", content_range="bytes 0-4/5", **headers()).json["crc32c"] == "mnG7TA=="
    content(gcs, "big", 400)
    upload = gcs.ask("POST", "/data-bucket/parts?uploads", **headers()).body.decode()
    url = f"/data-bucket/parts?uploadId={upload.partition('<UploadId>')[2].partition('<')[0]}"
    gcs.ask("PUT", f"{url}&partNumber=1", b"hello", 400, **headers(OTHER))
    etag = gcs.ask("PUT", f"{url}&partNumber=1", b"hello", **headers()).headers["etag"]
    part = f"<C><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part></C>".encode()
    gcs.ask("POST", url, part)
    assert content(gcs, "parts", **headers()).body == b"hello"


@pytest.mark.parametrize("size", [5, MIB])
def test_no_key_is_kept(gcs: Storage, tmp_path: Path, size: int) -> None:
    gcs.upload("big", b"x" * size, **headers())
    gcs.ask("POST", f"/upload{B}/data-bucket/o?uploadType=resumable&name=big", **headers())
    gcs.call.cloud.store.close()
    stored = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert headers()["x-goog-encryption-key-sha256"].encode() in stored
    assert KEY.encode() not in stored


@pytest.mark.parametrize(
    ("banned", "accepted"), [("customerSupplied", {}), ("googleManaged", headers())], ids=["no key", "key"]
)
def test_a_bucket_bans_a_kind_of_encryption(gcs: Storage, banned: str, accepted: dict[str, str]) -> None:
    rule = {f"{banned}EncryptionEnforcementConfig": {"restrictionMode": "FullyRestricted"}}
    gcs.ask("PATCH", f"{B}/data-bucket", {"encryption": rule})
    gcs.upload("y", **accepted)
    refused = gcs.upload("z", status=412, **({} if accepted else headers()))
    assert refused["error"]["message"] == f"The bucket 'data-bucket' takes no new objects with {banned} encryption."
