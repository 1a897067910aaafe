"""The addresses of services on this machine: each service has its own port, besides its host names."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from localcloud.engine.cloud import Cloud
from localcloud.services.run import names
from localcloud.services.run.names import API


@dataclass(frozen=True, slots=True)
class PortHandlers:
    """Makes the protocol for a connection to a service's own port: `connection(full name of the service)`."""

    connection: Callable[[str], asyncio.Protocol]


ANNOTATION = "local-cloud/address"
"""The annotation with a service's address on this machine."""


def open_(cloud: Cloud, service: str) -> None:
    """Assigns a new service its hosts and its port."""
    port = _opened(cloud, service, 0)
    cloud.store.sql("INSERT OR REPLACE INTO run_hosts VALUES (?, ?, ?)", service, names.hosts(cloud, service)[1], port)


def reopen(cloud: Cloud) -> None:
    """Opens the ports of all services again after a start of the server, the same as before where they are free."""
    for service, port in cloud.store.sql("SELECT service, port FROM run_hosts"):
        _opened(cloud, service, port)


def _opened(cloud: Cloud, service: str, port: int) -> int:
    handlers = cloud.offers.get(PortHandlers)
    return cloud.ports.open(f"{API} {service}", partial(handlers.connection, service), port) if handlers else 0


def close(cloud: Cloud, service: str) -> None:
    """Releases a deleted service's hosts and port."""
    cloud.ports.close(f"{API} {service}")
    cloud.store.sql("DELETE FROM run_hosts WHERE service = ?", service)


def own(cloud: Cloud, service: str) -> str:
    """A service's own address, "http://127.0.0.1:PORT"; "" while no server listens."""
    port = cloud.ports.of(f"{API} {service}")
    return f"http://127.0.0.1:{port}" if port else ""


def local(cloud: Cloud, url: str) -> str | None:
    """The address on this machine for a service's URL; None for any other URL."""
    parts = urlsplit(url)
    target = names.resolve(cloud, parts.hostname or "")
    address = own(cloud, target.service) if target is not None and not target.tag else ""
    return f"{address}{parts.path}{f'?{parts.query}' if parts.query else ''}" if address else None
