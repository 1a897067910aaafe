"""A small client for one bucket over Cloud Storage's JSON API, used on behalf of workloads."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote, urlencode

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
_PATIENCE = 600.0


class BucketRefused(Exception):
    """An error from Cloud Storage: its status and its message."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True)
class BucketClient:
    """A bucket, reached at the address "127.0.0.1:PORT"."""

    name: str
    address: str
    token: str

    def objects(self, prefix: str = "") -> Iterator[tuple[str, int]]:
        """Names and sizes of its objects below a prefix."""
        token = ""
        while True:
            params = {"prefix": prefix, "fields": "items(name,size),nextPageToken", "pageToken": token}
            page = self._json("GET", f"{self._path}/o?{urlencode(params)}")
            yield from ((one["name"], int(one["size"])) for one in page.get("items", []))
            token = page.get("nextPageToken", "")
            if not token:
                return

    def fetch(self, name: str, target: Path) -> None:
        """Downloads an object to a file."""
        with closing(HTTPConnection(self.address, timeout=_PATIENCE)) as connection:
            answer = self._asked(connection, "GET", f"{self._path}/o/{quote(name, safe='')}?alt=media")
            with target.open("wb") as stream:
                shutil.copyfileobj(answer, stream, 1 << 20)

    def put(self, name: str, source: BinaryIO) -> None:
        """Uploads a file as an object."""
        target = f"/upload{self._path}/o?{urlencode({'uploadType': 'media', 'name': name})}"
        with closing(HTTPConnection(self.address, timeout=_PATIENCE)) as connection:
            self._asked(connection, "POST", target, source, os.fstat(source.fileno()).st_size).read()

    def delete(self, name: str) -> None:
        """Deletes an object."""
        with closing(HTTPConnection(self.address, timeout=_PATIENCE)) as connection:
            self._asked(connection, "DELETE", f"{self._path}/o/{quote(name, safe='')}").read()

    @property
    def _path(self) -> str:
        return f"/storage/v1/b/{quote(self.name, safe='')}"

    def _json(self, verb: str, target: str) -> dict[str, Any]:
        with closing(HTTPConnection(self.address, timeout=_PATIENCE)) as connection:
            parsed: dict[str, Any] = json.loads(self._asked(connection, verb, target).read())
            return parsed

    def _asked(
        self, connection: HTTPConnection, verb: str, target: str, body: BinaryIO | None = None, size: int = 0
    ) -> HTTPResponse:
        headers = {"Authorization": f"Bearer {self.token}"}
        if body is not None:
            headers |= {"Content-Length": str(size), "Content-Type": "application/octet-stream"}
        connection.request(verb, target, body, headers)
        answer = connection.getresponse()
        if answer.status >= 300:
            text = answer.read().decode("utf-8", "replace")
            with suppress(ValueError, KeyError, TypeError):
                text = json.loads(text)["error"]["message"]
            raise BucketRefused(answer.status, text)
        return answer
