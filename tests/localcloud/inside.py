"""A cloud in the same process, with the services that a test chooses."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Service
from localcloud.server.app import App
from localcloud.server.assembly import application, opened
from localcloud.server.wire import Whole
from localcloud.services import SERVICES
from localcloud.services.unwritten import UNWRITTEN

OWNER = "user:owner@example.com"
PROJECT = "inside-project"
NUMBER = "777000000001"


@dataclass(frozen=True)
class Response:
    """What the client received: status, decoded body and headers; `dropped` when the connection was cut."""

    status: int = 0
    body: Any = None
    headers: Mapping[str, str] | None = None
    dropped: bool = False

    @property
    def message(self) -> str:
        """The text of an error."""
        return str(self.body["error"]["message"])


@dataclass(frozen=True)
class Inside:
    """Sends requests to the application as the server does, one event loop each."""

    cloud: Cloud
    app: App
    principal: str = OWNER

    def as_(self, principal: str) -> Inside:
        """The same cloud, called by another principal."""
        return replace(self, principal=principal)

    def __call__(self, verb: str, target: str, body: Any = None, **headers: str) -> Response:
        """One request; a body that is not bytes goes as JSON."""
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return asyncio.run(self.sent(verb, target, [data], headers))

    async def sent(
        self, verb: str, target: str, pieces: Sequence[bytes], headers: Mapping[str, str], *, cut: bool = False
    ) -> Response:
        """The same within a running loop, with a body in pieces; `cut`: the client disconnects before the last piece."""
        path, _, query = target.partition("?")
        sent = {"content-type": "application/json", "host": "127.0.0.1:1", **headers}
        if self.principal:
            sent.setdefault("authorization", f"Bearer {self.cloud.tokens.token(self.principal)}")
        messages = [
            {"type": "http.request", "body": piece, "more_body": cut or index + 1 < len(pieces)}
            for index, piece in enumerate(pieces)
        ]
        waiting = iter(messages)
        out: list[Any] = []
        dropped: list[bool] = []

        async def receive() -> dict[str, Any]:
            return next(waiting, {"type": "http.disconnect"})

        async def send(message: Any) -> None:
            out.append(message)

        scope = {
            "type": "http",
            "method": verb,
            "raw_path": f"/{path}".encode(),
            "path": f"/{path}",
            "query_string": query.encode(),
            "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in sent.items()],
            "extensions": {"localcloud.drop": {"abort": lambda: dropped.append(True)}},
        }
        found = self.app.at_once(scope) if verb in {"GET", "HEAD"} and not any(pieces) else self.app
        if isinstance(found, Whole):
            pairs = zip(found.names, found.values, strict=True)
            headers_out = [(name.lower().encode(), value.encode()) for name, value in pairs]
            out = [{"status": found.status, "headers": headers_out}, {"body": found.body}]
        else:
            await found(scope, receive, send)
        if not out:
            return Response(dropped=bool(dropped))
        raw = b"".join(message.get("body", b"") for message in out[1:])
        received = {name.decode(): value.decode() for name, value in out[0]["headers"]}
        if received.get("content-encoding") == "gzip":
            raw = gzip.decompress(raw)
        body = json.loads(raw) if "json" in received.get("content-type", "") else raw
        return Response(out[0]["status"], body, received, bool(dropped))

    def ok(self, verb: str, target: str, body: Any = None) -> Any:
        """The body of an answer that must be a 200."""
        response = self(verb, target, body)
        assert response.status == 200, response.body
        return response.body

    def grant(self, role: str, member: str) -> None:
        """Adds a binding to the project's policy."""
        resource = f"projects/{PROJECT}"
        bindings = self.cloud.iam.policy("cloudresourcemanager", resource).get("bindings", [])
        added = {"role": role, "members": [member]}
        self.cloud.iam.write("cloudresourcemanager", resource, {"bindings": [*bindings, added]})


def inside(folder: Path, *services: Service) -> Inside:
    """A fresh cloud of these services with one project, its owner, their APIs enabled, and all known roles."""
    cloud = opened(folder, services, (*UNWRITTEN, *SERVICES))
    now = cloud.clock.rfc3339()
    row = {"projectId": PROJECT, "projectNumber": NUMBER, "state": "ACTIVE", "displayName": PROJECT}
    owner = Inside(cloud, application(cloud, services, "http://127.0.0.1:1", "key"))
    with cloud.store.transaction():
        cloud.store.put("cloudresourcemanager", f"projects/{PROJECT}", row | {"createTime": now, "updateTime": now})
        for service in services:
            name = f"projects/{PROJECT}/services/{service.api}.googleapis.com"
            cloud.store.put("serviceusage", name, {"state": "ENABLED"})
        owner.grant("roles/owner", OWNER)
    return owner
