"""Lists of unimplemented services."""

from __future__ import annotations

from pathlib import Path

import pytest
from localcloud.engine.service import Resource, Service

from tests.localcloud.inside import PROJECT, Inside, inside

ANN = "user:ann@example.com"
EVENTARC = Service(
    api="eventarc", resources={"projects.locations.triggers": Resource(kind="Trigger", id_param="triggerId")}
)
AT = f"projects/{PROJECT}/locations/europe-west1"


@pytest.fixture
def cloud(tmp_path: Path) -> Inside:
    cloud = inside(tmp_path, EVENTARC)
    for api in ("compute", "aiplatform", "pubsub", "dns", "monitoring", "run", "cloudbuild"):
        cloud.cloud.store.put("serviceusage", f"projects/{PROJECT}/services/{api}.googleapis.com", {"state": "ENABLED"})
    return cloud


@pytest.mark.parametrize(
    "path",
    [
        f"aiplatform/v1/{AT}/customJobs",
        f"aiplatform/v1/{AT}/models?pageSize=5&filter=a",
        f"pubsub/v1/projects/{PROJECT}/topics",
        f"monitoring/v3/projects/{PROJECT}/groups",
        f"run/v2/{AT}/services/-/revisions",
        f"run/v2/{AT}/services",
        f"cloudbuild/v1/{AT}/triggers",
        f"eventarc/v1/{AT}/channels",
    ],
)
def test_lists_of_resources_that_cannot_be_created_are_empty(cloud: Inside, path: str) -> None:
    response = cloud("GET", path)
    assert (response.status, response.body) == (200, {}), response.body
    assert response.headers is not None
    assert "nothing of this kind" in response.headers["x-local-cloud"]
    refused = cloud.as_(ANN)("GET", path)
    assert refused.status == 403
    cloud.grant("roles/viewer", ANN)
    assert cloud.as_(ANN)("GET", path).status == 200


def test_the_older_apis_say_of_what_kind_a_list_is(cloud: Inside) -> None:
    for path, kind in (("zones/europe-west1-b/instances", "instanceList"), ("aggregated/disks", "diskAggregatedList")):
        assert cloud.ok("GET", f"compute/v1/projects/{PROJECT}/{path}") == {"kind": f"compute#{kind}"}


@pytest.mark.parametrize(
    "path",
    [
        f"compute/v1/projects/{PROJECT}/zones",
        f"compute/v1/projects/{PROJECT}/zones/europe-west1-b/machineTypes",
        f"monitoring/v3/projects/{PROJECT}/groups/g/members",
        f"run/v2/{AT}/services/web/revisions",
        f"run/v2/{AT}/services/web",
        f"aiplatform/v1/{AT}/ragEngineConfig",
    ],
)
def test_catalogues_single_resources_and_their_children_are_not_empty_lists(cloud: Inside, path: str) -> None:
    assert cloud("GET", path).status == 501


def test_an_api_that_is_off_and_a_token_of_another_list_are_refused(cloud: Inside) -> None:
    assert "has not been used in project" in cloud("GET", f"file/v1/{AT}/instances").message
    assert "page token" in cloud("GET", f"run/v2/{AT}/services?pageToken=x").message
    assert cloud("POST", f"run/v2/{AT}/services?serviceId=web", {}).status == 501


def test_a_list_is_the_services_own_as_soon_as_it_can_make_one(cloud: Inside) -> None:
    created = cloud.ok("POST", f"eventarc/v1/{AT}/triggers?triggerId=t", {})
    assert created["done"] is True
    assert len(cloud.ok("GET", f"eventarc/v1/{AT}/triggers")["triggers"]) == 1
