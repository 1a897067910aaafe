"""Large bodies: an unauthorized one is refused before it is read."""

from __future__ import annotations

import socket
from http.client import HTTPResponse
from urllib.parse import urlsplit

import pytest
import requests

from tests.cloud_client import Client

MIB = b"x" * (1 << 20)
UPLOAD = "upload/storage/v1/b/{bucket}/o?uploadType=media&name=big"


@pytest.fixture
def bucket(cloud: Client) -> str:
    name = f"{cloud.project}-bodies"
    cloud.ok("POST", "storage/v1/b", {"name": name}, project=cloud.project)
    return name


def early_answer(cloud: Client, verb: str, path: str, token: str) -> tuple[int, str]:
    """Status and text of the answer after two mebibytes of a body whose declared length is far larger."""
    authorization = f"Authorization: Bearer {token}\r\n" if token else ""
    head = f"{verb} /{path} HTTP/1.1\r\nHost: localhost\r\n{authorization}Content-Length: {10 << 30}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", cloud.server.port), 20) as stream:
        stream.sendall(head.encode() + 2 * MIB)
        answer = HTTPResponse(stream, method=verb)
        answer.begin()
        return answer.status, answer.read().decode()


@pytest.mark.parametrize(
    ("verb", "path", "principal", "status", "message"),
    [
        ("POST", UPLOAD, "", 401, "Anonymous caller does not have storage.objects.create access"),
        ("POST", UPLOAD, "typed", 401, "Request had invalid authentication credentials"),
        ("POST", UPLOAD, "eve@example.com", 403, "eve@example.com does not have storage.objects.create access"),
        ("POST", UPLOAD.replace("media&name=big", "multipart"), "", 401, "Anonymous caller"),
        ("POST", UPLOAD.replace("{bucket}", "no-such-bucket"), "owner@example.com", 404, "bucket does not exist"),
        ("PUT", f"{UPLOAD}&upload_id=guess", "", 404, ""),
        ("PUT", "{bucket}/big", "", 403, "<Error><Code>AccessDenied</Code>"),
        ("PUT", "{bucket}/big?uploadId=guess&partNumber=1", "owner@example.com", 404, "NoSuchUpload"),
        ("PUT", "{bucket}/big?X-Goog-Signature=00", "", 400, "<Error>"),
        ("POST", "secretmanager/v1/projects/{project}/secrets?secretId=s", "", 403, "SERVICE_DISABLED"),
        (
            "POST",
            "cloudresourcemanager/v1/projects/{project}:setIamPolicy",
            "eve@example.com",
            403,
            "PERMISSION_DENIED",
        ),
        ("POST", "sts/v1/token", "", 400, "exceeds the limit: 1048576 bytes"),
        ("POST", "nothing/there", "owner@example.com", 400, "exceeds the limit: 10485760 bytes"),
        ("POST", "secretmanager/v1/nothing", "owner@example.com", 404, ""),
    ],
)
def test_a_large_body_is_refused_before_it_is_read(
    cloud: Client, bucket: str, verb: str, path: str, principal: str, status: int, message: str
) -> None:
    token = (
        "local/user:owner@example.com"
        if principal == "typed"
        else cloud.token(f"user:{principal}")
        if principal
        else ""
    )
    answer = early_answer(cloud, verb, path.format(bucket=bucket, project=cloud.project), token)
    assert answer[0] == status
    assert message in answer[1]
    assert not list(cloud.server.state.rglob("incoming-*"))


def test_json_has_a_limit(cloud: Client) -> None:
    answer = cloud("POST", "cloudresourcemanager/v1/projects", {"projectId": "p", "name": "x" * (11 << 20)})
    assert (answer.status, answer.message) == (400, "Request payload size exceeds the limit: 10485760 bytes.")


def test_an_authorized_large_body_is_read_to_the_end(cloud: Client, bucket: str) -> None:
    headers = {"Authorization": f"Bearer {cloud.token()}"}
    url = f"{cloud.server.base}/{UPLOAD.format(bucket=bucket)}"
    assert requests.post(url, data=12 * MIB, headers=headers, timeout=30).json()["size"] == str(12 << 20)
    session = requests.post(url.replace("media", "resumable"), headers=headers, timeout=30).headers["Location"]
    assert urlsplit(session).query
    assert requests.put(session, data=12 * MIB, timeout=30).json()["size"] == str(12 << 20)
