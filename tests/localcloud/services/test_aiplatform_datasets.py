"""Vertex AI's managed datasets, as clients create, find, change and delete them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from localcloud.services import aiplatform, serviceusage

from tests.localcloud.inside import NUMBER, PROJECT, Inside, inside

HERE = f"aiplatform/v1/projects/{PROJECT}/locations/europe-west1/datasets"
SCHEMAS = "gs://google-cloud-aiplatform/schema/dataset"
TYPE = "aiplatform.googleapis.com/dataset_metadata_schema"


@pytest.fixture
def cloud(tmp_path: Path) -> Inside:
    return inside(tmp_path, aiplatform.SERVICE, serviceusage.SERVICE)


def dataset(schema: str, **more: Any) -> dict[str, Any]:
    return {"displayName": schema, "metadataSchemaUri": f"{SCHEMAS}/metadata/{schema}_1.0.0.yaml", **more}


def made(cloud: Inside, body: dict[str, Any]) -> dict[str, Any]:
    operation = cloud.ok("POST", HERE, body)
    assert operation["metadata"]["@type"].endswith(".aiplatform.v1.CreateDatasetOperationMetadata")
    response: dict[str, Any] = operation["response"]
    return response


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_the_result_has_the_type_of_the_version_that_was_called(cloud: Inside, version: str) -> None:
    operation = cloud.ok("POST", HERE.replace("v1", version, 1), dataset("image"))
    assert operation["response"]["@type"] == f"type.googleapis.com/google.cloud.aiplatform.{version}.Dataset"


def test_a_dataset_says_what_it_consists_of_and_has_googles_label(cloud: Inside) -> None:
    source = {"inputConfig": {"gcsSource": {"uri": ["gs://team/rows.csv"]}}}
    rows = made(cloud, dataset("tabular", metadata=source, labels={"team": "cats"}))
    assert rows["name"].startswith(f"projects/{NUMBER}/locations/europe-west1/datasets/")
    assert (rows["labels"], rows["metadata"]) == ({"team": "cats", TYPE: "TABLE"}, source)
    images = made(cloud, dataset("image"))
    assert images["labels"] == {TYPE: "IMAGE"}
    assert images["metadata"] == {"dataItemSchemaUri": f"{SCHEMAS}/dataitem/image_1.0.0.yaml"}
    assert (images["dataItemCount"], "dataItemCount" in rows) == ("0", False)
    found = cloud.ok("GET", f"{HERE}?filter=labels.team%3Dcats")["datasets"]
    assert [one["displayName"] for one in found] == ["tabular"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({**dataset("image"), "displayName": ""}, "The display name is required"),
        ({"displayName": "none"}, "metadata_schema_uri: It is required"),
        (dataset("image", metadata="text"), "dataset.metadata must be an object"),
        (dataset("sound"), "is not one of the schemas"),
        (dataset("image", labels={"Team": "a"}), "The label Team=a is not valid"),
        (dataset("image", savedQueries=[{"displayName": "q"}]), "needs display_name and problem_type"),
    ],
)
def test_an_invalid_dataset_is_refused(cloud: Inside, body: dict[str, Any], says: str) -> None:
    seen = cloud("POST", HERE, body)
    assert seen.status == 400, seen.body
    assert says in seen.message
    assert cloud.ok("GET", HERE) == {}


def test_googles_own_label_survives_every_change(cloud: Inside) -> None:
    name = made(cloud, dataset("image", labels={"team": "cats"}))["name"]
    path = f"aiplatform/v1/{name}"
    changed = cloud.ok(
        "PATCH", f"{path}?updateMask=labels,displayName", {"displayName": "new", "labels": {TYPE: "TEXT"}}
    )
    assert (changed["displayName"], changed["labels"]) == ("new", {TYPE: "IMAGE"})
    other = {"metadataSchemaUri": f"{SCHEMAS}/metadata/text_1.0.0.yaml"}
    assert cloud("PATCH", f"{path}?updateMask=metadataSchemaUri", other).status == 400


def test_a_saved_query_is_shown_with_its_dataset_and_deleted_with_it(cloud: Inside) -> None:
    query = {"displayName": "cats", "problemType": "IMAGE_CLASSIFICATION_SINGLE_LABEL"}
    name = made(cloud, dataset("image", savedQueries=[query]))["name"]
    (shown,) = cloud.ok("GET", f"aiplatform/v1/{name}")["savedQueries"]
    assert shown["name"].startswith(f"{name}/savedQueries/")
    assert cloud.ok("GET", f"aiplatform/v1/{name}/savedQueries")["savedQueries"] == [shown]
    assert cloud.ok("GET", f"aiplatform/v1/{name}/dataItems") == {}
    assert cloud.ok("GET", f"aiplatform/v1/{name}:searchDataItems") == {}
    assert cloud("GET", f"aiplatform/v1/{name}/annotationSpecs/1").status == 404
    deleted = cloud.ok("DELETE", f"aiplatform/v1/{name}")
    assert deleted["metadata"]["@type"].endswith(".DeleteOperationMetadata")
    assert cloud("GET", f"aiplatform/v1/{name}/savedQueries").status == 404
