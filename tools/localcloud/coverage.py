"""What the local cloud can do, method by method."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from localcloud.discovery import document
from localcloud.dispatch import handler
from localcloud.service import Service


def coverage(services: Iterable[Service]) -> dict[str, Any]:
    """Per API and version: title, revision, and for each documented method "emulated" (own code), "generic" or "absent"."""
    unique = {(service.api, version): service for service in services for version in service.versions}
    return {f"{api}.{version}": _of(service, version) for (api, version), service in sorted(unique.items())}


def _of(service: Service, version: str) -> dict[str, Any]:
    described = document(service.api, version)
    methods = {method: kind(service, method) for method in sorted(described.methods)}
    counts = {word: sum(1 for one in methods.values() if one == word) for word in ("emulated", "generic", "absent")}
    return {"title": described.title, "revision": described.revision, "counts": counts, "methods": methods}


def kind(service: Service, method_id: str) -> str:
    """ "emulated" for a function of the service's own, "generic" for a standard verb, "absent" for a 501."""
    if method_id in service.methods:
        return "emulated"
    return "generic" if handler(service, method_id) else "absent"
