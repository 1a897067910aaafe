"""What Vertex AI's kinds have in common: regional hosts, jobs that are cancelled, endpoints that are emptied."""

from __future__ import annotations

import time

from groundwork.errors import GroundworkError
from groundwork.google.cloud import GoogleCloud
from groundwork.google.operations import finish
from groundwork.resources.item import Item
from groundwork.resources.kind import Without
from groundwork.resources.listing import HERE, Listing

_API = "aiplatform"
NO_GRANTS = Without("no role has a permission to change the IAM policy that Google documents for it")
_WAITS = (0.2, 0.5, 1, 2, 5, *(10,) * 12)


def _states(*names: str) -> frozenset[str]:
    return frozenset(f"{what}_STATE_{name}" for what in ("JOB", "PIPELINE") for name in names)


_RUNNING = _states("QUEUED", "PENDING", "RUNNING", "UPDATING", "PAUSED")
_UNENDED = _RUNNING | _states("CANCELLING")
_ENDED = _states("SUCCEEDED", "PARTIALLY_SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED")


def listing(collection: str) -> Listing:
    """The list call of a collection, in every region."""
    return Listing(_API, f"v1/{HERE}/{collection}", collection, regional=True)


def cancel(cloud: GoogleCloud, item: Item) -> None:
    """Cancels a job that is running or queued, and waits for its end, since only then can it be deleted.

    Raises GroundworkError after two minutes.
    """
    job = item.body
    if job.get("state") in _RUNNING:
        cloud.request("POST", host(item), f"v1/{item.name}:cancel", json={})
    for seconds in _WAITS if job.get("state") in _UNENDED else ():
        job = cloud.request("GET", host(item), f"v1/{item.name}")
        if job.get("state") not in _UNENDED:
            return
        time.sleep(seconds)
    if job.get("state") in _UNENDED:
        raise GroundworkError(
            f"{item.kind} {item.short} was cancelled and has not ended after two minutes: try again later."
        )


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
