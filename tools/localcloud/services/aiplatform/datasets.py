"""Managed datasets: their metadata and saved queries. Nothing is imported here, so that they have no data items or annotations."""

from __future__ import annotations

import re
from typing import Any

from localcloud.engine import standard
from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body, Call, Resource
from localcloud.errors import invalid
from localcloud.services.aiplatform import boards, names
from localcloud.services.aiplatform.names import API

_SCHEMAS = "gs://google-cloud-aiplatform/schema/dataset"
_SCHEMA = re.compile(
    re.escape(f"{_SCHEMAS}/metadata/") + r"(image|multimodal|tabular|text|time_series|video)_1\.0\.0\.yaml"
)
_TYPES = {"tabular": "TABLE"}
"""The value of the label for a schema, where it is not the schema's name in capitals."""
_ITEMS = frozenset({"image", "text", "video"})
"""Schemas of datasets that consist of data items."""
_RESERVED = "aiplatform.googleapis.com/"
_TYPE = f"{_RESERVED}dataset_metadata_schema"


def completed(call: Call, body: Body) -> Body:
    """A new dataset, validated and completed, with the label for its type."""
    names.check_place(call)
    _check(body)
    uri = body.get("metadataSchemaUri", "")
    schema = _SCHEMA.fullmatch(uri)
    if schema is None:
        what = f"{uri!r} is not one of the schemas in {_SCHEMAS}/metadata/." if uri else "It is required."
        raise invalid(f"dataset.metadata_schema_uri: {what}", "dataset.metadata_schema_uri")
    if len(body.get("savedQueries", [])) > 1:
        raise invalid("dataset.saved_queries may have at most 1 entry.", "dataset.saved_queries")
    kind = schema[1]
    added: dict[str, Any] = {"metadata": body.get("metadata") or {}}
    if not isinstance(added["metadata"], dict):
        raise invalid("dataset.metadata must be an object.", "dataset.metadata")
    if kind in _ITEMS:
        added["metadata"] = {"dataItemSchemaUri": f"{_SCHEMAS}/dataitem/{kind}_1.0.0.yaml", **added["metadata"]}
        added["dataItemCount"] = "0"
    return {**body, **added, "labels": {**_own(body), _TYPE: _TYPES.get(kind, kind.upper())}}


def created(call: Call, body: Body) -> None:
    """Stores a dataset's saved query as a resource of its own."""
    for query in body.pop("savedQueries", []):
        if not query.get("displayName") or not query.get("problemType"):
            raise invalid("dataset.saved_queries needs display_name and problem_type.", "dataset.saved_queries")
        standard.add_child(call, QUERY, f"{body['name']}/savedQueries/{boards.number()}", query)
    call.cloud.store.put(API, body["name"], body)


def changed(_call: Call, old: Body, new: Body) -> Body:
    """A changed dataset, validated; the labels that Google reserves stay as they are."""
    _check(new)
    reserved = {key: value for key, value in old["labels"].items() if key.startswith(_RESERVED)}
    return {**new, "labels": {**_own(new), **reserved}}


def presented(cloud: Cloud, body: Body) -> Body:
    """A dataset as clients see it, with its saved queries."""
    queries = [names.shown(cloud, query) for _, query in cloud.store.list(API, body["name"], "savedQueries")]
    return names.shown(cloud, body) | ({"savedQueries": queries} if queries else {})


def search(call: Call) -> Body:
    """datasets.searchDataItems: none, since none are imported."""
    standard.parent_exists(call)
    return {}


def _check(body: Body) -> None:
    names.check_described({**body, "labels": _own(body)}, "dataset", "dataset")


def _own(body: Body) -> dict[str, str]:
    """The labels that are the user's own."""
    return {key: value for key, value in body.get("labels", {}).items() if not key.startswith(_RESERVED)}


DATASET = Resource(
    kind="Dataset",
    complete=completed,
    created=created,
    changed=changed,
    present=presented,
    immutable=("metadataSchemaUri", "encryptionSpec"),
    missing='The Dataset "{numbered}" does not exist.',
)
QUERY = Resource(
    kind="SavedQuery",
    present=names.shown,
    missing='The SavedQuery "{numbered}" does not exist.',
)
ITEM = Resource(kind="DataItem", present=names.shown, missing='The DataItem "{numbered}" does not exist.')
SPEC = Resource(kind="AnnotationSpec", present=names.shown, missing='The AnnotationSpec "{numbered}" does not exist.')
