"""Sends requests to a cloud in the same process, without a socket."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from localcloud.engine.cloud import Cloud
from localcloud.engine.dispatch import Dispatcher
from localcloud.engine.exchange import Reply
from localcloud.engine.router import Router
from localcloud.server.assembly import opened
from localcloud.services import SERVICES

PROJECT = "cats-dogs"
NUMBER = "123456789012"
OWNER = "user:owner@example.com"
# A Wednesday noon in the middle of a month: no test moves the clock past a boundary that it does not mean to pass.
MIDMONTH = datetime(2026, 12, 16, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Sender:
    """Calls the cloud as one principal; each call is a transaction of its own, as in the server."""

    cloud: Cloud
    dispatcher: Dispatcher
    principal: str = OWNER

    def as_(self, principal: str) -> Sender:
        """The same cloud, called by another principal."""
        return replace(self, principal=principal)

    def __call__(self, verb: str, path: str, body: Any = None, status: int = 200) -> Any:
        """The JSON answer, after checking its status."""
        headers = {"content-type": "application/json"}
        if self.principal:
            headers["authorization"] = self.bearer()
        return self.send(verb, path, headers, b"" if body is None else json.dumps(body).encode(), status)

    def bearer(self) -> str:
        """The authorization header of the principal."""
        return f"Bearer {self.cloud.tokens.token(self.principal)}"

    def send(self, verb: str, path: str, headers: dict[str, str], body: bytes, status: int = 200) -> Any:
        """The same with given headers and bytes."""
        reply = self.reply(verb, path, headers, body)
        assert isinstance(reply.body, bytes)
        assert reply.status == status, reply.body.decode()
        return json.loads(reply.body)

    def reply(self, verb: str, path: str, headers: dict[str, str], body: bytes = b"") -> Reply:
        """The whole answer, whatever its status."""
        self.cloud.store.begin()
        reply = self.dispatcher.inside("http://127.0.0.1:1", verb, path, headers, body)
        self.cloud.store.commit()
        return reply

    def refused(self, verb: str, path: str, body: Any = None, status: int = 400) -> str:
        """The message of an error."""
        return str(self(verb, path, body, status)["error"]["message"])

    def grant(self, role: str, member: str) -> None:
        """Adds a binding to the project's policy."""
        resource = f"projects/{PROJECT}"
        policy = self.cloud.iam.policy("cloudresourcemanager", resource)
        bindings = [*policy.get("bindings", []), {"role": role, "members": [member]}]
        self.cloud.iam.write("cloudresourcemanager", resource, {"bindings": bindings})

    def later(self, **apart: float) -> None:
        """Moves the clock forward by days, hours or seconds."""
        factors = {"days": 86_400, "hours": 3600, "seconds": 1}
        self.cloud.clock.advance(sum(factors[unit] * amount for unit, amount in apart.items()))


def sender(folder: Path, *apis: str, began: datetime | None = MIDMONTH) -> Sender:
    """A fresh cloud with one project, its owner and the APIs enabled in it; without `began`, its clock is the machine's."""
    cloud = opened(folder)
    if began is not None:
        with cloud.store.transaction():
            cloud.clock.advance(began.timestamp() - cloud.clock.seconds())
    now = cloud.clock.rfc3339()
    project = {"projectId": PROJECT, "projectNumber": NUMBER, "state": "ACTIVE", "displayName": "Cats and dogs"}
    project |= {"createTime": now, "updateTime": now}
    owner = Sender(cloud, Dispatcher(cloud, Router(SERVICES)))
    with cloud.store.transaction():
        cloud.store.put("cloudresourcemanager", f"projects/{PROJECT}", project)
        for api in apis:
            cloud.store.put("serviceusage", f"projects/{PROJECT}/services/{api}.googleapis.com", {"state": "ENABLED"})
        owner.grant("roles/owner", OWNER)
    return owner
