"""The context of one operation on one resource: its type, its settings, and its API calls."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from localcloud.provider import paths
from localcloud.provider.client import Answer, Client, HttpError, NoAnswer
from localcloud.provider.retries import PATIENCE_SECONDS, RetryBudget
from localcloud.provider.rows import ResourceType
from localcloud.provider.settings import Settings
from localcloud.provider.values import Object
from localcloud.spec.discovery import Document, Method, document

_DEFAULT_TIMEOUT = 1200.0


class Problem(Exception):
    """An error for Terraform to show: a summary, a detail with what to do, and the attribute concerned."""

    def __init__(self, summary: str, detail: str = "", attribute: str = "") -> None:
        super().__init__(summary)
        self.summary = summary
        self.detail = detail
        self.attribute = attribute


class Unfinished(Problem):
    """An operation that was accepted but did not finish in time; it may still do so."""


class Incomplete(Exception):
    """The resource exists, but a later step failed: `state` is as much as is known, `cause` the error."""

    def __init__(self, state: Object, cause: Exception) -> None:
        super().__init__(str(cause))
        self.state = state
        self.cause = cause


@dataclass
class Work:
    """The context of a create, read, update, delete or import. `config` is the configuration, `answer` the last resource received."""

    row: ResourceType
    settings: Settings
    client: Client
    stopped: threading.Event
    config: Object = field(default_factory=dict)
    seconds: float = _DEFAULT_TIMEOUT
    answer: Object = field(default_factory=dict)
    lost: bool = False

    def __post_init__(self) -> None:
        self.patience = RetryBudget(time.monotonic() + self.seconds, self.stopped, self.row.retry)

    @property
    def document(self) -> Document:
        """The discovery document of the row's API."""
        return document(self.row.api, self.row.version)

    def method(self, verb: str) -> Method:
        """The row's method with that name in the discovery document."""
        return self.document.methods[f"{self.row.api}.{self.row.collection}.{verb}"]

    def verb(self, verb: str) -> Method:
        """The row's method for get, create, patch or delete, which may have another name in its API."""
        return self.method(self.row.verbs.get(verb, verb))

    @property
    def kind(self) -> str:
        """The schema name of the resource."""
        return self.verb("get").response

    def seconds_left(self) -> float:
        """How much of the operation's timeout is left."""
        return self.patience.deadline - time.monotonic()

    def path(self, values: Object) -> str:
        """The resource's full name; the project defaults to the provider block's."""
        own = str(values.get(paths.names(self.row.id)[-1]) or "")
        if own.startswith("projects/"):
            return own
        places = [name for name in paths.names(self.row.id)[:-1] if f"{{%{name}}}" not in self.row.id]
        short = {name: paths.last(str(values.get(name) or "")) for name in places}
        return paths.fill(self.row.id, values | short | {"project": self.project(values)})

    def id(self, values: Object) -> str:
        """The resource's Terraform id: its full name without what the row omits."""
        omitted = paths.fill(self.row.omits, values | {"project": self.project(values)}) if self.row.omits else ""
        path = self.path(values).replace(omitted, "", 1) if omitted else self.path(values)
        return path.replace("%2F", "/") if "{%" in self.row.id else path

    def configured_project(self) -> str:
        """The project that a data source or the provider block names; raises Problem if neither does."""
        found = str(self.config.get("project") or self.settings.project)
        if not found:
            raise Problem(
                f"{self.row.type}: no project is named.", "Set project, here or in the provider block.", "project"
            )
        return found

    def project(self, values: Object) -> str:
        """The resource's or the provider block's project; raises Problem if neither has one."""
        found = str(values.get("project") or self.settings.project)
        if not found and "project" in paths.names(self.row.id):
            raise Problem(
                f"{self.row.type} has no project.", "Set project on the resource or in the provider block.", "project"
            )
        return found

    def call(
        self,
        verb: str,
        params: Mapping[str, str],
        *,
        query: Mapping[str, Any] | None = None,
        body: Object | None = None,
    ) -> Object:
        """Calls one of the row's methods; raises HttpError or NoAnswer if retries did not help."""
        return self.ask(self.method(verb), params, query=query, body=body)

    def ask(
        self,
        method: Method,
        params: Mapping[str, str],
        *,
        query: Mapping[str, Any] | None = None,
        body: Object | None = None,
    ) -> Object:
        """Calls any method of a discovery document."""
        url = self.url(method.api, method.version, paths.route(method.path, params))
        sent = json.dumps(body).encode() if body is not None else None
        return self.request(method.http, url, query=query, body=sent).body

    def url(self, api: str, version: str, path: str) -> str:
        """The URL for a path that starts with the API's version, at the local cloud or a custom endpoint."""
        endpoint = self.settings.endpoints.get(api)
        if endpoint:
            return endpoint + path.removeprefix(f"{version}/")
        return f"{self.settings.base}/{api}/{path}"

    def host(self) -> str:
        """Scheme, host and port of the row's API, for paths from the root."""
        parts = urlsplit(self.settings.endpoints.get(self.row.api) or self.settings.base)
        return f"{parts.scheme}://{parts.netloc}"

    def request(
        self,
        http: str,
        url: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: bytes | None = None,
        kind: str = "application/json",
        extra: Mapping[str, str] | None = None,
    ) -> Answer:
        """Sends a request and retries temporary errors; sets `lost` if the answer to an earlier attempt was lost."""
        target = f"{url}?{urlencode(query)}" if query else url
        headers = {**self._headers(body, kind), **(extra or {})}
        self.lost = False

        def once() -> Answer:
            try:
                return self.client.send(http, target, body, headers, self.settings.request_timeout)
            except NoAnswer as error:
                self.lost = self.lost or error.sent
                raise
            except HttpError as error:
                self.lost = self.lost or error.code in (500, 502, 503)
                raise

        return self.patience.keep_trying(once, seconds=PATIENCE_SECONDS)

    def _headers(self, body: bytes | None, kind: str) -> dict[str, str]:
        headers = {"Accept": "application/json"}
        if self.settings.token:
            headers["Authorization"] = f"Bearer {self.settings.token}"
        if body is not None:
            headers["Content-Type"] = kind
        if self.settings.user_project_override and self.settings.billing_project:
            headers["X-Goog-User-Project"] = self.settings.billing_project
        if self.settings.request_reason:
            headers["X-Goog-Request-Reason"] = self.settings.request_reason
        return headers
