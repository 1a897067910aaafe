"""A small HTTP client for tests: one keep-alive connection, a principal, and responses as received."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlencode

from localcloud.server import launcher
from localcloud.server.launcher import LocalCloud


@dataclass(frozen=True)
class Answer:
    """Status, decoded JSON (or bytes) and headers with lower-case names."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def message(self) -> str:
        """The text of an error."""
        return str(self.body["error"]["message"])

    @property
    def reasons(self) -> list[str]:
        """The reasons of an error's ErrorInfo details."""
        return [detail["reason"] for detail in self.body["error"].get("details", []) if "reason" in detail]


@dataclass(frozen=True)
class Client:
    """Calls one local cloud as one principal ("" = without a token). `project` is this test's own."""

    server: LocalCloud
    project: str
    principal: str = launcher.OWNER
    _connection: list[HTTPConnection] = field(default_factory=list, repr=False)

    def as_(self, principal: str) -> Client:
        """A client of the same project as another principal."""
        return replace(self, principal=principal)

    def __call__(
        self, verb: str, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None, **params: str
    ) -> Answer:
        """One request; a body that is not bytes goes as JSON. `path` is relative to the base.

        Raises an OSError if the response was incomplete.
        """
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", **(headers or {})}
        if self.principal:
            sent.setdefault("Authorization", f"Bearer {self.token()}")
        target = "/" + path + ("?" + urlencode(params) if params else "")
        connection = self._connect()
        connection.request(verb, target, data, sent)
        try:
            answer = connection.getresponse()
            raw = answer.read()
        except HTTPException as error:
            raise ConnectionError(f"the answer broke off: {error}") from error
        kept = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, json.loads(raw) if "json" in kept.get("content-type", "") else raw, kept)

    def token(self, principal: str = "") -> str:
        """The token of this principal or another."""
        return launcher.token(self.server.state, principal or self.principal)

    def ok(self, verb: str, path: str, body: Any = None, **params: str) -> Any:
        """The body of a response that must be a 200."""
        answer = self(verb, path, body, **params)
        assert answer.status == 200, answer.body
        return answer.body

    def enable(self, *apis: str) -> Client:
        """Enables APIs in the project."""
        hosts = [f"{api}.googleapis.com" for api in apis]
        self.ok("POST", f"serviceusage/v1/projects/{self.project}/services:batchEnable", {"serviceIds": hosts})
        return self

    def grant(self, role: str, member: str, **condition: str) -> Client:
        """Adds a binding to the project's policy."""
        path = f"cloudresourcemanager/v1/projects/{self.project}"
        policy = self.ok("POST", f"{path}:getIamPolicy", {"options": {"requestedPolicyVersion": 3}})
        binding = {"role": role, "members": [member]} | ({"condition": condition} if condition else {})
        policy = {"version": 3, "etag": policy["etag"], "bindings": [*policy.get("bindings", []), binding]}
        self.ok("POST", f"{path}:setIamPolicy", {"policy": policy})
        return self

    def control(self, verb: str, path: str, body: Any = None) -> Answer:
        """The control interface: control("POST", "faults", {…})."""
        return self(verb, f"_local/{path}", body, headers={"X-Local-Control": self.server.control_key})

    def _connect(self) -> HTTPConnection:
        if not self._connection:
            self._connection.append(HTTPConnection("127.0.0.1", self.server.port, timeout=30))
        return self._connection[0]
