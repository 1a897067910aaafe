"""What a caller can choose about an answer: a part of it, indentation, compression, another method."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from localcloud.services import artifactregistry, secretmanager
from localcloud.services import storage as gcs

from tests.localcloud.inside import PROJECT, Inside, inside

SECRETS = f"secretmanager/v1/projects/{PROJECT}/secrets"
BUCKETS = "storage/v1/b"


@pytest.fixture
def cloud(tmp_path: Path) -> Inside:
    return inside(tmp_path, secretmanager.SERVICE, gcs.SERVICE, artifactregistry.SERVICE)


def secret(cloud: Inside, name: str = "one", **labels: str) -> Any:
    return cloud.ok("POST", f"{SECRETS}?secretId={name}", {"replication": {"automatic": {}}, "labels": labels})


def stored(cloud: Inside) -> None:
    cloud.ok("POST", f"{BUCKETS}?project={PROJECT}", {"name": "data-bucket"})
    upload = f"upload/{BUCKETS}/data-bucket/o?uploadType=media&name=a.json"
    assert cloud("POST", upload, b'"' + b"x" * 6998 + b'"', content_type="application/json").status == 200


def test_every_answer_says_when_it_was_given_by_the_clouds_own_clock(cloud: Inside) -> None:
    cloud.cloud.clock.advance(86_400)
    for target in (SECRETS, f"{SECRETS}/none", "nothing/at/all"):
        before = cloud.cloud.clock.now().replace(microsecond=0)
        answer = cloud("GET", target)
        assert answer.headers is not None
        assert before <= parsedate_to_datetime(answer.headers["date"]) <= cloud.cloud.clock.now()


def test_json_says_what_it_varies_by(cloud: Inside) -> None:
    answer = cloud("GET", SECRETS)
    assert answer.headers is not None
    assert answer.headers["content-type"] == "application/json; charset=UTF-8"
    assert answer.headers["vary"] == "Origin, X-Origin, Referer"


def test_json_is_indented_on_request(cloud: Inside) -> None:
    secret(cloud)
    answer = cloud("GET", f"{SECRETS}/one?prettyPrint=true")
    plain = cloud("GET", f"{SECRETS}/one?prettyPrint=false")
    assert answer.headers is not None
    assert plain.headers is not None
    assert int(answer.headers["content-length"]) > int(plain.headers["content-length"])
    assert answer.body == plain.body


def test_long_json_is_compressed_for_clients_that_accept_gzip_and_content_never(cloud: Inside) -> None:
    stored(cloud)
    for number in range(20):
        secret(cloud, f"s{number}", environment="production")
    plain, packed = cloud("GET", SECRETS), cloud("GET", SECRETS, accept_encoding="gzip, deflate")
    assert plain.headers is not None
    assert packed.headers is not None
    assert packed.headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["vary"]
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"])
    assert packed.body == plain.body
    short = cloud("GET", f"{SECRETS}/s1", accept_encoding="gzip")
    content = cloud("GET", f"{BUCKETS}/data-bucket/o/a.json?alt=media", accept_encoding="gzip")
    for answer in (short, content):
        assert answer.headers is not None
        assert "content-encoding" not in answer.headers


def test_a_part_of_an_answer_can_be_asked_for_in_every_dialect(cloud: Inside) -> None:
    stored(cloud)
    secret(cloud, team="cats")
    listed = cloud.ok("GET", f"{SECRETS}?fields=secrets(labels/team,replication),nextPageToken")
    assert listed == {"secrets": [{"replication": {"automatic": {}}, "labels": {"team": "cats"}}]}
    assert cloud.ok("GET", f"{BUCKETS}/data-bucket/o/a.json?fields=name,size") == {"name": "a.json", "size": "7000"}
    objects = cloud.ok("GET", f"{BUCKETS}/data-bucket/o?fields=items/name,prefixes")
    assert objects == {"items": [{"name": "a.json"}]}
    assert cloud.ok("GET", f"{BUCKETS}/data-bucket?fields=*") == cloud.ok("GET", f"{BUCKETS}/data-bucket")


def test_a_part_of_the_answer_to_an_upload_can_be_asked_for_too(cloud: Inside) -> None:
    stored(cloud)
    upload = f"upload/{BUCKETS}/data-bucket/o?uploadType=media&name=b&fields=generation"
    answer = cloud("POST", upload, b"x", content_type="text/plain")
    assert list(answer.body) == ["generation"]


def test_a_field_that_does_not_exist_is_refused_in_each_dialects_words(cloud: Inside) -> None:
    stored(cloud)
    refused = cloud("GET", f"{SECRETS}?fields=secrets(colour)")
    assert (refused.status, refused.message) == (400, "Request contains an invalid argument.")
    [violation] = refused.body["error"]["details"][0]["fieldViolations"]
    assert violation["field"] == "secrets.colour"
    assert "Cannot find matching fields for path 'secrets.colour'" in violation["description"]
    older = cloud("GET", f"{BUCKETS}/data-bucket/o?fields=colour")
    assert older.message == "Invalid field selection colour"
    [entry] = older.body["error"]["errors"]
    assert (entry["reason"], entry["locationType"], entry["location"]) == ("invalidParameter", "parameter", "fields")


def test_the_fields_of_an_operations_answer_are_not_known_beforehand(cloud: Inside) -> None:
    path = f"artifactregistry/v1/projects/{PROJECT}/locations/europe-west1/repositories"
    created = cloud.ok("POST", f"{path}?repositoryId=images&fields=done,response/name", {"format": "DOCKER"})
    assert created == {"done": True, "response": {"name": f"{path.removeprefix('artifactregistry/v1/')}/images"}}


def test_a_post_can_override_its_method(cloud: Inside) -> None:
    secret(cloud)
    read = cloud("POST", f"{SECRETS}/one", x_http_method_override="GET")
    assert (read.status, "createTime" in read.body) == (200, True)
    changed = cloud("POST", f"{SECRETS}/one?updateMask=labels", {"labels": {"a": "b"}}, x_http_method_override="PATCH")
    assert changed.body["labels"] == {"a": "b"}
    assert cloud("GET", f"{SECRETS}/one", x_http_method_override="DELETE").status == 200


def test_a_long_query_may_come_as_the_body_of_an_overridden_get(cloud: Inside) -> None:
    secret(cloud)
    form = {"x_http_method_override": "GET", "content_type": "application/x-www-form-urlencoded"}
    answer = cloud("POST", SECRETS, b"fields=secrets%2Fname&pageSize=1", **form)
    assert [list(one) for one in answer.body["secrets"]] == [["name"]]


def test_a_page_in_a_browser_is_refused(cloud: Inside) -> None:
    request = {"origin": "https://evil.example.com", "access_control_request_method": "GET"}
    answer = cloud.as_("")("OPTIONS", SECRETS, **request)
    assert answer.status == 403
    assert answer.headers is not None
    assert not any(name.startswith("access-control") for name in answer.headers)


def test_answers_are_json_and_requests_for_another_format_are_refused(cloud: Inside) -> None:
    assert cloud("GET", f"{SECRETS}?alt=json").status == 200
    assert cloud("GET", f"{SECRETS}?$alt=json;enum-encoding=int").status == 200
    assert cloud("GET", f"{SECRETS}?alt=json%3Benum-encoding%3Dint").status == 200
    assert cloud("GET", f"{SECRETS}?alt=xml").status == 400
    assert cloud("GET", f"{SECRETS}?alt=proto").status == 501
