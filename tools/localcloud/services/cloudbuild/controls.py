"""Control calls for local tools: which folder stands in for a repository, and that something was pushed to it."""

from __future__ import annotations

from typing import Any

from localcloud.engine.cloud import Cloud
from localcloud.errors import invalid
from localcloud.services.cloudbuild import connections, events, folders

Body = dict[str, Any]


def repositories(cloud: Cloud, sent: Body) -> Body:
    """{"repository": URL, "folder": path} names a folder, {} names none: the folders that there are, and the connections completed by it."""
    done: list[str] = []
    if sent:
        if not isinstance(sent.get("repository"), str) or not isinstance(sent.get("folder"), str):
            raise invalid('Send {"repository": "https://github.com/OWNER/NAME", "folder": "/an/absolute/path"}.')
        folders.name(cloud, sent["repository"], sent["folder"])
        done = connections.complete_all(cloud)
    return {"folders": folders.all_(cloud), "completed": done}


def pushes(cloud: Cloud, sent: Body) -> Body:
    """{"repository": URL}, or {} for all of them: what was pushed since the last time, and what the triggers made of it."""
    made = []
    for push in folders.pushed(cloud, str(sent.get("repository", ""))):
        triggers = [
            {"trigger": one.trigger, "name": one.called, "build": one.build, "problem": one.problem}
            for one in events.pushed(cloud, push)
        ]
        made.append({"repository": push.remote, "ref": push.ref, "commit": push.new, "triggers": triggers})
    return {"pushes": made}
