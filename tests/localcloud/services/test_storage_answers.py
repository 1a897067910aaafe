"""How Cloud Storage answers apart from the resource itself: entity tags, refusals in both dialects, locations of buckets."""

from __future__ import annotations

import gzip
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from tests.localcloud.services.requests_inside import PROJECT
from tests.localcloud.services.storage_inside import MIB, UNIFORM, B, Storage, path, storage

READER = "user:reader@example.com"


@pytest.fixture
def gcs(tmp_path: Path) -> Storage:
    return storage(tmp_path)


def test_objects_and_buckets_carry_their_entity_tag_as_a_header_too(gcs: Storage) -> None:
    gcs.bucket()
    created = gcs.upload("x")
    for url in (path("x"), f"{B}/data-bucket"):
        answer = gcs.ask("GET", url)
        assert answer.headers["etag"] == answer.json["etag"]
    assert gcs.ask("GET", f"{path('x')}?alt=media").headers["etag"] == created["etag"]


def test_a_reader_may_ask_for_one_entity_tag_or_for_any_other(gcs: Storage) -> None:
    gcs.bucket()
    tag = gcs.upload("x")["etag"]
    for url in (path("x"), f"{path('x')}?alt=media"):
        gcs.ask("GET", url, None, 200, if_match=f'"{tag}"')
        gcs.ask("GET", url, None, 412, if_match='"other"')
        gcs.ask("GET", url, None, 304, if_none_match=f'"other", "{tag}"')
        gcs.ask("GET", url, None, 200, if_none_match='"other"')
    gcs.ask("GET", f"{B}/data-bucket", None, 304, if_none_match="CAE=")


def test_a_refused_download_is_answered_in_plain_text(gcs: Storage) -> None:
    gcs.bucket()
    url = f"{path('none')}?alt=media"
    missing = gcs.ask("GET", url, None, 404)
    assert (missing.body, missing.headers["content-type"]) == (
        b"No such object: data-bucket/none",
        "text/plain; charset=UTF-8",
    )
    denied = gcs.as_("user:eve@example.com").ask("GET", f"/download{url}", None, 403).body.decode()
    assert denied.startswith(
        "eve@example.com does not have storage.objects.get access to the Google Cloud Storage object."
    )
    assert gcs.ask("GET", path("none"), None, 404).json["error"]["code"] == 404


def entry(answer: Any) -> dict[str, str]:
    result: dict[str, str] = answer.json["error"]["errors"][0]
    return {key: value for key, value in result.items() if key != "message"}


def test_a_refusal_names_the_parameter_or_header_that_it_is_about(gcs: Storage) -> None:
    gcs.bucket()
    gcs.upload("x")
    missing = gcs.ask("GET", B, None, 400)
    place = {"domain": "global", "reason": "required", "locationType": "parameter", "location": "project"}
    assert entry(missing) == place
    unmet = gcs.ask("PATCH", f"{path('x')}?ifMetagenerationMatch=9", {}, 412)
    place = {"domain": "global", "reason": "conditionNotMet", "locationType": "header", "location": "If-Match"}
    assert entry(unmet) == place
    unknown = gcs.ask("GET", f"{B}/data-bucket", None, 401, authorization="Bearer nobody")
    place = {"domain": "global", "reason": "authError", "locationType": "header", "location": "Authorization"}
    assert entry(unknown) == place
    assert entry(gcs.ask("GET", path("none"), None, 404)) == {"domain": "global", "reason": "notFound"}


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("projection=half", "Invalid string value: 'half'. Allowed values: [full, noAcl]"),
        ("maxResults=many", "Invalid unsigned integer value: 'many'."),
        ("versions=perhaps", "Invalid boolean value: 'perhaps'."),
    ],
)
def test_a_query_parameter_of_a_wrong_type_is_refused_in_the_older_words(
    gcs: Storage, query: str, message: str
) -> None:
    gcs.bucket()
    refused = gcs.ask("GET", f"{B}/data-bucket/o?{query}", None, 400)
    assert (refused.message, refused.reason) == (message, "invalidParameter")


def test_a_missing_object_is_revealed_only_with_permission_to_list(gcs: Storage) -> None:
    gcs.bucket()
    gcs.upload("x")
    policy = {"bindings": [{"role": "roles/storage.legacyObjectReader", "members": [READER]}]}
    gcs.ask("PUT", f"{B}/data-bucket/iam", policy)
    reader = gcs.as_(READER)
    reader.ask("GET", path("x"))
    refused = reader.ask("GET", path("none"), None, 403)
    assert "does not have storage.objects.list access to the Google Cloud Storage bucket" in refused.message


