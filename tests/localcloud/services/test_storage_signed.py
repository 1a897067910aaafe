"""Signed URLs, as Google's own client creates them, used without a token."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from google.auth.credentials import Credentials, Signing
from google.cloud import storage as client
from localcloud.services.iam import signing

from tests.localcloud.services.requests_inside import PROJECT
from tests.localcloud.services.storage_inside import Answer, B, Storage, storage

EMAIL = f"signer@{PROJECT}.iam.gserviceaccount.com"
NAME = "dir/ü b+%2F?#.txt"
HOST = "cloud.example.com"
VERSIONS = pytest.mark.parametrize("version", ["v2", "v4"])


class Signer(Signing, Credentials):  # type: ignore[misc]
    """A service account that signs with its key in the local cloud."""

    def __init__(self, gcs: Storage) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._gcs = gcs

    @property
    def signer_email(self) -> str:
        return EMAIL

    @property
    def signer(self) -> Signer:
        return self

    def sign_bytes(self, message: bytes) -> bytes:
        account = self._gcs.call("GET", f"/iam/v1/projects/{PROJECT}/serviceAccounts/{EMAIL}")
        store = self._gcs.call.cloud.store
        store.begin()
        signature = signing.sign(store, account["uniqueId"], message)
        store.commit()
        return signature

    def refresh(self, request: Any) -> None:
        raise AssertionError(f"Nobody asks for a token of {EMAIL}: {request}")


@pytest.fixture
def gcs(tmp_path: Path) -> Storage:
    gcs = storage(tmp_path, "iam")
    gcs.bucket()
    gcs.upload(NAME)
    gcs.call("POST", f"/iam/v1/projects/{PROJECT}/serviceAccounts", {"accountId": "signer"})
    policy = gcs.ask("GET", f"{B}/data-bucket/iam").json
    policy["bindings"].append({"role": "roles/storage.objectUser", "members": [f"serviceAccount:{EMAIL}"]})
    gcs.ask("PUT", f"{B}/data-bucket/iam", policy)
    return gcs


def link(gcs: Storage, version: str, method: str = "GET", **more: Any) -> str:
    """The path and query of a link that lasts ten minutes."""
    signer = Signer(gcs)
    bucket = client.Client(project=PROJECT, credentials=signer).bucket("data-bucket")
    options = {"expiration": timedelta(minutes=10), "api_access_endpoint": f"http://{HOST}", "credentials": signer}
    url: str = bucket.blob(NAME).generate_signed_url(version=version, method=method, **(options | more))
    return url.removeprefix(f"http://{HOST}")


def follow(gcs: Storage, url: str, verb: str = "GET", body: bytes = b"", status: int = 200, **headers: str) -> Answer:
    return gcs.as_("").ask(verb, url, body, status, **{"host": HOST, "content_type": "", **headers})


@VERSIONS
def test_a_link_acts_as_its_signer(gcs: Storage, version: str) -> None:
    follow(gcs, link(gcs, version, "PUT", content_type="text/x"), "PUT", b"new", content_type="text/x")
    assert follow(gcs, link(gcs, version)).body == b"new"
    follow(gcs, link(gcs, version, "DELETE"), "DELETE", status=204)
    assert gcs.names() == []


@VERSIONS
def test_a_link_is_for_one_verb_one_object_and_its_headers(gcs: Storage, version: str) -> None:
    url = link(gcs, version, headers={"x-goog-meta-a": "one  two"})
    assert follow(gcs, url, x_goog_meta_a="one two").body == b"hello"
    for wrong in (
        follow(gcs, url, "DELETE", status=403, x_goog_meta_a="one two"),
        follow(gcs, url, status=403, x_goog_meta_a="three"),
        follow(gcs, url.replace(".txt", ".csv"), status=403, x_goog_meta_a="one two"),
    ):
        assert b"<Code>SignatureDoesNotMatch</Code>" in wrong.body


@VERSIONS
def test_a_link_expires(gcs: Storage, version: str) -> None:
    url = link(gcs, version)
    gcs.call.later(seconds=601)
    assert b"<Code>ExpiredToken</Code>" in follow(gcs, url, status=400).body


@VERSIONS
def test_a_link_has_its_signers_permissions(gcs: Storage, version: str) -> None:
    url = link(gcs, version)
    gcs.call("POST", f"/iam/v1/projects/{PROJECT}/serviceAccounts/{EMAIL}:disable", {})
    assert b"no such active service account" in follow(gcs, url, status=403).body
    gcs.call("POST", f"/iam/v1/projects/{PROJECT}/serviceAccounts/{EMAIL}:enable", {})
    gcs.bucket("other-bucket")
    policy = gcs.ask("GET", f"{B}/other-bucket/iam").json
    gcs.ask("PUT", f"{B}/data-bucket/iam", {"bindings": policy["bindings"]})
    assert f"{EMAIL} does not have storage.objects.get".encode() in follow(gcs, url, status=403).body


@VERSIONS
def test_a_link_can_set_the_contents_type_and_disposition(gcs: Storage, version: str) -> None:
    url = link(gcs, version, response_type="text/y", response_disposition='attachment; filename="a b"')
    headers = follow(gcs, url).headers
    assert headers["content-type"] == "text/y"
    assert headers["content-disposition"] == 'attachment; filename="a b"'


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("GOOG4-RSA-SHA256", "GOOG4-HMAC-SHA256", "X-Goog-Algorithm"),
        ("goog4_request", "aws4_request", "X-Goog-Credential"),
        ("X-Goog-Expires=600", "X-Goog-Expires=604801", "between 1 and 604800"),
        ("X-Goog-Expires=600", "X-Goog-Expires=soon", "cannot be read"),
        ("X-Goog-Expires=600", f"X-Goog-Expires={'9' * 30}", "cannot be read"),
        ("X-Goog-Date=2", "X-Goog-Date=x", "cannot be read"),
        ("X-Goog-Signature=", "X-Goog-Signature=x", "cannot be read"),
    ],
)
def test_a_link_of_another_form_is_refused(gcs: Storage, old: str, new: str, message: str) -> None:
    url = link(gcs, "v4")
    assert old in url
    refused = follow(gcs, url.replace(old, new), status=400).body.decode()
    assert message in refused
    assert "<Code>InvalidArgument</Code>" in refused


@VERSIONS
def test_a_header_that_adds_to_what_a_link_allows_must_be_signed(gcs: Storage, version: str) -> None:
    code = 400 if version == "v4" else 403
    url = link(gcs, version, "PUT", content_type="text/x")
    for header in ({"x_goog_acl": "public-read"}, {"x_goog_meta_a": "b"}, {"x_goog_copy_source": "/data-bucket/other"}):
        refused = follow(gcs, url, "PUT", b"new", code, content_type="text/x", **header)
        assert (b"MalformedSecurityHeader" if version == "v4" else b"SignatureDoesNotMatch") in refused.body
    assert gcs.media(NAME) == b"hello"


def test_a_signed_header_must_be_sent(gcs: Storage) -> None:
    url = link(gcs, "v4", headers={"x-goog-meta-a": "one"})
    assert b"x-goog-meta-a is signed, but not sent" in follow(gcs, url, status=400).body
    host = link(gcs, "v4").replace("SignedHeaders=host", "SignedHeaders=date")
    assert b"host is not signed" in follow(gcs, host, status=400, date="today").body
