"""Which methods the local cloud implements."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from localcloud.engine.dispatch import handler
from localcloud.engine.service import Service
from localcloud.spec.discovery import Method, document

_KINDS = ("emulated", "generic", "absent")
_BLOCK = re.compile(r"(<!-- BEGIN GENERATED coverage:[^\n]*-->\n).*?(<!-- END GENERATED coverage -->)", re.DOTALL)


def coverage(services: Iterable[Service]) -> dict[str, Any]:
    """Per API and version: title, revision, and for each documented method "emulated" (own code), "generic" or "absent"."""
    unique = {(service.api, version): service for service in services for version in service.versions}
    return {f"{api}.{version}": _of(service, version) for (api, version), service in sorted(unique.items())}


def table(services: Iterable[Service]) -> str:
    """The coverage as a Markdown table, one row per API and version."""
    head = "| API | Title | Document | Emulated | Generic | Absent |\n|---|---|---|---|---|---|\n"
    rows = (
        f"| {name} | {row['title']} | {row['revision']} | {' | '.join(str(row['counts'][kind]) for kind in _KINDS)} |"
        for name, row in coverage(services).items()
    )
    return head + "\n".join(rows) + "\n"


def refreshed(text: str, services: Iterable[Service]) -> str:
    """A text with its generated coverage table updated."""
    fresh = table(services)
    return _BLOCK.sub(lambda match: match[1] + fresh + match[2], text)


def kind(service: Service, method: Method) -> str:
    """ "emulated" for a function of the service's own, "generic" for a standard verb, "absent" for a 501."""
    if method.id in service.methods:
        return "emulated"
    return "generic" if handler(service, method) else "absent"


def _of(service: Service, version: str) -> dict[str, Any]:
    described = document(service.api, version)
    methods = {name: kind(service, method) for name, method in sorted(described.methods.items())}
    counts = {word: sum(1 for one in methods.values() if one == word) for word in _KINDS}
    return {"title": described.title, "revision": described.revision, "counts": counts, "methods": methods}
