"""Long-running operations: done at once and kept, so that whoever polls finds them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from localcloud.engine.clock import Clock
from localcloud.engine.store import Store
from localcloud.errors import CloudError, not_found

if TYPE_CHECKING:
    from localcloud.engine.call import Call

Body = dict[str, Any]
EMPTY = "google.protobuf.Empty"


class Operations:
    """Keeps google.longrunning.Operation bodies by (api, name)."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def finished(
        self,
        call: Call,
        response: Mapping[str, Any] | None = None,
        *,
        kind: str = EMPTY,
        metadata: Mapping[str, Any] | None = None,
        parent: str | None = None,
    ) -> Body:
        """Stores and answers a done operation.

        `kind` is the response's message ("google.devtools.artifactregistry.v1.Repository", or a bare name in Service.proto),
        `metadata` replaces the default metadata (with its own "@type"), `parent` is the prefix of the name
        ("projects/p/locations/l"; "" = "operations/…").
        """
        body = self._started(call, metadata, parent)
        body |= {"done": True, "response": {"@type": _type(call, kind)} | dict(response or {})}
        return self._keep(call, body)

    def failed(self, call: Call, problem: CloudError, *, parent: str | None = None) -> Body:
        """Stores and answers an operation that is done and failed."""
        body = self._started(call, None, parent)
        status = {"code": _rpc_code(problem.status), "message": problem.message, "details": problem.details}
        return self._keep(call, body | {"done": True, "error": status})

    def get(self, api: str, name: str) -> Body:
        """The operation; 404 when there is none."""
        row = self._store.row("SELECT body FROM operations WHERE service = ? AND name = ?", api, name)
        if row is None:
            raise not_found(f"Operation '{name}' was not found.")
        return self._as_seen(json.loads(row[0]))

    def list(self, api: str, parent: str, after: str, limit: int) -> list[Body]:
        """Operations below a parent ("" = all global ones), sorted by name, after a name."""
        prefix = f"{parent}/operations/" if parent else "operations/"
        rows = self._store.sql(
            "SELECT body FROM operations WHERE service = ? AND name > ? AND name < ? ORDER BY name LIMIT ?",
            *(api, max(after, prefix), prefix[:-1] + "0", limit),
        )
        return [self._as_seen(json.loads(text)) for (text,) in rows]

    def delete(self, api: str, name: str) -> None:
        """Forgets an operation; 404 when there is none."""
        self.get(api, name)
        self._store.sql("DELETE FROM operations WHERE service = ? AND name = ?", api, name)

    def postpone(self, api: str, name: str, seconds: float) -> Body:
        """Lets a stored operation be pending until the clock has moved on by `seconds` (a fault for tests)."""
        body = self.get(api, name) | {"_until": self._clock.rfc3339(seconds)}
        self._write(api, body)
        return self._as_seen(body)

    def _started(self, call: Call, metadata: Mapping[str, Any] | None, parent: str | None) -> Body:
        where = _parent(call) if parent is None else parent
        name = f"{where}/operations/{uuid.uuid4()}".removeprefix("/")
        return {"name": name} | ({"metadata": about} if (about := self._metadata(call, metadata)) else {})

    def _metadata(self, call: Call, given: Mapping[str, Any] | None) -> Body:
        if given is not None:
            return {"@type": _type(call, given["@type"])} | {
                key: value for key, value in given.items() if key != "@type"
            }
        if not call.service.operation_metadata:
            return {}
        now = self._clock.rfc3339()
        known = {
            "createTime": now,
            "endTime": now,
            "target": call.name,
            "verb": call.method.verb,
            "apiVersion": call.method.version,
        }
        schema = call.schema(call.service.operation_metadata.rpartition(".")[2])
        fields = {key: value for key, value in known.items() if key in schema.get("properties", {})}
        return {"@type": _type(call, call.service.operation_metadata)} | fields

    def _keep(self, call: Call, body: Body) -> Body:
        self._write(call.service.api, body)
        return body

    def _write(self, api: str, body: Body) -> None:
        text = json.dumps(body, separators=(",", ":"))
        self._store.sql("INSERT OR REPLACE INTO operations VALUES (?, ?, ?)", api, body["name"], text)

    def _as_seen(self, body: Body) -> Body:
        until = body.pop("_until", "")
        if not until or until <= self._clock.rfc3339():
            return body
        return {key: value for key, value in body.items() if key not in {"done", "response", "error"}}


def _parent(call: Call) -> str:
    if call.service.operation_parent is not None:
        return call.service.operation_parent(call)
    words = call.path.split("/")
    return "/".join(words[:4]) if words[2:3] == ["locations"] else ""


def _type(call: Call, kind: str) -> str:
    if kind.startswith("type.googleapis.com/"):
        return kind
    full = kind if "." in kind or not call.service.proto else f"{call.service.proto}.{kind}"
    return f"type.googleapis.com/{full}"


def _rpc_code(status: str) -> int:
    names = (
        "OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED "
        "RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED"
    )
    return names.split().index(status)
