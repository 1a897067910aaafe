"""The addresses of services on this machine: each service has a port of its own besides its host name."""

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
class Own:
    """What speaks with clients at a service's own port: `connection(full name)`."""

    connection: Callable[[str], asyncio.Protocol]


ANNOTATION = "local-cloud/address"
"""The annotation that says where a service answers on this machine."""


def open_(cloud: Cloud, service: str) -> None:
    """Gives a new service its hosts and its port."""
    port = _opened(cloud, service, 0)
    cloud.store.sql("INSERT OR REPLACE INTO run_hosts VALUES (?, ?, ?)", service, names.hosts(cloud, service)[1], port)


def reopen(cloud: Cloud) -> None:
    """After a start of the server: the ports of last time, where they are free."""
    for service, port in cloud.store.sql("SELECT service, port FROM run_hosts"):
        _opened(cloud, service, port)


def _opened(cloud: Cloud, service: str, port: int) -> int:
    own = cloud.offers.get(Own)
    return cloud.ports.open(f"{API} {service}", partial(own.connection, service), port) if own is not None else 0


def close(cloud: Cloud, service: str) -> None:
    """Takes them away again."""
    cloud.ports.close(f"{API} {service}")
    cloud.store.sql("DELETE FROM run_hosts WHERE service = ?", service)


def own(cloud: Cloud, service: str) -> str:
    """ "http://127.0.0.1:PORT"; "" while no server listens."""
    port = cloud.ports.of(f"{API} {service}")
    return f"http://127.0.0.1:{port}" if port else ""


def local(cloud: Cloud, url: str) -> str | None:
    """The address on this machine that a URL of a service means; None for any other."""
    parts = urlsplit(url)
    found = names.asked(cloud, parts.hostname or "")
    address = own(cloud, found.service) if found is not None and not found.tag else ""
    return f"{address}{parts.path}{f'?{parts.query}' if parts.query else ''}" if address else None
