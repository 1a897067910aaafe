"""Metadata servers, as on Google Cloud: each listens on its own port, and serves one workload.

Source: https://cloud.google.com/compute/docs/metadata/querying-metadata, and what Google's libraries ask.
"""

from __future__ import annotations

import asyncio
import json
import re
import zlib
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from uvicorn.server import ServerState

from localcloud.engine.cloud import Cloud
from localcloud.engine.interfaces import IdTokens
from localcloud.engine.orders import Order
from localcloud.errors import CloudError
from localcloud.provider import callers
from localcloud.server import origins
from localcloud.server.connection_limit import LimitedConnection, others_share
from localcloud.server.heads import Bounded
from localcloud.server.holders import Holders

HOST = "127.0.0.1"
LIFETIME = 3599
SCOPES = ("https://www.googleapis.com/auth/cloud-platform", "https://www.googleapis.com/auth/userinfo.email")
_FLAVOR = {"Metadata-Flavor": "Google", "Server": "Metadata Server for VM (simulated)"}
_DASHED = re.compile(r"-([a-z])")


class MetadataError(Exception):
    """An error response: a status and a sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Metadata:
    """A metadata server for one workload.

    `holders` are the processes that may call it, the workload's own. None where containers share this machine's network, since
    their processes may belong to any user and session.
    """

    def __init__(self, cloud: Cloud, order: Order, holders: Holders | None) -> None:
        self._cloud, self._order, self._holders = cloud, order, holders

    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(routes=[Route("/{path:path}", self._answered, methods=["GET"])])

    async def _answered(self, request: Request) -> Response:
        if self._holders:
            await self._holders.told()
        try:
            self._admit(request)
            text, kind = self._found(request.path_params["path"], request.query_params)
        except MetadataError as problem:
            return Response(f"{problem}\n", problem.status, _FLAVOR, "text/plain")
        return Response(text, 200, _FLAVOR, kind)

    def _admit(self, request: Request) -> None:
        peer, port = request.client, request.scope["server"][1]
        address = f"ipv4:{peer.host}:{peer.port}" if peer else ""
        if self._holders and not (callers.ours(address, port) and self._holders.hold(address, port)):
            raise MetadataError(403, "This metadata server answers only the workload that it belongs to.")
        if unwanted := origins.refusal(request.headers.raw):
            raise MetadataError(403, unwanted)
        # A browser page or an abused proxy would send the one, and not the other.
        if "x-forwarded-for" in request.headers:
            raise MetadataError(403, "Requests with X-Forwarded-For are not answered.")
        if request.path_params["path"].strip("/") and request.headers.get("metadata-flavor") != "Google":
            raise MetadataError(403, "Missing Metadata-Flavor:Google header.")

    def _found(self, path: str, params: Mapping[str, str]) -> tuple[str, str]:
        node: Any = {"computeMetadata": {"v1": self._tree()}}
        for word in path.split("/"):
            if word:
                node = node.get(word) if isinstance(node, dict) else None
        if node is None:
            raise MetadataError(404, f"/{path} does not exist.")
        if callable(node):
            value = node(params)
            return (value, "text/html") if isinstance(value, str) else (json.dumps(value), "application/json")
        if params.get("recursive", "").lower() == "true" or params.get("alt") == "json":
            return json.dumps(_plain(node)), "application/json"
        if isinstance(node, dict):
            return "".join(
                f"{name}{'/' if isinstance(one, dict) else ''}\n" for name, one in node.items()
            ), "application/text"
        return (node if isinstance(node, str) else "".join(f"{one}\n" for one in node)), "application/text"

    def _tree(self) -> dict[str, Any]:
        order = self._order
        number = self._cloud.projects.number(order.project)
        account = {
            "aliases": ("default",),
            "email": order.email,
            "identity": self._identity,
            "scopes": SCOPES,
            "token": self._token,
        }
        region = re.sub(r"-[a-z]\Z", "", order.location)
        zone = order.location if order.location != region else f"{region}-1"
        instance = {
            "id": str(zlib.crc32(order.resource.encode())),
            "name": order.resource.rpartition("/")[2],
            "region": f"projects/{number}/regions/{region}",
            "service-accounts": {"default": account, order.email: account},
            "zone": f"projects/{number}/zones/{zone}",
        }
        project = {"numeric-project-id": str(number), "project-id": order.project}
        return {"instance": instance, "project": project, "universe": {"universe-domain": "googleapis.com"}}

    def _token(self, _params: Mapping[str, str]) -> Mapping[str, Any]:
        self._check_account()
        expires = int(self._cloud.clock.seconds()) + LIFETIME
        token = self._cloud.tokens.token(self._order.principal, expires)
        return {"access_token": token, "expires_in": LIFETIME, "token_type": "Bearer"}

    def _identity(self, params: Mapping[str, str]) -> str:
        self._check_account()
        audience, offer = params.get("audience", ""), self._cloud.offers.get(IdTokens)
        if not audience:
            raise MetadataError(400, "non-empty audience parameter required")
        try:
            return offer.make(self._order.email, audience) if offer else ""
        except CloudError as problem:
            raise MetadataError(problem.code, problem.message) from None

    def _check_account(self) -> None:
        if not self._cloud.iam.active(self._order.principal):
            raise MetadataError(404, f"The service account {self._order.email} is disabled, or does not exist.")


def _plain(node: Any) -> Any:
    """Everything below a node, with camelCase names, except values that are generated on request."""
    if not isinstance(node, dict):
        return node
    return {
        _DASHED.sub(lambda match: match[1].upper(), name): _plain(one)
        for name, one in node.items()
        if not callable(one)
    }


async def listen(metadata: Metadata) -> tuple[int, Callable[[], Coroutine[Any, Any, None]]]:
    """Starts a metadata server on loopback: its port, and the function that stops it, both on the same event loop."""
    config = uvicorn.Config(
        metadata.app(),
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
    )
    config.load()
    state = ServerState()
    factory = partial(Bounded, config=config, server_state=state, app_state={})
    server = await asyncio.get_running_loop().create_server(
        partial(LimitedConnection, factory, others_share()), HOST, 0
    )

    async def close() -> None:
        server.close()
        for connection in list(state.connections):
            connection.shutdown()
        await asyncio.sleep(0)  # uvloop closes the socket in its next round

    return server.sockets[0].getsockname()[1], close
