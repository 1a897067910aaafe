"""Requests with gzip bodies: unpacked within limits, except content that is stored compressed."""

from __future__ import annotations

import asyncio
import gzip
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from localcloud.services.secretmanager import SERVICE as SECRETS
from localcloud.services.storage import SERVICE as STORAGE

from tests.localcloud.inside import OWNER, PROJECT, Inside, Response, inside

MIB = 1 << 20
UPLOAD = "upload/storage/v1/b/a-bucket/o"
OBJECT = "storage/v1/b/a-bucket/o/x"
PARTS = b'--e\r\nContent-Type: application/json\r\n\r\n{"name":"x"}\r\n--e\r\nContent-Type: text/x\r\n\r\n%s\r\n--e--'


@pytest.fixture
def cloud(tmp_path: Path) -> Inside:
    cloud = inside(tmp_path, STORAGE, SECRETS)
    cloud.grant("roles/storage.admin", OWNER)
    cloud.ok("POST", f"storage/v1/b?project={PROJECT}", {"name": "a-bucket"})
    return cloud


def zipped(cloud: Inside, verb: str, target: str, body: bytes, **headers: str) -> Response:
    return cloud(verb, target, gzip.compress(body), content_encoding="gzip", **headers)


def media(cloud: Inside, **headers: str) -> Any:
    return cloud("GET", f"{OBJECT}?alt=media", **headers).body


def leftovers(cloud: Inside) -> list[str]:
    return [path.name for path in (cloud.cloud.store.folder / "blobs").iterdir()]


def test_json_is_unpacked(cloud: Inside) -> None:
    body = json.dumps({"replication": {"automatic": {}}}).encode()
    response = zipped(cloud, "POST", f"secretmanager/v1/projects/{PROJECT}/secrets?secretId=s", body)
    assert response.status == 200
    assert (
        cloud(
            "POST", f"secretmanager/v1/projects/{PROJECT}/secrets?secretId=t", body, content_encoding="identity"
        ).status
        == 200
    )


@pytest.mark.parametrize("size", [5, 3 * MIB])
def test_uploads_in_parts_and_in_pieces_are_unpacked(cloud: Inside, size: int) -> None:
    """As gcloud sends them with --gzip-in-flight."""
    data = b"x" * size
    parts = zipped(
        cloud, "POST", f"{UPLOAD}?uploadType=multipart", PARTS % data, content_type="multipart/related; boundary=e"
    )
    assert (parts.status, media(cloud)) == (200, data)
    assert "contentEncoding" not in parts.body
    response = zipped(cloud, "POST", f"{UPLOAD}?uploadType=resumable&name=x", b"{}")
    url = (response.headers or {})["location"].removeprefix("http://127.0.0.1:1/")
    finished = zipped(cloud, "PUT", url, data, content_range=f"bytes 0-{size - 1}/{size}")
    assert (finished.status, media(cloud)) == (200, data)


@pytest.mark.parametrize("size", [5, 3 * MIB])
@pytest.mark.parametrize(("verb", "target"), [("POST", f"{UPLOAD}?uploadType=media&name=x"), ("PUT", "a-bucket/x")])
def test_an_objects_own_encoding_is_kept(cloud: Inside, verb: str, target: str, size: int) -> None:
    packed = gzip.compress(b"x" * size, 0)
    assert cloud(verb, target, packed, content_encoding="gzip", content_type="text/x").status == 200
    metadata = cloud("GET", OBJECT).body
    assert (metadata["contentEncoding"], metadata["size"]) == ("gzip", str(len(packed)))
    assert media(cloud) == b"x" * size


def test_the_limits_are_those_of_bodies_that_come_as_they_are(cloud: Inside) -> None:
    target = f"secretmanager/v1/projects/{PROJECT}/secrets?secretId=s"
    packed = gzip.compress(bytes(32 * MIB))
    tracemalloc.start()
    refused = cloud("POST", target, packed, content_encoding="gzip")
    assert tracemalloc.get_traced_memory()[1] < 12 * MIB
    tracemalloc.stop()
    assert (refused.status, refused.message) == (400, "Request payload size exceeds the limit: 10485760 bytes.")
    assert cloud.as_("")("POST", f"{UPLOAD}?uploadType=multipart", packed, content_encoding="gzip").status == 401
    assert leftovers(cloud) == []


def test_a_large_body_leaves_no_trace_when_it_is_refused(cloud: Inside) -> None:
    whole = gzip.compress(b"x" * 3 * MIB, 0)
    for body in (whole[:-100], b"no gzip" * (MIB // 2)):
        headers = {"content-encoding": "gzip", "content-type": "multipart/related; boundary=e"}
        pieces = [body[at : at + MIB] for at in range(0, len(body), MIB)]
        response = asyncio.run(cloud.sent("POST", f"{UPLOAD}?uploadType=multipart", pieces, headers))
        assert response.message == "The request's body is not the gzip that its Content-Encoding says."
        assert leftovers(cloud) == []


def test_another_encoding_is_refused_by_name(cloud: Inside) -> None:
    refused = cloud("POST", f"secretmanager/v1/projects/{PROJECT}/secrets?secretId=s", b"{}", content_encoding="br")
    assert (refused.status, refused.message) == (
        400,
        "Unsupported content encoding 'br': gzip is the only one that is unpacked.",
    )
