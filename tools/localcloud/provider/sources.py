"""Data sources and ephemeral resources: one folder each, with a row and, in reading.py, the function that reads it.

IAM policies can be read for every resource type that has one, without a folder. Ephemeral values are stored nowhere.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from localcloud.provider import policies, rows
from localcloud.provider.rows import ResourceType
from localcloud.provider.values import Object
from localcloud.provider.work import Work

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Sources:
    """All sources of one kind, by name; adding a folder adds one."""

    kind: Literal["data_sources", "ephemeral_resources"]
    _rows: dict[str, ResourceType] = field(default_factory=dict)

    def __iter__(self) -> Iterator[str]:
        yield from (path.parent.name for path in sorted((HERE / self.kind).glob("*/row.json")))
        if self.kind == "data_sources":
            yield from (name for name in rows.catalogue() if rows.catalogue()[name].kind == "policy")

    def __getitem__(self, name: str) -> ResourceType:
        if name not in self._rows:
            path = HERE / self.kind / name / "row.json"
            self._rows[name] = (
                rows.source(name, json.loads(path.read_text(encoding="utf-8")))
                if path.exists()
                else rows.policy_source(rows.catalogue()[name])
            )
        return self._rows[name]

    def read(self, name: str, work: Work) -> Object:
        """The named source's values for the configuration in `work`; raises Problem when there is nothing to read."""
        reading: Callable[[Work], Object] = (
            importlib.import_module(f"localcloud.provider.{self.kind}.{name}.reading").read
            if self[name].parent is None
            else policies.look
        )
        return self[name].schema.null | work.config | reading(work)


DATA = Sources("data_sources")
EPHEMERAL = Sources("ephemeral_resources")
