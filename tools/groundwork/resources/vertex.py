"""What Vertex AI's kinds have in common: regional hosts, jobs that are cancelled, endpoints that are emptied."""

from __future__ import annotations

from groundwork.google.cloud import GoogleCloud
from groundwork.google.operations import finish
from groundwork.resources.item import Item
from groundwork.resources.listing import HERE, Listing

_API = "aiplatform"
_RUNNING = (
    "JOB_STATE_QUEUED",
    "JOB_STATE_PENDING",
    "JOB_STATE_RUNNING",
    "PIPELINE_STATE_PENDING",
    "PIPELINE_STATE_RUNNING",
)
_ENDED = {
    f"{what}_STATE_{how}" for what in ("JOB", "PIPELINE") for how in ("SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED")
}


def listing(collection: str) -> Listing:
    """The list call of a collection, in every region."""
    return Listing(_API, f"v1/{HERE}/{collection}", collection, regional=True)


def cancel(cloud: GoogleCloud, item: Item) -> None:
    """Cancels a job that is running or queued."""
    if item.body.get("state") in _RUNNING:
        cloud.request("POST", host(item), f"v1/{item.name}:cancel", json={})


def over(item: Item) -> bool:
    """Whether a job has ended, successfully or not."""
    return item.body.get("state") in _ENDED


def undeploy(cloud: GoogleCloud, item: Item, held: str, verb: str, key: str) -> None:
    """Undeploys everything on an endpoint: the list `held`, by the method `verb`, which takes each as `key`."""
    for one in item.body.get(held, ()):
        answer = cloud.request("POST", host(item), f"v1/{item.name}:{verb}", json={key: one["id"]})
        finish(cloud, host(item), "v1", answer, "undeploy what is on it")


def host(item: Item) -> str:
    """The API host for a region."""
    return listing("").at(item.location)
