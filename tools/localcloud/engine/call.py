"""What a handler gets (a Call) and gives back (a dict or a Reply)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localcloud.engine.store import file_pieces
from localcloud.errors import unimplemented
from localcloud.spec.discovery import document

if TYPE_CHECKING:
    from localcloud.engine.clock import Clock
    from localcloud.engine.iam import Iam
    from localcloud.engine.operations import Operations
    from localcloud.engine.projects import Projects
    from localcloud.engine.service import Service
    from localcloud.engine.store import Store
    from localcloud.spec.discovery import Document, Method


@dataclass(frozen=True, slots=True)
class Content:
    """A raw request body: in memory (`data`) when it is at most 1 MiB, else spooled to the file `path`.

    The file lies on the same disk as the store's blobs and belongs to the request: rename it to keep it, it is removed
    otherwise. `type` is the Content-Type header.
    """

    type: str
    size: int
    data: bytes | None = None
    path: Path | None = None

    def read(self) -> bytes:
        """The whole body in memory."""
        return self.data if self.data is not None else self.path.read_bytes() if self.path else b""

    def chunks(self) -> Iterator[bytes]:
        """The body in pieces of at most 1 MiB."""
        return iter((self.data or b"",)) if self.path is None else file_pieces(self.path)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that is more than a 200 with JSON.

    `body`: bytes as they are, a dict as JSON, a str that is JSON already, None for empty. `file`: (path, start, length) is
    streamed instead of `body`.
    """

    status: int = 200
    body: bytes | str | Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    file: tuple[Path, int, int] | None = None


Dispatch = Callable[[str, str, Mapping[str, str], bytes], Reply]


def _nowhere(*request: object) -> Reply:
    raise unimplemented(f"{request[0]} {request[1]}: this local cloud has no server to hand it to.")


@dataclass(slots=True)
class Cloud:
    """Everything behind the services. One per process; handlers reach it as `call.cloud`.

    `dispatch(verb, target, headers, body) -> Reply` runs another request inside this one (for batches).
    """

    store: Store
    clock: Clock
    iam: Iam
    operations: Operations
    projects: Projects
    services: Mapping[tuple[str, str], Service]
    dispatch: Dispatch = _nowhere


@dataclass(frozen=True, slots=True)
class Call:
    """One request, routed, authenticated, authorised and checked against its schema.

    `params`: path and query parameters under their documented camelCase names, decoded and typed (integers and int64
    as int, booleans as bool, repeated as list); absent ones are absent, documented defaults are not filled in. Project numbers in
    path parameters are already project ids. `path`: the resource part of the URL without version and custom verb
    ("projects/p/secrets/s"). `principal`: "user:alice@example.com", "" when anonymous. `headers`: lower-case names.
    """

    service: Service
    method: Method
    path: str
    params: Mapping[str, Any]
    body: dict[str, Any]
    principal: str
    cloud: Cloud
    base: str
    headers: Mapping[str, str] = field(default_factory=dict)
    content: Content | None = None
    http_path: str = ""

    @property
    def name(self) -> str:
        """The resource that the URL names: "projects/p/secrets/s" ("projects/p" for a method on …/secrets)."""
        return self.path if self.path.count("/") % 2 else self.path.rpartition("/")[0]

    @property
    def parent(self) -> str:
        """What the URL's resource or collection lies in: "projects/p" for projects/p/secrets and for projects/p/secrets/s."""
        return self.path.rpartition("/")[0] if self.path.count("/") % 2 == 0 else self.path.rsplit("/", 2)[0]

    @property
    def collection(self) -> str:
        """The collection's last word: "secrets"."""
        words = self.path.split("/")
        return words[-1] if len(words) % 2 else words[-2]

    @property
    def id(self) -> str:
        """The last segment of the URL's resource: "s"."""
        return self.name.rpartition("/")[2]

    @property
    def project(self) -> str | None:
        """The id of the project that this call is about, None when it is about none."""
        if self.service.project is not None:
            return self.service.project(self)
        words = self.path.split("/")
        return words[1] if words[0] == "projects" and len(words) > 1 and words[1] not in {"-", "_"} else None

    @property
    def document(self) -> Document:
        """The discovery document that this call was routed by."""
        return document(self.method.api, self.method.version)

    def schema(self, name: str) -> Mapping[str, Any]:
        """A schema of this API's document; empty when the document has none of that name."""
        found: Mapping[str, Any] = self.document.schemas.get(name, {})
        return found

    @property
    def upload(self) -> bool:
        """Whether the request came by a media upload path (/upload/…, /resumable/upload/…)."""
        return "upload/" in self.http_path[:18]
