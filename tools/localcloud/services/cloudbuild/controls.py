"""Control calls for local tools: set the folder that stands in for a repository, and report pushes to it."""

from __future__ import annotations

from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Body
from localcloud.errors import invalid
from localcloud.services.cloudbuild import connections, events, folders


def repositories(cloud: Cloud, sent: Body) -> Body:
    """Sets a folder with {"repository": URL, "folder": path}, or nothing with {}; returns all folders and the connections completed."""
    done: list[str] = []
    if sent:
        if not isinstance(sent.get("repository"), str) or not isinstance(sent.get("folder"), str):
            raise invalid('Send {"repository": "https://github.com/OWNER/NAME", "folder": "/an/absolute/path"}.')
        folders.name(cloud, sent["repository"], sent["folder"])
        done = connections.complete_all(cloud)
    return {"folders": folders.all_(cloud), "completed": done}


def pushes(cloud: Cloud, sent: Body) -> Body:
    """Handles pushes to {"repository": URL}, or with {} to all, since the last call; returns them with their triggers' results.

    What failed to build is built again, even where nothing was pushed: its push is returned, and "again" in its trigger's result.
    """
    found_pushes = []
    for push in folders.pushed(cloud, str(sent.get("repository", ""))):
        triggers = [
            {"trigger": one.trigger, "name": one.name, "build": one.build, "problem": one.problem, "again": one.again}
            for one in events.pushed(cloud, push)
        ]
        if push.old == push.new and not triggers:
            continue
        found_pushes.append({"repository": push.remote, "ref": push.ref, "commit": push.new, "triggers": triggers})
    return {"pushes": found_pushes}
