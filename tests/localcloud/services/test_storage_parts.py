"""Uploads in parts by XML requests, as transfer managers and S3-like tools send them."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest

from tests.localcloud.services.storage_inside import MIB, UNIFORM, Answer, B, Storage, path, storage

KEY = "/data-bucket/dir/big%20file"
NAME = "dir/big file"
WHOLE = b"a" * (5 * MIB)


@pytest.fixture
def gcs(tmp_path: Path) -> Storage:
    gcs = storage(tmp_path)
    gcs.bucket()
    return gcs


def begin(gcs: Storage, **headers: str) -> str:
    """The address of a new upload."""
    answer = gcs.ask("POST", f"{KEY}?uploads", b"", **headers).body.decode()
    found = re.search(r"<UploadId>([^<]+)</UploadId>", answer)
    assert found is not None
    return f"{KEY}?uploadId={found[1]}"


def put(gcs: Storage, upload: str, number: int, data: bytes, status: int = 200, **headers: str) -> Answer:
    return gcs.ask("PUT", f"{upload}&partNumber={number}", data, status, **headers)


def complete(gcs: Storage, upload: str, *parts: tuple[int, str], status: int = 200) -> str:
    rows = "".join(f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>" for number, etag in parts)
    body = f"<CompleteMultipartUpload>{rows}</CompleteMultipartUpload>".encode()
    return gcs.ask("POST", upload, body, status).body.decode()


def code(answer: str) -> str:
    found = re.search("<Code>(.*?)</Code>", answer)
    return found[1] if found else ""


def blobs(gcs: Storage) -> int:
    return len(list((gcs.call.cloud.store.folder / "blobs").iterdir()))


def test_parts_that_arrive_in_any_order_become_one_object(gcs: Storage) -> None:
    upload = begin(gcs, content_type="text/x", x_goog_meta_team="cats")
    last = put(gcs, upload, 7, b"end").headers["etag"]
    first = put(gcs, upload, 2, WHOLE).headers["etag"]
    assert gcs.names() == []
    answer = complete(gcs, upload, (2, first), (7, last))
    assert '-2"</ETag>' in answer
    assert gcs.media(NAME) == WHOLE + b"end"
    metadata = gcs.ask("GET", path(NAME)).json
    assert (metadata["contentType"], metadata["metadata"], metadata["size"]) == (
        "text/x",
        {"team": "cats"},
        str(5 * MIB + 3),
    )
    assert ("crc32c" in metadata, "md5Hash" in metadata) == (True, False)
    assert code(complete(gcs, upload, (2, first), status=404)) == "NoSuchUpload"
    assert blobs(gcs) == 1


def test_a_part_sent_again_replaces_the_first(gcs: Storage) -> None:
    upload = begin(gcs)
    old = put(gcs, upload, 1, WHOLE).headers["etag"]
    new = put(gcs, upload, 1, b"b" * (5 * MIB)).headers["etag"]
    assert code(complete(gcs, upload, (1, old), status=400)) == "InvalidPart"
    complete(gcs, upload, (1, new))
    assert gcs.media(NAME) == b"b" * (5 * MIB)
    assert blobs(gcs) == 1


def test_only_the_named_parts_are_taken(gcs: Storage) -> None:
    upload = begin(gcs)
    put(gcs, upload, 1, b"left out")
    complete(gcs, upload, (2, put(gcs, upload, 2, b"taken").headers["etag"]))
    assert gcs.media(NAME) == b"taken"


def test_uploaded_parts_are_listed_and_an_aborted_upload_is_gone(gcs: Storage) -> None:
    upload = begin(gcs)
    etag = put(gcs, upload, 3, WHOLE).headers["etag"]
    listed = gcs.ask("GET", upload).body.decode()
    assert f"<PartNumber>3</PartNumber><ETag>{etag}</ETag><Size>{5 * MIB}</Size>" in listed
    gcs.ask("DELETE", upload, status=204)
    assert code(gcs.ask("GET", upload, status=404).body.decode()) == "NoSuchUpload"
    assert blobs(gcs) == 0


def test_a_broken_part_is_refused(gcs: Storage) -> None:
    upload = begin(gcs)
    other = base64.b64encode(hashlib.md5(b"other", usedforsecurity=False).digest()).decode()
    assert "MD5" in put(gcs, upload, 1, b"data", 400, content_md5=other).body.decode()
    assert "<Part>" not in gcs.ask("GET", upload).body.decode()


@pytest.mark.parametrize("number", ["0", "10001", "-1", "x", "", "9" * 5000])
def test_parts_are_numbered_from_1_to_10000(gcs: Storage, number: str) -> None:
    refused = gcs.ask("PUT", f"{begin(gcs)}&partNumber={number}", b"x", 400)
    assert code(refused.body.decode()) == "InvalidArgument"


@pytest.mark.parametrize(
    ("numbers", "why"),
    [((2, 1), "InvalidPartOrder"), ((1, 1), "InvalidPartOrder"), ((1, 3), "InvalidPart"), ((1, 2), "EntityTooSmall")],
)
def test_a_completion_that_does_not_fit_changes_nothing(gcs: Storage, numbers: tuple[int, ...], why: str) -> None:
    upload = begin(gcs)
    etags = {number: put(gcs, upload, number, b"small").headers["etag"] for number in (1, 2)}
    assert code(complete(gcs, upload, *((one, etags.get(one, "none")) for one in numbers), status=400)) == why
    assert gcs.names() == []
    complete(gcs, upload, (2, etags[2]))


@pytest.mark.parametrize(
    "body", [b"", b"<x", b"{}", b"<CompleteMultipartUpload/>", b"<a><Part><ETag>x</ETag></Part></a>"]
)
def test_a_completion_that_names_no_parts_is_refused(gcs: Storage, body: bytes) -> None:
    refused = gcs.ask("POST", begin(gcs), body, 400).body.decode()
    assert code(refused) == "MalformedCompleteMultipartUpload"


def test_an_upload_needs_permission_at_every_step(gcs: Storage) -> None:
    upload, eve = begin(gcs), gcs.as_("user:eve@example.com")
    eve.ask("POST", f"{KEY}?uploads", b"", 403)
    put(eve, upload, 1, b"x", 403)
    complete(eve, upload, (1, "x"), status=403)
    eve.ask("DELETE", upload, status=403)


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"x_goog_acl": "public-read"}, 400), ({"x_goog_encryption_algorithm": "AES256"}, 400)],
)
def test_unsupported_object_features_are_refused_at_once(gcs: Storage, headers: dict[str, str], status: int) -> None:
    gcs.ask("POST", f"{KEY}?uploads", b"", status, **headers)
    gcs.ask("PUT", KEY, b"x", status, **headers)


def test_other_posts_say_what_is_missing(gcs: Storage) -> None:
    assert "JSON API" in gcs.ask("POST", KEY, b"", 501).body.decode()
    assert "was not found" in gcs.ask("POST", "/oauth/v4/token", b"", 404).message


def test_a_lifecycle_rule_aborts_old_uploads(gcs: Storage) -> None:
    rule = {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 2}}
    gcs.ask("PATCH", f"{B}/data-bucket", {"lifecycle": {"rule": [rule]}})
    upload = begin(gcs)
    put(gcs, upload, 1, WHOLE)
    gcs.call.later(hours=25)
    gcs.ask("GET", upload)
    gcs.call.later(hours=25)
    gcs.ask("GET", upload, status=404)
    assert blobs(gcs) == 0


def test_deleting_a_bucket_deletes_its_unfinished_uploads(gcs: Storage) -> None:
    upload = begin(gcs)
    put(gcs, upload, 1, WHOLE)
    gcs.ask("DELETE", f"{B}/data-bucket", status=204)
    assert blobs(gcs) == 0
    gcs.bucket(**UNIFORM)
    assert code(gcs.ask("GET", upload, status=404).body.decode()) == "NoSuchUpload"
