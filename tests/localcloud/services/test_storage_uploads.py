"""Uploads: in one request, in two parts, and resumable ones, whole and interrupted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from localcloud.engine.dispatch import Dispatcher
from localcloud.engine.router import Router
from localcloud.server.assembly import opened
from localcloud.services import SERVICES

from tests.localcloud.services.requests_inside import Sender
from tests.localcloud.services.storage_inside import MIB, Answer, B, Storage, path, storage

UPLOAD = f"/upload{B}/data-bucket/o"
QUANTUM = 256 * 1024
DATA = bytes(number % 253 for number in range(3 * QUANTUM + 17))


@pytest.fixture
def gcs(tmp_path: Path) -> Storage:
    gcs = storage(tmp_path)
    gcs.bucket()
    return gcs


def in_two_parts(gcs: Storage, metadata: Any, data: bytes, query: str = "", status: int = 200, **headers: str) -> Any:
    text = metadata if isinstance(metadata, str) else json.dumps(metadata)
    body = (
        f"--edge\r\nContent-Type: application/json\r\n\r\n{text}\r\n--edge\r\nContent-Type: text/csv\r\n\r\n".encode()
        + data
        + b"\r\n--edge--\r\n"
    )
    url = f"{UPLOAD}?uploadType=multipart{query}"
    return gcs.ask("POST", url, body, status, content_type="multipart/related; boundary=edge", **headers).json


def begin(gcs: Storage, query: str = "&name=big", body: Any = None, root: str = "/upload", **headers: str) -> str:
    url = f"{root}{B}/data-bucket/o?uploadType=resumable{query}"
    answer = gcs.ask("POST", url, body, **headers)
    return answer.headers["location"].removeprefix("http://127.0.0.1:1")


def put(gcs: Storage, url: str, data: bytes, content_range: str, status: int, verb: str = "PUT") -> Answer:
    return gcs.ask(verb, url, data, status, content_range=content_range)


def again(gcs: Storage, folder: Path) -> Storage:
    """The same cloud after a restart."""
    gcs.call.cloud.store.close()
    cloud = opened(folder)
    return Storage(Sender(cloud, Dispatcher(cloud, Router(SERVICES))))


def test_two_parts_make_an_object_with_the_metadata_of_the_first(gcs: Storage) -> None:
    created = in_two_parts(gcs, {"name": "x", "metadata": {"a": "b"}, "crc32c": "mnG7TA==", "size": "9"}, b"hello")
    assert (created["metadata"], created["contentType"], created["size"]) == ({"a": "b"}, "text/csv", "5")
    named = in_two_parts(gcs, {"contentType": "text/x"}, b"", "&name=y")
    assert (named["name"], named["contentType"], named["size"]) == ("y", "text/x", "0")


def test_content_may_hold_what_looks_like_a_boundary(gcs: Storage) -> None:
    data = b"--edg\r\n--edg--\r\n\r\n" + bytes(range(256))
    in_two_parts(gcs, {"name": "x"}, data)
    assert gcs.media("x") == data


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({}, "Required parameter: name"),
        ("nonsense", "Parse Error"),
        ({"name": "x", "crc32c": "AAAAAA=="}, "Provided CRC32C"),
        ({"name": "x", "md5Hash": "AAAAAA=="}, "Provided MD5 hash"),
        ({"name": "x", "metadata": {"a": 1}}, "metadata[a]"),
        ({"name": "x", "storageClass": "ICE"}, "'ICE' is not a storage class"),
    ],
)
def test_an_invalid_upload_leaves_nothing(gcs: Storage, metadata: Any, message: str) -> None:
    assert message in in_two_parts(gcs, metadata, b"hello", status=400)["error"]["message"]
    assert gcs.names() == []


def test_a_refused_large_upload_leaves_no_file(gcs: Storage) -> None:
    in_two_parts(gcs, {"name": "x", "crc32c": "AAAAAA=="}, b"x" * MIB, status=400)
    gcs.upload("x", b"x" * MIB, "&ifGenerationMatch=7", 412)
    assert list((gcs.call.cloud.store.folder / "blobs").iterdir()) == []


def test_the_plain_path_refuses_content(gcs: Storage) -> None:
    assert "/upload/storage/v1/b/BUCKET/o" in gcs.ask("POST", f"{B}/data-bucket/o?name=x", {}, 400).message


def test_a_resumable_upload_accepts_pieces_and_reports_its_progress(gcs: Storage) -> None:
    url = begin(gcs, body={"name": "big", "metadata": {"a": "b"}}, query="", x_upload_content_type="text/plain")
    assert put(gcs, url, b"", "bytes */*", 308).headers.get("range") is None
    first = put(gcs, url, DATA[:QUANTUM], f"bytes 0-{QUANTUM - 1}/*", 308)
    assert first.headers["range"] == f"bytes=0-{QUANTUM - 1}"
    assert put(gcs, url, b"", f"bytes */{len(DATA)}", 308).headers["range"] == f"bytes=0-{QUANTUM - 1}"
    assert gcs.names() == []
    last = put(gcs, url, DATA[QUANTUM:], f"bytes {QUANTUM}-{len(DATA) - 1}/{len(DATA)}", 200)
    assert (last.json["metadata"], last.json["contentType"]) == ({"a": "b"}, "text/plain")
    assert gcs.media("big") == DATA
    again = put(gcs, url, b"", f"bytes */{len(DATA)}", 200)
    assert again.json == last.json


def test_a_piece_counts_only_in_whole_quanta_until_the_last(gcs: Storage) -> None:
    url = begin(gcs)
    cut = QUANTUM + 1000
    assert put(gcs, url, DATA[:1000], "bytes 0-999/*", 308).headers.get("range") is None
    answer = put(gcs, url, DATA[:cut], f"bytes 0-{cut - 1}/*", 308)
    assert answer.headers["range"] == f"bytes=0-{QUANTUM - 1}"
    put(gcs, url, DATA[QUANTUM:], f"bytes {QUANTUM}-{len(DATA) - 1}/{len(DATA)}", 200)
    assert gcs.media("big") == DATA


def test_a_piece_sent_twice_counts_once_and_a_gap_is_refused(gcs: Storage) -> None:
    url = begin(gcs)
    put(gcs, url, DATA[:QUANTUM], f"bytes 0-{QUANTUM - 1}/*", 308)
    put(gcs, url, DATA[: 2 * QUANTUM], f"bytes 0-{2 * QUANTUM - 1}/*", 308)
    put(gcs, url, DATA[QUANTUM : 2 * QUANTUM], f"bytes {QUANTUM}-{2 * QUANTUM - 1}/*", 308)
    gap = 3 * QUANTUM
    assert "starts at" in put(gcs, url, DATA[gap:], f"bytes {gap}-{len(DATA) - 1}/{len(DATA)}", 503).message
    put(gcs, url, DATA[2 * QUANTUM :], f"bytes {2 * QUANTUM}-{len(DATA) - 1}/{len(DATA)}", 200)
    assert gcs.media("big") == DATA


def test_a_header_tells_gos_clients_that_an_upload_continues(gcs: Storage) -> None:
    url = begin(gcs)
    ends = f"bytes 0-{QUANTUM - 1}/*"
    answer = gcs.ask("PUT", url, DATA[:QUANTUM], content_range=ends, x_guploader_no_308="yes")
    assert answer.headers["x-http-status-code-override"] == "308"
    assert answer.headers["range"] == f"bytes=0-{QUANTUM - 1}"


@pytest.mark.parametrize("verb", ["PUT", "POST"])
def test_a_whole_upload_in_one_piece_by_put_or_by_post(gcs: Storage, verb: str) -> None:
    url = begin(gcs, root="/resumable/upload")
    assert url.startswith("/resumable/upload/")
    put(gcs, url, DATA, f"bytes 0-{len(DATA) - 1}/{len(DATA)}", 200, verb)
    assert gcs.media("big") == DATA


def test_an_upload_of_unknown_length_ends_with_an_empty_piece(gcs: Storage) -> None:
    url = begin(gcs)
    put(gcs, url, DATA[:QUANTUM], f"bytes 0-{QUANTUM - 1}/*", 308)
    put(gcs, url, b"", f"bytes */{QUANTUM}", 200)
    assert gcs.media("big") == DATA[:QUANTUM]


def test_an_empty_resumable_upload_makes_an_empty_object(gcs: Storage) -> None:
    put(gcs, begin(gcs), b"", "bytes */0", 200)
    assert gcs.media("big") == b""


def test_a_cancelled_upload_is_gone(gcs: Storage) -> None:
    url = begin(gcs)
    put(gcs, url, DATA[:QUANTUM], f"bytes 0-{QUANTUM - 1}/*", 308)
    gcs.ask("DELETE", url, None, 499)
    put(gcs, url, b"", "bytes */*", 499)
    assert list((gcs.call.cloud.store.folder / "blobs").iterdir()) == []
    assert "start a new" in put(gcs, f"{UPLOAD}?upload_id=none", b"", "bytes */*", 404).message


def test_a_finished_upload_leaves_one_file(gcs: Storage) -> None:
    put(gcs, begin(gcs), DATA, f"bytes 0-{len(DATA) - 1}/{len(DATA)}", 200)
    assert len(list((gcs.call.cloud.store.folder / "blobs").iterdir())) == 1


def test_conditions_are_checked_when_the_upload_ends(gcs: Storage) -> None:
    url = begin(gcs, "&name=big&ifGenerationMatch=0")
    gcs.upload("big", b"somebody was faster")
    put(gcs, url, DATA, f"bytes 0-{len(DATA) - 1}/{len(DATA)}", 412)
    gcs.ask("POST", f"{UPLOAD}?uploadType=resumable&name=big&ifGenerationMatch=0", None, 412)


def test_a_checksum_in_the_last_piece_is_compared(gcs: Storage) -> None:
    url = begin(gcs)
    ends = f"bytes 0-{len(DATA) - 1}/{len(DATA)}"
    wrong = gcs.ask("PUT", url, DATA, 400, content_range=ends, x_goog_hash="crc32c=AAAAAA==")
    assert wrong.message.startswith('Provided CRC32C "AAAAAA=="')
    gcs.ask("PUT", url, DATA, content_range=ends)


def test_an_upload_continues_after_a_restart(gcs: Storage, tmp_path: Path) -> None:
    url = begin(gcs)
    put(gcs, url, DATA[:QUANTUM], f"bytes 0-{QUANTUM - 1}/*", 308)
    partial = next((tmp_path / "blobs").glob("upload-*"))
    with partial.open("ab") as stream:
        stream.write(b"written, but never answered for")
    later = again(gcs, tmp_path)
    assert put(later, url, b"", "bytes */*", 308).headers["range"] == f"bytes=0-{QUANTUM - 1}"
    put(later, url, DATA[QUANTUM:], f"bytes {QUANTUM}-{len(DATA) - 1}/{len(DATA)}", 200)
    assert later.ask("GET", f"{path('big')}?alt=media").body == DATA


def test_a_session_lasts_a_week(gcs: Storage, tmp_path: Path) -> None:
    url, finished = begin(gcs), begin(gcs, "&name=small")
    put(gcs, url, DATA[:QUANTUM], f"bytes 0-{QUANTUM - 1}/*", 308)
    put(gcs, finished, b"x", "bytes 0-0/1", 200)
    gcs.call.later(days=6)
    put(gcs, url, b"", "bytes */*", 308)
    gcs.call.later(days=1)
    assert put(gcs, url, b"", "bytes */*", 410).reason == "gone"
    gcs.ask("DELETE", url, None, 410)
    assert [found.name[:7] for found in (tmp_path / "blobs").iterdir()] == ["upload-"]
    begin(gcs)
    assert list((tmp_path / "blobs").iterdir()) == []
    put(gcs, url, b"", "bytes */*", 404)
    assert gcs.names() == ["small"]


def test_expired_sessions_are_removed_by_the_daily_cleanup(gcs: Storage, tmp_path: Path) -> None:
    for number in range(3):
        url = begin(gcs, f"&name=x{number}")
        put(gcs, url, DATA[:QUANTUM], f"bytes 0-{QUANTUM - 1}/*", 308)
    gcs.call.later(days=8)
    gcs.names()
    assert list((tmp_path / "blobs").iterdir()) == []
    assert gcs.call.cloud.store.row("SELECT count(*) FROM storage_sessions") == (0,)


def test_sessions_of_an_earlier_local_cloud_continue(gcs: Storage, tmp_path: Path) -> None:
    url = begin(gcs)
    put(gcs, url, DATA[:QUANTUM], f"bytes 0-{QUANTUM - 1}/*", 308)
    store = gcs.call.cloud.store
    store.define(
        "CREATE TABLE storage_uploads AS SELECT id, bucket, request, received, blob, state, answer FROM storage_sessions;"
        "DELETE FROM storage_sessions;"
    )
    later = again(gcs, tmp_path)
    put(later, url, DATA[QUANTUM:], f"bytes {QUANTUM}-{len(DATA) - 1}/{len(DATA)}", 200)
    assert later.media("big") == DATA


@pytest.mark.parametrize("left", [0, 1000])
def test_a_session_whose_file_lost_bytes_is_refused_with_the_reason(gcs: Storage, tmp_path: Path, left: int) -> None:
    url = begin(gcs)
    put(gcs, url, DATA[:QUANTUM], f"bytes 0-{QUANTUM - 1}/*", 308)
    partial = next((tmp_path / "blobs").glob("upload-*"))
    if left:
        partial.write_bytes(DATA[:left])
    else:
        partial.unlink()
    ends = f"bytes {QUANTUM}-{len(DATA) - 1}/{len(DATA)}"
    refused = put(gcs, url, DATA[QUANTUM:], ends, 400)
    assert refused.message == (
        f"The file {partial} of an unfinished upload is damaged: it has {left} of {QUANTUM} bytes; start the upload again."
    )


def test_damaged_content_is_reported_in_one_sentence(gcs: Storage, tmp_path: Path) -> None:
    gcs.upload("big", DATA)
    file = next((tmp_path / "blobs").iterdir())
    file.write_bytes(DATA[:-1])
    short = gcs.ask("GET", f"{path('big')}?alt=media", status=400)
    assert short.message == f"The file {file} is damaged: it has {len(DATA) - 1} bytes of content, not {len(DATA)}."
    assert gcs.ask("GET", "/data-bucket/big", status=400).body.count(b"is damaged") == 1
    file.unlink()
    refused = gcs.ask("POST", f"{path('joined')}/compose", {"sourceObjects": [{"name": "big"}]}, 400)
    assert refused.message.startswith(f"The file {file}, which held {len(DATA)} bytes of content, cannot be read")
    gcs.ask("DELETE", path("big"), status=204)
