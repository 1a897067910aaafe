"""The console's views as values, read through the API as the project's owner, so that a page shows what a client would get."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from localcloud.console.address import MAPS
from localcloud.engine.cloud import Cloud
from localcloud.engine.dispatch import Dispatcher
from localcloud.engine.service import Body

OWNER = "user:owner@example.com"
_PREVIEW = 64 * 1024
_HIDDEN = {"secretmanager": ("versions",)}
_ROWS = 500


@dataclass(frozen=True)
class Tile:
    """A service of a project and the number of its resources."""

    api: str
    title: str
    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        """The number of all its resources."""
        return sum(self.counts.values())


@dataclass(frozen=True)
class Thing:
    """A resource in a list: its full name, its id, its collection, its creation time, its state and what people call it, "" for none."""

    name: str
    label: str
    collection: str
    created: str
    state: str = ""
    called: str = ""


@dataclass(frozen=True)
class Children:
    """What a kind of resource contains: the collection below it, the key of its list, and the columns by heading."""

    title: str
    collection: str
    key: str
    columns: Mapping[str, str]


@dataclass(frozen=True)
class Inside:
    """A table of a resource's children."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


INSIDE = {
    ("secretmanager", "secrets"): Children(
        "Versions, without their values",
        "versions",
        "versions",
        {"Version": "name", "State": "state", "Made": "createTime"},
    ),
    ("artifactregistry", "repositories"): Children(
        "Images",
        "dockerImages",
        "dockerImages",
        {"Image": "name", "Tags": "tags", "Bytes": "imageSizeBytes", "Pushed": "uploadTime"},
    ),
    ("run", "services"): Children(
        "Revisions", "revisions", "revisions", {"Revision": "name", "Image": "containers.0.image", "Made": "createTime"}
    ),
    ("run", "jobs"): Children(
        "Executions",
        "executions",
        "executions",
        {"Execution": "name", "Succeeded": "succeededCount", "Failed": "failedCount", "Made": "createTime"},
    ),
}


def _cell(body: Any, path: str) -> str:
    """A value for a table cell: a name's last segment, a list's items joined, a time to the second."""
    value = body
    for step in path.split("."):
        if isinstance(value, list):
            value = value[int(step)] if step.isdigit() and int(step) < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    if isinstance(value, list):
        return ", ".join(map(str, value))
    text = "" if value is None else str(value)
    return text.rpartition("/")[2] if path == "name" else moment(text) if path.endswith("Time") else text


def moment(text: str) -> str:
    """A timestamp from the API in readable form, to the second."""
    return text[:19].replace("T", " ")


