"""Organizations, folders, liens and tags, none of which exist here.

Projects of the local cloud have no organization, like those of most people: the lists are empty, what is named is refused.
"""

from __future__ import annotations

from localcloud.engine.service import Body, Call, Handler
from localcloud.errors import permission_denied
from localcloud.services.cloudresourcemanager import projects


def none(_: Call) -> Body:
    """An empty list."""
    return {}


def unknown(call: Call) -> Body:
    """The 403 for any organization or folder: Google does not tell whether it is missing or not accessible."""
    if call.method.version == "v1":
        raise permission_denied("The caller does not have permission")
    permission = f"resourcemanager.{call.collection}.{call.method.verb}"
    where = f"//cloudresourcemanager.googleapis.com/{call.name}"
    raise permission_denied(f"Permission '{permission}' denied on resource '{where}' (or it may not exist).")


def methods() -> dict[str, Handler]:
    """Handlers by method id."""
    empty = ("organizations.search", "folders.search", "folders.list", "liens.list", "tagBindings.list", "tagKeys.list")
    handlers: dict[str, Handler] = {f"{projects.API}.{name}": none for name in (*empty, "effectiveTags.list")}
    for kind in ("organizations", "folders"):
        for verb in ("get", "getIamPolicy", "setIamPolicy"):
            handlers[f"{projects.API}.{kind}.{verb}"] = unknown
    return handlers
