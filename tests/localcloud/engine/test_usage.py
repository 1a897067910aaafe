"""Metered usage, as rows of Google's billing export."""

from pathlib import Path
from typing import Any

import pytest
from localcloud.services.artifactregistry.images import Images

from tests.localcloud.services.requests_inside import PROJECT, Sender, sender

BUCKET = {"name": "data-bucket", "location": "EUROPE-WEST1", "labels": {"team": "cats"}}
GIB = 1 << 30


@pytest.fixture
def call(tmp_path: Path) -> Sender:
    call = sender(tmp_path, "storage", "secretmanager")
    call("POST", f"/storage/v1/b?project={PROJECT}", BUCKET)
    return call


def rows(call: Sender) -> dict[str, Any]:
    call.cloud.store.begin()
    call.cloud.usage.flush()
    call.cloud.store.commit()
    return {row["sku"]["id"]: row for row in call.cloud.usage.rows("A")}


def test_a_call_is_counted_for_the_project_of_the_bucket_it_is_about(call: Sender) -> None:
    for _ in range(3):
        call("GET", "/storage/v1/b/data-bucket")
    call("GET", "/storage/v1/b/data-bucket/o")
    found = rows(call)
    row = found["storage.operations-b.standard"]
    assert row["usage"] == {"amount": 3, "unit": "requests", "amount_in_pricing_units": 3, "pricing_unit": "count"}
    assert row["project"]["id"] == PROJECT
    assert row["location"]["region"] == "europe-west1"
    assert row["labels"] == [{"key": "team", "value": "cats"}]
    assert row["service"] == {"id": "95FF-2EF5-5EA1", "description": "Cloud Storage"}
    assert (row["cost"], row["currency"], row["cost_type"]) == ("0", "USD", "regular")
    assert found["storage.operations-a.standard"]["usage"]["amount"] == 1


def test_a_refused_call_is_not_counted(call: Sender) -> None:
    call.as_("user:eve@example.com").refused("GET", "/storage/v1/b/data-bucket", status=403)
    call("GET", "/storage/v1/b/other-bucket", status=404)
    assert rows(call) == {}


def test_stored_bytes_count_from_hour_to_hour_also_over_those_that_the_clock_passed(call: Sender) -> None:
    call.send("POST", "/upload/storage/v1/b/data-bucket/o?uploadType=media&name=x", {**token(call)}, b"x" * 1000)
    call.later(hours=10)
    call("GET", "/storage/v1/b/data-bucket")
    row = rows(call)["storage.standard"]
    assert row["usage"]["amount"] in {1000 * 3600 * 10, 1000 * 3600 * 11}
    assert row["usage"]["unit"] == "byte-seconds"
    assert row["usage"]["amount_in_pricing_units"] == row["usage"]["amount"] / (GIB * 730 * 3600)


def token(call: Sender) -> dict[str, str]:
    return {"authorization": f"Bearer {call.cloud.tokens.token(call.principal)}", "content-type": "text/plain"}


def test_calls_of_an_hour_add_up_over_restarts(call: Sender) -> None:
    call("GET", "/storage/v1/b/data-bucket")
    first = rows(call)["storage.operations-b.standard"]["usage"]["amount"]
    call("GET", "/storage/v1/b/data-bucket")
    second = [row["usage"]["amount"] for row in call.cloud.usage.rows("A") if "operations-b" in row["sku"]["id"]]
    assert (first, sum(second)) == (1, 1)
    assert rows(call)["storage.operations-b.standard"]["usage"]["amount"] == 2


def test_a_repositorys_storage_is_metered_by_the_hour(tmp_path: Path) -> None:
    call = sender(tmp_path, "artifactregistry")
    place = f"projects/{PROJECT}/locations/europe-west1"
    repository = {"format": "DOCKER", "labels": {"component": "images"}}
    call("POST", f"/artifactregistry/v1/{place}/repositories?repositoryId=images", repository)
    with call.cloud.store.transaction():
        Images(call.cloud, f"{place}/repositories/images").hold("sha256:x", 1000, b"x" * 1000)
    call.later(hours=10)
    call("GET", f"/artifactregistry/v1/{place}/repositories/images")
    row = rows(call)["artifactregistry.storage"]
    assert row["usage"]["amount"] in {1000 * 3600 * 10, 1000 * 3600 * 11}
    assert row["labels"] == [{"key": "component", "value": "images"}]
    assert row["location"]["region"] == "europe-west1"
