"""Deletes one thing of any kind that the list calls find, with what has to go before it, and waits until it is gone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

from groundwork.errors import GroundworkError
from groundwork.google.cloud import Cloud, CloudProblem
from groundwork.google.operations import finish
from groundwork.resources import acls, policies
from groundwork.resources.inventory import AT_ONCE, Item, host_of

_RUNNING = (
    "JOB_STATE_QUEUED",
    "JOB_STATE_PENDING",
    "JOB_STATE_RUNNING",
    "PIPELINE_STATE_PENDING",
    "PIPELINE_STATE_RUNNING",
)


def remove(cloud: Cloud, item: Item) -> None:
    """Delete it; what is gone already counts as deleted. Raises GroundworkError, CloudProblem."""
    assert item.row is not None
    before = _BEFORE.get(item.kind)
    if before:
        before(cloud, item)
    version = item.row.version
    path = _PATHS.get(item.kind, "{version}/{name}").format(version=version, project=cloud.project, name=item.name)
    api = _host(item)
    try:
        answer = cloud.request("DELETE", api, path, params=_PARAMS.get(item.kind))
    except CloudProblem as problem:
        if problem.code == 404:
            return
        raise
    finish(cloud, api, version, answer, "delete it")


def _host(item: Item) -> str:
    """The API, of the region where the thing is if that has one of its own."""
    assert item.row is not None
    return host_of(item.row, item.name.partition("/locations/")[2].partition("/")[0])


def empty_bucket(cloud: Cloud, name: str) -> None:
    """Delete every version of every object in a bucket, several at once. Raises CloudProblem."""

    def delete(entry: Mapping[str, Any]) -> None:
        path = f"v1/b/{name}/o/{quote(entry['name'], safe='')}"
        try:
            cloud.request("DELETE", "storage", path, params={"generation": entry["generation"]})
        except CloudProblem as problem:
            if problem.code != 404:
                raise

    fields = {"versions": "true", "maxResults": 1000, "fields": "items(name,generation),nextPageToken"}
    versions = list(cloud.pages("storage", f"v1/b/{name}/o", "items", fields))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in pool.map(delete, versions):
            pass


def _empty(cloud: Cloud, item: Item) -> None:
    empty_bucket(cloud, item.name)


def _deactivate(cloud: Cloud, item: Item) -> None:
    """Only inactive keys can be deleted (https://cloud.google.com/storage/docs/json_api/v1/projects/hmacKeys/delete)."""
    if item.body.get("state") == "ACTIVE":
        cloud.request("PUT", "storage", f"v1/{item.name}", json={"state": "INACTIVE"})


def _unbind(cloud: Cloud, item: Item) -> None:
    """Take an account out of every policy first: a binding of a deleted account stays, and hides who it was."""
    found = policies.read_all(cloud)
    if found.unknown:
        names = ", ".join(found.unknown)
        raise GroundworkError(f"Its bindings could not be looked for in: {names}. It was left as it is.")
    member = f"serviceAccount:{item.name}"
    places = {binding.item for binding in found.bindings if member in binding.members}
    for place in sorted(places):
        policies.drop_members(cloud, place, lambda one: one == member)
    for entry in found.acls:
        acls.drop_members(cloud, entry, lambda one: one == f"user:{item.name}")


def _cancel(cloud: Cloud, item: Item) -> None:
    if item.body.get("state") in _RUNNING:
        cloud.request("POST", _host(item), f"v1/{item.name}:cancel", json={})


def _undeploy(cloud: Cloud, item: Item) -> None:
    for model in item.body.get("deployedModels", ()):
        answer = cloud.request(
            "POST", _host(item), f"v1/{item.name}:undeployModel", json={"deployedModelId": model["id"]}
        )
        finish(cloud, _host(item), "v1", answer, "undeploy what is on it")


def _undeploy_index(cloud: Cloud, item: Item) -> None:
    for index in item.body.get("deployedIndexes", ()):
        answer = cloud.request(
            "POST", _host(item), f"v1/{item.name}:undeployIndex", json={"deployedIndexId": index["id"]}
        )
        finish(cloud, _host(item), "v1", answer, "undeploy what is on it")


_PATHS = {"bucket": "v1/b/{name}", "service account": "v1/projects/{project}/serviceAccounts/{name}"}
_PARAMS = {"BigQuery dataset": {"deleteContents": "true"}}
_BEFORE: Mapping[str, Callable[[Cloud, Item], None]] = {
    "bucket": _empty,
    "service account": _unbind,
    "HMAC key": _deactivate,
    "Vertex custom job": _cancel,
    "Vertex tuning job": _cancel,
    "Vertex training pipeline": _cancel,
    "Vertex pipeline run": _cancel,
    "Vertex batch prediction": _cancel,
    "Vertex endpoint": _undeploy,
    "Vertex index endpoint": _undeploy_index,
}
