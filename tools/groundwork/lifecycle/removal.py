"""Deletes a resource of any kind, after what has to be deleted first, and waits until it is gone."""

from __future__ import annotations

from groundwork.errors import GroundworkError
from groundwork.google.cloud import CloudProblem, GoogleCloud
from groundwork.google.operations import finish
from groundwork.resources.item import Item
from groundwork.resources.kind import Without
from groundwork.resources.registry import kinds, listings


def remove(cloud: GoogleCloud, item: Item) -> None:
    """Deletes it; something already gone counts as deleted. Raises GroundworkError, CloudProblem."""
    how = kinds()[item.kind].removal
    if isinstance(how, Without):
        raise GroundworkError(f"{item.kind} {item.short} is not deleted: {how.reason}.")
    row = item.row or next(row for row in listings() if row.kind == item.kind)
    path = how.path.format(version=row.version, project=cloud.project, name=item.name)
    api = row.at(item.location)
    try:
        if how.before:
            how.before(cloud, item)
        answer = cloud.request(how.verb, api, path, params=how.params or None)
    except CloudProblem as problem:
        if problem.code == 404:
            return
        raise
    finish(cloud, api, row.version, answer, "delete it")
