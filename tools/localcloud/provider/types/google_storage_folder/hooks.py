"""google_storage_folder: with force_destroy the objects and the folders in it are deleted first."""

from __future__ import annotations

from functools import partial

from localcloud.provider import requests, rest
from localcloud.provider.hooks import Hooks
from localcloud.provider.values import Object
from localcloud.provider.work import Problem, Work


def delete(work: Work, state: Object) -> None:
    """Deletes a folder; one that holds something only with force_destroy."""
    where, prefix = {"bucket": str(state["bucket"])}, {"prefix": str(state["name"])}
    methods = work.document.methods
    objects = work.ask(methods["storage.objects.list"], where, query=prefix).get("items", [])
    folders = [one["name"] for one in work.call("list", where, query=prefix).get("items", [])]
    if (objects or folders[1:]) and not state.get("force_destroy"):
        raise Problem(
            f"{work.row.type} {state['id']} is not empty.",
            "Set force_destroy = true, apply, then destroy.",
            "force_destroy",
        )
    for one in objects:
        requests.gone_as_none(partial(work.ask, methods["storage.objects.delete"], {**where, "object": one["name"]}))
    for name in sorted(folders, reverse=True):
        rest.remove(work, {**state, "name": name})


HOOKS = Hooks(delete=delete)
