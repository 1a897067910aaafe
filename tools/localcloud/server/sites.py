"""Who answers a request that is for none of Google's documented APIs: the sites of the services, by host or by path."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence

from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Asgi, Connections, Service

_GOOGLES = ".googleapis.com"


class Sites:
    """The sites that services declare."""

    def __init__(self, cloud: Cloud, services: Sequence[Service]) -> None:
        self._hosts: list[tuple[re.Pattern[str], Asgi]] = []
        self._prefixes: list[tuple[re.Pattern[str], Asgi]] = []
        self._anywhere: list[tuple[re.Pattern[str], Asgi]] = []
        self._whole: list[tuple[re.Pattern[str], Connections]] = []
        for site in (site for service in services for site in service.sites):
            app = site.app(cloud)
            self._hosts += [(_pattern(host), app) for host in site.hosts]
            prefixes = self._anywhere if site.prefix.startswith("*") else self._prefixes
            prefixes += [(_pattern(f"/{site.prefix}"), app)] if site.prefix else []
            if site.connections is not None:
                connections = site.connections(cloud)
                self._whole += [(_pattern(host), connections) for host in site.hosts]

    def claims(self, host: str) -> bool:
        """Whether a host, without port, is a site's."""
        return any(pattern.fullmatch(host) for pattern, _ in self._hosts)

    def connection(self, host: str) -> asyncio.Protocol | None:
        """What takes a whole connection to a host, without port; None where each request is answered by itself."""
        return next((made(host) for pattern, made in self._whole if pattern.fullmatch(host)), None)

    def find(self, host: str, path: str) -> Asgi | None:
        """The application for a Host header and a path."""
        for prefix, app in self._anywhere:
            if prefix.match(path):
                return app
        name = host.partition(":")[0]
        claimed = next((app for pattern, app in self._hosts if pattern.fullmatch(name)), None)
        if claimed is not None or name.endswith(_GOOGLES):
            return claimed
        return next((app for prefix, app in self._prefixes if prefix.match(path)), None)


def _pattern(host: str) -> re.Pattern[str]:
    return re.compile(re.escape(host).replace(r"\*", "[a-z0-9-]+"))
