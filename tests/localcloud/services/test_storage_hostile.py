"""Hostile values in every field, parameter and header of Cloud Storage: refused or accepted, never a server error."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from localcloud.services.storage import SERVICE
from localcloud.spec.discovery import document

from tests.localcloud.inside import OWNER, PROJECT, Inside, Response, inside

VALUES = (
    "", "a\r\nX-Evil: 1", "\0日本", "\ud800", "9" * 5000, "0001-01-01T00:00:00+14:00", None, -(10**30), True, {}, [None],
    {"a": None, "": ""}, [{"a": ["\r\n"]}],
)  # fmt: skip
HEADERS = (
    "range", "content-range", "content-md5", "x-goog-hash", "content-encoding", "content-type", "if-match", "accept-encoding",
    "x-goog-meta-a", "x-goog-custom-time", "x-goog-storage-class", "x-goog-acl", "x-goog-if-generation-match",
    "x-goog-user-project", "x-goog-encryption-algorithm", "x-goog-encryption-key", "x-goog-copy-source", "cache-control",
)  # fmt: skip
OBJECT = "storage/v1/b/a-bucket/o/x"
UPLOAD = "upload/storage/v1/b/a-bucket/o?name=x&uploadType="


@pytest.fixture
def cloud(tmp_path: Path) -> Inside:
    cloud = inside(tmp_path, SERVICE)
    cloud.cloud.store.sql("PRAGMA synchronous = OFF")  # thousands of writes that need not be durable
    cloud.grant("roles/storage.admin", OWNER)
    for name, uniform in (("a-bucket", True), ("fine-bucket", False)):
        access = {"uniformBucketLevelAccess": {"enabled": uniform}}
        cloud.ok("POST", f"storage/v1/b?project={PROJECT}", {"name": name, "iamConfiguration": access})
    assert upload(cloud).status == 200
    return cloud


def upload(cloud: Inside) -> Response:
    return cloud("POST", f"{UPLOAD}media", b"hello", content_type="text/plain")


def places(schema: str, depth: int = 0) -> Iterator[tuple[str | int, ...]]:
    for name, one in document("storage", "v1").schemas.get(schema, {}).get("properties", {}).items():
        yield (name,)
        yield from below((name,), one, depth)


def below(place: tuple[str | int, ...], one: Mapping[str, Any], depth: int) -> Iterator[tuple[str | int, ...]]:
    if depth > 3:
        return
    for name, inner in one.get("properties", {}).items():
        yield (*place, name)
        yield from below((*place, name), inner, depth + 1)
    if "$ref" in one:
        yield from (place + rest for rest in places(one["$ref"], depth + 1))
    if "items" in one:
        yield from below((*place, 0), one["items"], depth + 1)
    if "additionalProperties" in one:
        yield (*place, "key")


def nested(place: tuple[str | int, ...], value: Any) -> Any:
    for key in reversed(place):
        value = [value] if key == 0 else {key: value}
    return value


def tolerable(response: Response) -> bool:
    return not response.dropped and (response.status < 500 or response.status in {501, 503})


def readable(cloud: Inside) -> bool:
    return all(tolerable(cloud("GET", target)) for target in (OBJECT, f"{OBJECT}?alt=media", "a-bucket/x"))


@pytest.mark.parametrize(
    ("verb", "schema", "target"),
    [("PATCH", "Object", OBJECT), ("PUT", "Object", OBJECT), ("PATCH", "Bucket", "storage/v1/b/fine-bucket")],
)
def test_every_field_of_a_change(cloud: Inside, verb: str, schema: str, target: str) -> None:
    for place in places(schema):
        for value in VALUES:
            body = json.dumps(nested(place, value)).encode()
            assert tolerable(cloud(verb, target, body)), ascii((place, value))
        assert readable(cloud), place


def test_every_field_of_a_new_bucket(cloud: Inside) -> None:
    for place in (one for one in places("Bucket") if len(one) == 1):
        for value in VALUES:
            body = {"name": "new-bucket", **nested(place, value)}
            assert tolerable(cloud("POST", f"storage/v1/b?project={PROJECT}", json.dumps(body).encode())), ascii(
                (place, value)
            )
            cloud("DELETE", "storage/v1/b/new-bucket")


def test_every_field_of_a_new_object(cloud: Inside) -> None:
    for place in places("Object"):
        for value in VALUES:
            text = json.dumps(nested(place, value)).encode()
            body = b"--e\r\n\r\n" + text + b"\r\n--e\r\n\r\nhello\r\n--e--"
            kind = "multipart/related; boundary=e"
            assert tolerable(cloud("POST", f"{UPLOAD}multipart", body, content_type=kind)), ascii((place, value))
            assert tolerable(cloud("POST", f"{UPLOAD}resumable", text)), ascii((place, value))
        assert readable(cloud), place


def test_every_field_of_policies_and_requests(cloud: Inside) -> None:
    requests = {
        "Policy": ("PUT", "storage/v1/b/fine-bucket/iam"),
        "ComposeRequest": ("POST", f"{OBJECT}y/compose"),
        "Notification": ("POST", "storage/v1/b/a-bucket/notificationConfigs"),
        "ObjectAccessControl": ("POST", "storage/v1/b/fine-bucket/defaultObjectAcl"),
        "BucketAccessControl": ("POST", "storage/v1/b/fine-bucket/acl"),
    }
    for schema, (verb, target) in requests.items():
        for place in places(schema):
            for value in VALUES:
                assert tolerable(cloud(verb, target, json.dumps(nested(place, value)).encode())), ascii((place, value))


@pytest.mark.parametrize(
    ("verb", "target"),
    [
        ("GET", f"{OBJECT}?alt=media"),
        ("GET", "a-bucket/x"),
        ("PUT", "a-bucket/x"),
        ("POST", f"{UPLOAD}media"),
        ("POST", f"{UPLOAD}resumable"),
        ("POST", f"{OBJECT}/rewriteTo/b/a-bucket/o/y"),
    ],
)
def test_every_header(cloud: Inside, verb: str, target: str) -> None:
    for name in HEADERS:
        for value in ("", "a b", "é", "9" * 5000, "bytes=-", "bytes 9-1/*", "gzip, gzip", "\ud7ff", ";;;", "*/*;q=NaN"):
            sent = value.encode().decode("latin-1")
            headers = {"content-type": "text/plain", name: sent}
            assert tolerable(cloud(verb, target, b"" if verb == "GET" else b"x", **headers)), ascii((name, value))
    assert readable(cloud)


@pytest.mark.parametrize("field", ["response-content-type", "response-content-disposition"])
def test_a_link_sets_no_second_header(cloud: Inside, field: str) -> None:
    response = cloud("GET", f"a-bucket/x?{field}={quote('text/x' + chr(13) + chr(10) + 'X-Evil: 1')}")
    assert tolerable(response)
    assert all("\n" not in value and "\r" not in value for value in (response.headers or {}).values())
