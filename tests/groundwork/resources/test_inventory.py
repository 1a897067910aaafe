"""The list calls: what every row asks for is in Google's documents, and an incomplete response never counts as an empty one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from groundwork.resources import inventory
from groundwork.resources.item import Item
from groundwork.resources.listing import Listing
from groundwork.resources.registry import listings, maker
from groundwork.terraform.state import State, StateResource
from localcloud.spec.discovery import document

from tests.groundwork.resources.google_lists import DROP, PROJECT, Script, refusal, scripted
from tests.terraform_runs import ROOT

COMPUTE = f"/compute/v1/projects/{PROJECT}/aggregated/instances"
DISK = f"https://www.googleapis.com/compute/v1/projects/{PROJECT}/zones/europe-west1-b/disks/d"


@pytest.fixture
def script() -> Iterator[Script]:
    with scripted() as script:
        yield script


def rows(*kinds: str) -> list[Listing]:
    return [row for row in listings() if row.kind in kinds]


@pytest.mark.parametrize("row", listings(), ids=[f"{row.kind}: {row.path}" for row in listings()])
def test_every_row_asks_what_google_documents(row: Listing) -> None:
    described = document(row.api, row.version)
    path = row.path.replace("{project}", "p").replace("{location}", "l")
    pools, places = "projects/p/locations/global/workloadIdentityPools/x", "projects/p/locations/l/connections/x"
    path = path.replace("{parent}", {"identity pool": pools, "build connection": places}.get(row.of, "x"))
    found = described.match("GET", path)
    assert found is not None
    page = described.schemas[found[0].response]["properties"]
    head, _, inner = row.key.partition("/*/")
    assert head in page
    assert ("nextPageToken" in page) or row.kind == "service-account key"
    values = page[head].get("additionalProperties", {}).get("$ref")
    items = described.schemas[values]["properties"][inner]["items"] if inner else page[head]["items"]
    fields = described.schemas[items["$ref"]]["properties"] if "$ref" in items else items["properties"]
    for field in (row.name, row.born.partition("/")[0]):
        assert field in fields or "{" in field or not field


def test_an_api_that_the_terraform_enables_is_listed_or_known_to_hold_nothing() -> None:
    files = [file for folder in ("infra", "modules") for file in (ROOT / folder).glob("*/*.tf")]
    enabled = {host for file in files for host in re.findall(r'"(\w+\.googleapis\.com)"', file.read_text("utf-8"))}
    assert "sts.googleapis.com" in enabled
    assert enabled <= {row.host for row in listings()} | inventory.NOTHING_TO_LIST


@pytest.mark.parametrize("row", [row for row in listings() if "{location}" in row.path], ids=lambda row: row.kind)
def test_the_locations_of_every_regional_row_can_be_listed(row: Listing) -> None:
    places = (row.places or row.path.partition("/{location}")[0]).replace("{project}", "p")
    found = document(row.api, places.partition("/")[0]).match("GET", places)
    assert found is not None
    assert found[0].verb == "list"


def test_a_disabled_api_is_not_called_and_is_reported(script: Script) -> None:
    found = inventory.take(script.cloud, rows("instance", "bucket"))
    assert found.unknown == {}
    assert found.off == {"instance": f"compute.googleapis.com is off in project {PROJECT} (Service Usage says so)"}
    assert COMPUTE not in [path for _, path in script.asked]


def test_things_are_found_in_every_zone_and_on_every_page(script: Script) -> None:
    script.enable("compute")
    name = DISK.replace("/disks/", "/instances/")
    first = {
        "items": {
            "zones/a": {"instances": [{"selfLink": f"{name}1"}]},
            "zones/b": {"warning": {"code": "NO_RESULTS_ON_PAGE"}},
        }
    }
    script.answers[COMPUTE] = {**first, "nextPageToken": "2"}
    script.answers[f"{COMPUTE}#2"] = {"items": {"zones/c": {"instances": [{"selfLink": f"{name}2"}]}}}
    found = inventory.take(script.cloud, rows("instance"))
    assert [item.name for item in found.items] == [
        f"projects/{PROJECT}/zones/europe-west1-b/instances/d1",
        f"projects/{PROJECT}/zones/europe-west1-b/instances/d2",
    ]


@pytest.mark.parametrize(
    ("page", "sentence"),
    [
        (refusal(403, "PERMISSION_DENIED"), "403 PERMISSION_DENIED"),
        (refusal(501, "UNIMPLEMENTED"), "501 UNIMPLEMENTED"),
        (refusal(500, "INTERNAL"), "500 INTERNAL"),
        (DROP, "no answer UNREACHABLE"),
        (b"this is not JSON", "the response is not a JSON object"),
        ([], "the response is not a JSON object"),
        (b"", "the response is not a JSON object"),
        (
            {"items": {"zones/a": {"instances": [{"id": "1"}]}}},
            "aggregated/instances: the response could not be understood (KeyError('selfLink'))",
        ),
        ({"unreachables": ["zones/a"]}, "the response is incomplete, these could not be reached: zones/a"),
        ({"items": {"zones/a": {"warning": {"code": "UNREACHABLE"}}}}, "the response is incomplete"),
        ({"warning": {"code": "UNREACHABLE"}}, "the response is incomplete"),
        ({"nextPageToken": "1"}, "the next page token repeats an earlier one"),
    ],
)
@pytest.mark.parametrize("token", ["", "#1"])
def test_a_missing_or_incomplete_page_makes_its_kind_unknown(
    script: Script, page: Any, sentence: str, token: str
) -> None:
    script.enable("compute")
    script.answers[COMPUTE] = {"nextPageToken": "1"}
    script.answers[f"{COMPUTE}{token}"] = page
    if token == "" and page == {"nextPageToken": "1"}:
        script.answers[f"{COMPUTE}#1"] = page
    found = inventory.take(script.cloud, rows("instance"))
    assert sentence in found.unknown["instance"]


@pytest.mark.parametrize(
    ("permissions", "calls", "unknown"), [(["bigquery.datasets.get"], 1, []), ([], 0, ["BigQuery dataset"])]
)
def test_a_list_that_omits_invisible_items_is_trusted_only_with_permission(
    script: Script, permissions: list[str], calls: int, unknown: list[str]
) -> None:
    script.enable("bigquery")
    script.answers[f"/cloudresourcemanager/v1/projects/{PROJECT}:testIamPermissions"] = {"permissions": permissions}
    found = inventory.take(script.cloud, rows("BigQuery dataset"))
    assert (found.calls, list(found.unknown)) == (calls, unknown)


def test_without_service_usage_everything_is_asked_and_that_is_unknown(script: Script) -> None:
    script.answers[f"/serviceusage/v1/projects/{PROJECT}/services"] = refusal(403, "PERMISSION_DENIED")
    found = inventory.take(script.cloud, rows("instance", "disk"))
    assert list(found.unknown) == ["enabled APIs"]
    assert found.calls == 2


def test_a_region_that_does_not_answer_makes_its_kind_unknown(script: Script) -> None:
    script.enable("aiplatform")
    base = f"/aiplatform/v1/projects/{PROJECT}/locations"
    script.answers[base] = {"locations": [{"locationId": "europe-west1"}, {"locationId": "us-central1"}]}
    script.answers[f"{base}/europe-west1/endpoints"] = {
        "endpoints": [{"name": "projects/1/locations/europe-west1/endpoints/5"}]
    }
    script.answers[f"{base}/us-central1/endpoints"] = refusal(403, "PERMISSION_DENIED")
    found = inventory.take(script.cloud, rows("Vertex endpoint"))
    assert "us-central1" in found.unknown["Vertex endpoint"]


def test_what_google_makes_itself_is_no_leftover(script: Script) -> None:
    script.enable("iam", "logging")
    accounts = [
        {"email": "123-compute@developer.gserviceaccount.com"},
        {"email": f"mine@{PROJECT}.iam.gserviceaccount.com"},
    ]
    script.answers[f"/iam/v1/projects/{PROJECT}/serviceAccounts"] = {"accounts": accounts}
    script.answers[f"/logging/v2/projects/{PROJECT}/sinks"] = {"sinks": [{"name": "_Default"}, {"name": "mine"}]}
    found = inventory.take(script.cloud, rows("service account", "log sink"))
    assert [item.name for item in found.items] == [
        f"projects/{PROJECT}/sinks/mine",
        f"mine@{PROJECT}.iam.gserviceaccount.com",
    ]
    assert len(found.own) == 2


def test_keys_that_people_made_are_found_under_every_account(script: Script) -> None:
    script.enable("iam")
    email = f"mine@{PROJECT}.iam.gserviceaccount.com"
    script.answers[f"/iam/v1/projects/{PROJECT}/serviceAccounts"] = {"accounts": [{"email": email}]}
    key = f"projects/{PROJECT}/serviceAccounts/{email}/keys/abc"
    script.answers[f"/iam/v1/projects/{PROJECT}/serviceAccounts/{email}/keys"] = {"keys": [{"name": key}]}
    found = inventory.take(script.cloud, rows("service account", "service-account key"))
    assert Item("service-account key", key) in found.items


def test_a_state_knows_by_full_names_whatever_the_project_is_called_there() -> None:
    state = State(
        1,
        (StateResource("a", "", "google_compute_disk", {"id": "projects/p/zones/z/disks/d", "name": "bucket-name"}),),
        {},
    )
    known = inventory.known_to(state)
    found = inventory.Inventory(
        (
            Item("disk", "projects/7/zones/z/disks/d"),
            Item("bucket", "bucket-name"),
            Item("disk", "projects/7/zones/z/disks/e"),
        ),
        {},
        1,
    )
    assert [item.short for item in inventory.beside(found, known)] == ["bucket-name", "e"]


@pytest.mark.parametrize(
    ("kind", "name", "text"),
    [
        ("bucket", "p_cloudbuild", "gcloud builds submit"),
        ("bucket", "gcf-v2-sources-123-europe-west1", "gcloud functions deploy"),
        ("bucket", "gcf-v2-uploads-123-europe-west1", "gcloud functions deploy"),
        ("bucket", "run-sources-p-europe-west1", "gcloud run deploy --source"),
        ("bucket", "cloud-ai-platform-1234", "Vertex AI"),
        ("bucket", "artifacts.p.appspot.com", "Container Registry"),
        ("bucket", "eu.artifacts.p.appspot.com", "Container Registry"),
        ("image repository", "gcf-artifacts", "gcloud functions deploy"),
        ("image repository", "cloud-run-source-deploy", "gcloud run deploy --source"),
        ("bucket", "other_cloudbuild", "gcloud storage buckets create"),
    ],
)
def test_well_known_names_say_what_made_them(kind: str, name: str, text: str) -> None:
    assert text in maker(Item(kind, name), "p")
