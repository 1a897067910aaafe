"""A cloud that serves from a thread of this process, so that a test can use its parts while clients call it."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Service
from localcloud.server import assembly, main_port, process, records
from localcloud.services import SERVICES

from tests.localcloud.inside import NUMBER, OWNER, PROJECT

T = TypeVar("T")


@dataclass(frozen=True)
class Serving:
    """A cloud with one project, its port and the loop that it runs on."""

    cloud: Cloud
    port: int
    loop: asyncio.AbstractEventLoop

    def __call__(self, verb: str, path: str, body: Any = None, **params: str) -> Any:
        """The body of the owner's request, which must succeed."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.cloud.tokens.token(OWNER)}", "Content-Type": "application/json"}
        target = f"/{path}?{urlencode(params)}" if params else f"/{path}"
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request(verb, target, data, headers)
            answer = connection.getresponse()
            found = json.loads(answer.read() or b"{}")
        assert answer.status in {200, 204}, found
        return found

    def control(self, name: str, body: Any) -> Any:
        """The control interface's answer, which must be a 200."""
        headers = {"X-Local-Control": "key", "Content-Type": "application/json"}
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request("POST", f"/_local/{name}", json.dumps(body), headers)
            answer = connection.getresponse()
            found = json.loads(answer.read() or b"{}")
        assert answer.status == 200, found
        return found

    def write(self, change: Callable[[], T]) -> T:
        """The result of a change, made on the cloud's event loop as all changes are."""
        return asyncio.run_coroutine_threadsafe(self.cloud.commits.write(change), self.loop).result(60)

    def until(self, holds: Callable[[], bool], signal: str, seconds: float = 60) -> None:
        """Waits until a condition holds, checked at each signal of the cloud."""
        asyncio.run_coroutine_threadsafe(self._until(holds, signal), self.loop).result(seconds)

    async def _until(self, holds: Callable[[], bool], signal: str) -> None:
        while not holds():
            await self.cloud.signals.wait(signal, 60)

    def settled(self) -> None:
        """Waits until no job is being worked on."""
        asyncio.run_coroutine_threadsafe(self.cloud.jobs.settled(), self.loop).result(120)

    def account(self, name: str) -> str:
        """A new service account of the project, as a principal."""
        email = f"{name}@{PROJECT}.iam.gserviceaccount.com"
        body = {"name": f"projects/{PROJECT}/serviceAccounts/{email}", "email": email, "uniqueId": "1"}
        self.write(lambda: self.cloud.store.put("iam", body["name"], body))
        return f"serviceAccount:{email}"

    def grant(self, role: str, member: str) -> None:
        """Adds a binding to the project's policy."""
        self.write(lambda: _grant(self.cloud, role, member))


@contextmanager
def serving(folder: Path, *apis: str, services: tuple[Service, ...] = SERVICES) -> Iterator[Serving]:
    """A cloud with these services, whose project has some APIs enabled; everything that it runs ends with the block."""
    records.folder(folder)
    with records.locked(folder / records.SERVER_LOCK, wait=False), socket.create_server(("127.0.0.1", 0)) as listening:
        found: list[Serving] = []
        ready = threading.Event()
        servers: list[process.Server] = []

        def serve() -> None:
            cloud = assembly.opened(folder, services)
            with closing(cloud.store):
                _populate(cloud, apis)
                port = listening.getsockname()[1]
                app = assembly.application(cloud, services, f"http://127.0.0.1:{port}", "key")
                transcoding = process.Transcoding(app.base)
                config = process.configured(app, main_port.entry(process.targets(folder, cloud, app, transcoding)))
                servers.append(_Server(config, cloud, folder / records.SERVER_LOCK))
                servers[0].began = lambda loop: (found.append(Serving(cloud, port, loop)), ready.set())
                servers[0].run(sockets=[listening])
                transcoding.close()

        thread = threading.Thread(target=serve)
        thread.start()
        assert ready.wait(60)
        try:
            yield found[0]
        finally:
            servers[0].should_exit = True
            thread.join(60)


class _Server(process.Server):
    began: Callable[[asyncio.AbstractEventLoop], object]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.began(asyncio.get_running_loop())


def _populate(cloud: Cloud, apis: tuple[str, ...]) -> None:
    then = cloud.clock.rfc3339()
    row = {"projectId": PROJECT, "projectNumber": NUMBER, "state": "ACTIVE", "displayName": PROJECT}
    with cloud.store.together():
        cloud.store.put("cloudresourcemanager", f"projects/{PROJECT}", row | {"createTime": then, "updateTime": then})
        for api in apis:
            cloud.store.put("serviceusage", f"projects/{PROJECT}/services/{api}.googleapis.com", {"state": "ENABLED"})
        _grant(cloud, "roles/owner", OWNER)


def _grant(cloud: Cloud, role: str, member: str) -> None:
    resource = f"projects/{PROJECT}"
    bindings = cloud.iam.policy("cloudresourcemanager", resource).get("bindings", [])
    cloud.iam.write("cloudresourcemanager", resource, {"bindings": [*bindings, {"role": role, "members": [member]}]})
