"""What the pages show, as values: read through the API as the owner, so that a page says what a client would be told."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from localcloud.engine.cloud import Cloud
from localcloud.engine.dispatch import Dispatcher

Body = dict[str, Any]
OWNER = "user:owner@example.com"
_PREVIEW = 64 * 1024
_HIDDEN = {"secretmanager": ("versions",)}
_ROWS = 500


@dataclass(frozen=True)
class Tile:
    """A service of a project with how much there is of it."""

    api: str
    title: str
    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        """All its resources."""
        return sum(self.counts.values())


@dataclass(frozen=True)
class Thing:
    """A resource in a list: its full name, the last part of it, its collection and when it was made."""

    name: str
    label: str
    collection: str
    created: str


class Views:
    """Reads the cloud for the pages."""

    def __init__(self, dispatcher: Dispatcher, base: str) -> None:
        self._dispatcher, self._base = dispatcher, base

    @property
    def cloud(self) -> Cloud:
        """The cloud that is shown."""
        return self._dispatcher.cloud

    def ask(self, path: str, **params: str) -> Body | None:
        """A GET of the API as the owner; None when it is refused or there is no such thing."""
        headers = {"authorization": f"Bearer {self.cloud.tokens.token(OWNER)}"}
        target = f"{path}?{urlencode(params)}" if params else path
        with self.cloud.store.together():
            reply = self._dispatcher.inside(self._base, "GET", target, headers, b"")
        if reply.status != 200 or not isinstance(reply.body, (bytes, str)):
            return None
        found: Body = json.loads(reply.body)
        return found

    def projects(self) -> list[Body]:
        """The projects that there are."""
        rows = self.cloud.store.list("cloudresourcemanager", "", "projects")
        return [{"id": name.partition("/")[2], **body} for name, body in rows]

    def tiles(self, project: str) -> list[Tile]:
        """The services that a project has something of."""
        found: dict[str, dict[str, int]] = {}
        for api, collection, count in self.cloud.store.sql(
            "SELECT service, collection, count(*) FROM resources WHERE name LIKE ? ESCAPE '\\' GROUP BY service, collection",
            _below(project),
        ):
            if collection not in _HIDDEN.get(api, ()):
                found.setdefault(api, {})[collection.rpartition(".")[2]] = count
        buckets = self.ask("storage/v1/b", project=project)
        if buckets and buckets.get("items"):
            found["storage"] = {"buckets": len(buckets["items"])}
        services = {service.api: service.title for service in self._dispatcher.router.services.values()}
        return [
            Tile(api, (services.get(api) or api).removesuffix(" API"), counts) for api, counts in sorted(found.items())
        ]

    def things(self, project: str, api: str) -> list[Thing]:
        """The resources of a service in a project, by collection and name."""
        if api == "storage":
            buckets = (self.ask("storage/v1/b", project=project) or {}).get("items", [])
            return [Thing(one["name"], one["name"], "buckets", one["timeCreated"]) for one in buckets]
        rows = self.cloud.store.sql(
            "SELECT name, collection, body FROM resources WHERE service = ? AND name LIKE ? ESCAPE '\\' ORDER BY collection, name LIMIT ?",
            *(api, _below(project), _ROWS),
        )
        return [
            Thing(name, name.rpartition("/")[2], collection.rpartition(".")[2], json.loads(text).get("createTime", ""))
            for name, collection, text in rows
        ]

    def resource(self, api: str, name: str) -> Body | None:
        """A resource as a client is told of it: through its own get method where it has one, else as it is kept."""
        for service in self._dispatcher.router.services.values():
            if service.api == api:
                answer = self.ask(f"{api}/{service.versions[0]}/{quote(name)}")
                if answer is not None:
                    return answer
        return None

    def bucket(self, name: str, prefix: str) -> Body | None:
        """A bucket with the objects and folders below a prefix."""
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
        found = self.ask(path)
        if found is None:
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
        return found, content, str(found.get("contentType", "application/octet-stream"))

    def grants(self, project: str) -> tuple[list[str], list[tuple[str, Mapping[str, list[str]]]]]:
        """Who holds what where: the things that have a policy, and for each member the roles by thing."""
        things: list[str] = []
        members: dict[str, dict[str, list[str]]] = {}
        for thing, binding in self._bindings(project):
            if thing not in things:
                things.append(thing)
            for member in binding["members"]:
                members.setdefault(member, {}).setdefault(thing, []).append(binding["role"].removeprefix("roles/"))
        return things, sorted(members.items())

    def _bindings(self, project: str) -> Iterator[tuple[str, Body]]:
        buckets = {one["name"] for one in (self.ask("storage/v1/b", project=project) or {}).get("items", [])}
        for api, resource, text in self.cloud.store.sql(
            "SELECT service, resource, body FROM policies ORDER BY resource"
        ):
            words = resource.split("/")
            mine = words[:2] == ["projects", project] or (api == "storage" and words[-1] in buckets)
            if mine:
                label = project if len(words) == 2 and words[0] == "projects" else f"{words[-2]}/{words[-1]}"
                for binding in json.loads(text).get("bindings", ()):
                    yield label, binding

    def entries(self, project: str) -> list[Body]:
        """The last log entries of a project, newest first."""
        found = []
        for _, entry in self.cloud.logs.read(f"projects/{project}", newest=True):
            found.append(entry)
            if len(found) == 100:
                break
        return found


def preview(content: bytes, kind: str) -> str | None:
    """The beginning of a text, None for what is none."""
    if not kind.startswith("text/") and "json" not in kind and "xml" not in kind:
        return None
    return content[:_PREVIEW].decode("utf-8", "replace")


def commands(api: str, version: str, name: str) -> Mapping[str, str]:
    """How the same is read with curl and in Python."""
    url = f"https://{api}.googleapis.com/{version}/{name}"
    python = (
        "from google.auth import default\nfrom google.auth.transport.requests import AuthorizedSession\n"
        f'session = AuthorizedSession(default()[0])\nprint(session.get("{url}").json())'
    )
    return {"curl": f'curl --header "Authorization: Bearer $GOOGLE_OAUTH_ACCESS_TOKEN" {url}', "Python": python}


def _below(project: str) -> str:
    escaped = project.replace("\\", "\\\\").replace("_", "\\_").replace("%", "\\%")
    return f"projects/{escaped}/%"
