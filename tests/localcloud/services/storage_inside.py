"""Cloud Storage in the same process: buckets, objects and their answers, headers and bytes included."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from localcloud.engine.exchange import Reply

from tests.localcloud.services.requests_inside import PROJECT, Sender, sender

B = "/storage/v1/b"
UNIFORM = {"iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}}}
MIB = 1 << 20


@dataclass(frozen=True)
class Answer:
    """A response: status, headers and the whole body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def message(self) -> str:
        """The message of an error; a download's error consists of nothing else."""
        plain = self.headers["content-type"].startswith("text/plain")
        return self.body.decode() if plain else str(self.json["error"]["message"])

    @property
    def reason(self) -> str:
        """The error's reason, on which clients branch."""
        return str(self.json["error"]["errors"][0]["reason"])


@dataclass(frozen=True)
class Storage:
    """Requests to Cloud Storage as one principal; each is a transaction of its own."""

    call: Sender

    def as_(self, principal: str) -> Storage:
        """The same, called by another principal ("" is an anonymous one)."""
        return replace(self, call=self.call.as_(principal))

    def ask(self, verb: str, path: str, body: Any = None, status: int = 200, **headers: str) -> Answer:
        """The answer, after checking its status; a body that is not bytes is sent as JSON."""
        reply = self.reply(verb, path, body, **headers)
        answer = Answer(reply.status, {name.lower(): value for name, value in reply.headers.items()}, content(reply))
        assert answer.status == status, answer.body.decode("utf-8", "replace")
        return answer

    def reply(self, verb: str, path: str, body: Any = None, **headers: str) -> Reply:
        """The answer before it is sent."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        named.setdefault("content-type", "application/octet-stream" if isinstance(body, bytes) else "application/json")
        if self.call.principal:
            named.setdefault("authorization", self.call.bearer())
        return self.call.reply(verb, path, named, data)

    def bucket(self, name: str = "data-bucket", **body: Any) -> dict[str, Any]:
        """A new bucket, with uniform access unless the body says otherwise."""
        created: dict[str, Any] = self.ask("POST", f"{B}?project={PROJECT}", {"name": name, **UNIFORM, **body}).json
        return created

    def upload(self, name: str, data: bytes = b"hello", query: str = "", status: int = 200, **headers: str) -> Any:
        """The object that a simple upload to data-bucket creates."""
        path = f"/upload{B}/data-bucket/o?uploadType=media&name={quote(name, safe='')}{query}"
        return self.ask("POST", path, data, status, **headers).json

    def names(self, query: str = "") -> list[str]:
        """The names in a list of data-bucket."""
        return [item["name"] for item in self.list(query).get("items", [])]

    def list(self, query: str = "") -> Any:
        """A list of data-bucket."""
        return self.ask("GET", f"{B}/data-bucket/o?{query}").json

    def media(self, name: str, status: int = 200, **headers: str) -> bytes:
        """The content of an object of data-bucket."""
        return self.ask("GET", f"{path(name)}?alt=media", None, status, **headers).body


def path(name: str) -> str:
    """The path of an object of data-bucket."""
    return f"{B}/data-bucket/o/{quote(name, safe='')}"


def content(reply: Reply) -> bytes:
    """The bytes of a reply, whether it holds them, names a file or gives them in pieces."""
    if reply.pieces is not None:
        return b"".join(reply.pieces)
    if reply.file is not None:
        file, start, length = reply.file
        return file.read_bytes()[start : start + length]
    return reply.body if isinstance(reply.body, bytes) else b""


def storage(folder: Path, *apis: str) -> Storage:
    """A fresh cloud with one project and its owner, and these additional APIs enabled."""
    return Storage(sender(folder, *apis, began=None))  # clients sign links by the machine's clock
