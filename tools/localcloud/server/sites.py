"""Dispatches requests outside Google's documented APIs to the services' own sites, by host or path."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from localcloud.engine.cloud import Cloud
from localcloud.engine.service import Asgi, Connections, Service

_GOOGLES = ".googleapis.com"


class Mounted(NamedTuple):
    """A site's application, with its name in the request log and in faults."""

    name: str
    app: Asgi


class Sites:
    """The sites that services declare."""

    def __init__(self, cloud: Cloud, services: Sequence[Service]) -> None:
        self._hosts: list[tuple[re.Pattern[str], Mounted]] = []
        self._prefixes: list[tuple[re.Pattern[str], Mounted]] = []
        self._anywhere: list[tuple[re.Pattern[str], Mounted]] = []
        self._whole: list[tuple[re.Pattern[str], Connections]] = []
        self._claim = lru_cache(maxsize=256)(self._claimed)
        for api, site in [(service.api, site) for service in services for site in service.sites]:
            mounted = Mounted(f"{api}.{site.name}", site.app(cloud))
            self._hosts += [(_pattern(host), mounted) for host in site.hosts]
            prefixes = self._anywhere if site.prefix.startswith("*") else self._prefixes
            prefixes += [(_pattern(f"/{site.prefix}"), mounted)] if site.prefix else []
            if site.connections is not None:
                connections = site.connections(cloud)
                self._whole += [(_pattern(host), connections) for host in site.hosts]

        self._everywhere, self._below = _any_of(self._anywhere), _any_of(self._prefixes)

    def claims(self, host: str) -> bool:
        """Whether a host, without port, belongs to a site."""
        return self._claim(host) is not None

    def connection(self, host: str) -> asyncio.Protocol | None:
        """The handler of whole connections to a host, without port; None where each request is handled by itself."""
        return next((create(host) for pattern, create in self._whole if pattern.fullmatch(host)), None)

    def _claimed(self, host: str) -> Mounted | None:
        return next((site for pattern, site in self._hosts if pattern.fullmatch(host)), None)

    def find(self, host: str, path: str) -> Mounted | None:
        """The site for a Host header and a path."""
        if self._everywhere.match(path):
            return next(site for prefix, site in self._anywhere if prefix.match(path))
        name = host.partition(":")[0]
        claimed = self._claim(name)
        if claimed is not None or name.endswith(_GOOGLES):
            return claimed
        if not self._below.match(path):
            return None
        return next(site for prefix, site in self._prefixes if prefix.match(path))


def _any_of(prefixes: Sequence[tuple[re.Pattern[str], Mounted]]) -> re.Pattern[str]:
    """One look at a path instead of one for each site; most are none's."""
    return re.compile("|".join(pattern.pattern for pattern, _ in prefixes) or r"(?!)")


def _pattern(host: str) -> re.Pattern[str]:
    return re.compile(re.escape(host).replace(r"\*", "[a-z0-9-]+"))