class Views:
    """Reads the cloud for the pages."""

    def __init__(self, dispatcher: Dispatcher, base: str) -> None:
        self._dispatcher, self._base = dispatcher, base

    @property
    def cloud(self) -> Cloud:
        """The cloud that the console shows."""
        return self._dispatcher.cloud

    def ask(self, path: str, **params: str) -> Body | None:
        """Sends a GET to the API as the owner; None if it is refused or the resource does not exist."""
        headers = {"authorization": f"Bearer {self.cloud.tokens.token(OWNER)}"}
        target = f"{path}?{urlencode(params)}" if params else path
        with self.cloud.store.together():
            reply = self._dispatcher.inside(self._base, "GET", target, headers, b"")
        if reply.status != 200 or not isinstance(reply.body, (bytes, str)):
            return None
        answer: Body = json.loads(reply.body)
        return answer

    def projects(self) -> list[Body]:
        rows = self.cloud.store.list("cloudresourcemanager", "", "projects")
        return [{"id": name.partition("/")[2], **body} for name, body in rows]

    def drawing(self, project: str) -> bytes | None:
        """A project's map as SVG; None if there is none."""
        if not re.fullmatch("[a-z][a-z0-9-]{0,62}", project):
            return None
        try:
            return (self.cloud.store.folder / MAPS / f"{project}.svg").read_bytes()
        except OSError:
            return None

    def tiles(self, project: str) -> list[Tile]:
        """The services of a project that have resources."""
        totals: dict[str, dict[str, int]] = {}
        for api, collection, count in self.cloud.store.sql(
            "SELECT service, collection, count(*) FROM resources WHERE name LIKE ? ESCAPE '\\' GROUP BY service, collection",
            below(project),
        ):
            if collection not in _HIDDEN.get(api, ()):
                totals.setdefault(api, {})[collection.rpartition(".")[2]] = count
        buckets = self.ask("storage/v1/b", project=project)
        if buckets and buckets.get("items"):
            totals["storage"] = {"buckets": len(buckets["items"])}
        return [Tile(api, self.title(api), counts) for api, counts in sorted(totals.items())]

    def title(self, api: str) -> str:
        """What Google calls an API, such as "Secret Manager" for secretmanager."""
        titles = {service.api: service.title for service in self._dispatcher.router.services.values()}
        return (titles.get(api) or api).removesuffix(" API").removesuffix(" Admin")

    def things(self, project: str, api: str) -> list[Thing]:
        """The resources of a service in a project, by collection, those that contain others first, each with the newest first."""
        if api == "storage":
            buckets = (self.ask("storage/v1/b", project=project) or {}).get("items", [])
            return [Thing(one["name"], one["name"], "buckets", one["timeCreated"]) for one in buckets]
        rows = self.cloud.store.sql(
            "SELECT name, collection, body FROM resources WHERE service = ? AND name LIKE ? ESCAPE '\\' ORDER BY collection, name LIMIT ?",
            *(api, below(project), _ROWS),
        )
        things = [_thing(name, collection.rpartition(".")[2], json.loads(text)) for name, collection, text in rows]
        things.sort(key=lambda thing: thing.created, reverse=True)
        return sorted(things, key=lambda thing: (thing.name.count("/"), thing.collection))

    def versions(self, api: str) -> Sequence[str]:
        """The implemented versions of an API, newest first; empty for an unknown API."""
        served = [version for one, version in self._dispatcher.router.services if one == api]
        return sorted(
            served, key=lambda version: ("beta" not in version and "alpha" not in version, version), reverse=True
        )

    def resource(self, api: str, name: str) -> tuple[str, Body] | None:
        """A resource as the API returns it, and the API version used; None if it does not exist."""
        answers = ((version, self.ask(f"{api}/{version}/{quote(name)}")) for version in self.versions(api))
        return next(((version, body) for version, body in answers if body is not None), None)

    def inside(self, api: str, version: str, name: str) -> Inside | None:
        """A resource's children, newest first; None if its kind has no children to list."""
        children = INSIDE.get((api, name.split("/")[-2] if "/" in name else ""))
        if children is None:
            return None
        listed = (self.ask(f"{api}/{version}/{quote(name)}/{children.collection}") or {}).get(children.key, [])
        rows = [[_cell(one, path) for path in children.columns.values()] for one in listed[:_ROWS]]
        return Inside(children.title, list(children.columns), rows)

    def bucket(self, name: str, prefix: str) -> Body | None:
        """A bucket with the objects and folders under a prefix; None if it does not exist."""
        bucket = self.ask(f"storage/v1/b/{quote(name, safe='')}")
        if bucket is None:
            return None
        listed = (
            self.ask(f"storage/v1/b/{quote(name, safe='')}/o", prefix=prefix, delimiter="/", maxResults=str(_ROWS))
            or {}
        )
        return {"bucket": bucket, "objects": listed.get("items", []), "folders": listed.get("prefixes", [])}

    def object(self, bucket: str, name: str) -> tuple[Body, bytes, str] | None:
        """An object's metadata, its bytes and their type."""
        path = f"storage/v1/b/{quote(bucket, safe='')}/o/{quote(name, safe='')}"
        metadata = self.ask(path)
        if metadata is None:
            return None
        headers = {"authorization": f"Bearer {self.cloud.tokens.token(OWNER)}"}
        with self.cloud.store.together():
            reply = self._dispatcher.inside(self._base, "GET", f"{path}?alt=media", headers, b"")
        if reply.file is not None:
            place, start, length = reply.file
            with place.open("rb") as stream:
                stream.seek(start)
                content = stream.read(length)
        else:
            content = reply.body if isinstance(reply.body, bytes) else b""
        return metadata, content, str(metadata.get("contentType", "application/octet-stream"))


def _thing(name: str, collection: str, body: Body) -> Thing:
    label, called = name.rpartition("/")[2], str(body.get("displayName") or body.get("name") or "")
    if called == label or "/" in called:
        called = ""
    return Thing(name, label, collection, body.get("createTime", ""), _state(body), called)


def _state(body: Body) -> str:
    """The state of a resource in words, whichever field its API keeps it in; "" if it has none."""
    ready = [one for one in body.get("conditions") or () if one.get("type") == "Ready"]
    conditions = (condition.get("state") for condition in (body.get("terminalCondition") or {}, *ready))
    states = (one for one in (body.get("state"), body.get("status"), *conditions) if isinstance(one, str))
    return re.sub(r"^(JOB_STATE|CONDITION)_", "", next(states, "")).replace("_", " ").lower()


def preview(content: bytes, kind: str) -> str | None:
    """The beginning of a text; None for other content."""
    if not kind.startswith("text/") and "json" not in kind and "xml" not in kind:
        return None
    return content[:_PREVIEW].decode("utf-8", "replace")


def below(project: str) -> str:
    """The LIKE pattern for the names in a project."""
    escaped = project.replace("\\", "\\\\").replace("_", "\\_").replace("%", "\\%")
    return f"projects/{escaped}/%"