def test_the_webs_paths_refuse_in_xml_with_a_code_a_message_and_details(gcs: Storage) -> None:
    gcs.bucket()
    gcs.upload("x")
    missing = gcs.ask("GET", "/data-bucket/none", None, 404)
    assert b"<Code>NoSuchKey</Code><Message>The specified key does not exist.</Message>" in missing.body
    assert b"<Details>No such object: data-bucket/none</Details>" in missing.body
    anonymous = gcs.as_("").ask("GET", "/data-bucket/x", None, 403)
    assert b"<Code>AccessDenied</Code><Message>Access denied.</Message>" in anonymous.body
    assert b"Anonymous caller does not have storage.objects.get access" in anonymous.body


def create(gcs: Storage, status: int = 200, **body: Any) -> Any:
    return gcs.ask("POST", f"{B}?project={PROJECT}", {"name": "placed-bucket", **UNIFORM, **body}, status)


def test_a_bucket_can_be_in_two_chosen_regions(gcs: Storage) -> None:
    placement = {"dataLocations": ["us-west1", "US-EAST1"]}
    bucket = create(gcs, location="us", customPlacementConfig=placement, rpo="ASYNC_TURBO").json
    assert (bucket["location"], bucket["locationType"], bucket["rpo"]) == ("US", "dual-region", "ASYNC_TURBO")
    assert bucket["customPlacementConfig"] == {"dataLocations": ["US-EAST1", "US-WEST1"]}
    reset = gcs.ask("PATCH", f"{B}/placed-bucket", {"rpo": "DEFAULT"}).json
    assert reset["rpo"] == "DEFAULT"


@pytest.mark.parametrize(
    "places", [["us-east1"], ["us-east1", "us-east1"], ["us-east1", "europe-west1"], ["us-east1", "us-mars1"]]
)
def test_two_places_that_are_no_pair_are_refused(gcs: Storage, places: list[str]) -> None:
    refused = create(gcs, 400, location="US", customPlacementConfig={"dataLocations": places})
    assert "not two regions of the multi-region US" in refused.message


def test_turbo_replication_is_for_dual_regions(gcs: Storage) -> None:
    assert "dual-region" in create(gcs, 400, location="EU", rpo="ASYNC_TURBO").message
    assert "recovery point objective" in create(gcs, 400, location="EUR4", rpo="NEVER").message
    assert create(gcs, location="EUR4", rpo="ASYNC_TURBO").json["locationType"] == "dual-region"


def zipped(gcs: Storage, **fields: str) -> bytes:
    content = gzip.compress(b"a page of text " * 100)
    gcs.bucket()
    gcs.upload("page", content, "&contentEncoding=gzip")
    if fields:
        gcs.ask("PATCH", path("page"), fields)
    return content


def test_gzip_is_unpacked_for_clients_that_do_not_accept_it(gcs: Storage) -> None:
    content = zipped(gcs)
    for url in (f"{path('page')}?alt=media", "/data-bucket/page"):
        plain = gcs.ask("GET", url)
        assert plain.body == b"a page of text " * 100
        assert "content-encoding" not in plain.headers
        assert plain.headers["warning"] == "214 UploadServer gunzipped"
        assert plain.headers["x-goog-stored-content-encoding"] == "gzip"
        packed = gcs.ask("GET", url, accept_encoding="gzip")
        assert (packed.body, packed.headers["content-encoding"]) == (content, "gzip")
    assert gcs.ask("GET", f"{path('page')}?alt=media", range="bytes=0-3").body == b"a page of text " * 100


@pytest.mark.parametrize("members", [1, 40])
def test_gzip_is_unpacked_piece_by_piece(gcs: Storage, members: int) -> None:
    """A small object that unpacks to 128 MiB, stored in the row or in a file."""
    size = 128 * MIB // members
    gcs.bucket()
    gcs.upload("bomb", gzip.compress(bytes(size), 9) * members, "&contentEncoding=gzip")
    tracemalloc.start()
    reply = gcs.reply("GET", f"{path('bomb')}?alt=media")
    assert reply.pieces is not None
    lengths = [len(piece) for piece in reply.pieces]
    assert (sum(lengths), max(lengths) <= MIB) == (members * size, True)
    assert tracemalloc.get_traced_memory()[1] < 8 * MIB
    tracemalloc.stop()


def test_gzip_stays_packed_on_request_or_when_it_is_not_gzip(gcs: Storage) -> None:
    content = zipped(gcs, cacheControl="no-transform")
    assert gcs.ask("GET", f"{path('page')}?alt=media").body == content
    gcs.upload("false", b"plain", "&contentEncoding=gzip")
    assert gcs.ask("GET", f"{path('false')}?alt=media").body == b"plain"
