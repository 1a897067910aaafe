"""Data sources and ephemeral resources: one folder each, with a row and, in reading.py, the function that reads it.

IAM policies, and the resource types whose rows say so, can be read without a folder. Ephemeral values are stored nowhere.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from localcloud.provider import policies, rest, rows
from localcloud.provider.creation import placed
from localcloud.provider.rows import ResourceType
from localcloud.provider.schema import Attribute, Block
from localcloud.provider.values import Object, settled
from localcloud.provider.work import Problem, Work

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Sources:
    """All sources of one kind, by name; adding a folder adds one."""

    kind: Literal["data_sources", "ephemeral_resources"]
    _rows: dict[str, ResourceType] = field(default_factory=dict)

    def __iter__(self) -> Iterator[str]:
        yield from (path.parent.name for path in sorted((HERE / self.kind).glob("*/row.json")))
        if self.kind == "data_sources":
            known = rows.catalogue()
            yield from (name for name in known if known[name].kind == "policy" or known[name].data)

    def __getitem__(self, name: str) -> ResourceType:
        if name not in self._rows:
            path = HERE / self.kind / name / "row.json"
            if path.exists():
                row = rows.source(name, json.loads(path.read_text(encoding="utf-8")))
            else:
                resource = rows.catalogue()[name]
                row = rows.policy_source(resource) if resource.kind == "policy" else rows.data_source(resource)
            self._rows[name] = row
        return self._rows[name]

    def read(self, name: str, work: Work) -> Object:
        """The named source's values for the configuration in `work`; raises Problem when there is nothing to read."""
        return self[name].schema.null | work.config | self._reading(name)(work)

    def _reading(self, name: str) -> Callable[[Work], Object]:
        if self[name].parent is not None:
            return policies.look
        if self[name].data:
            return _look
        reading: Callable[[Work], Object] = importlib.import_module(
            f"localcloud.provider.{self.kind}.{name}.reading"
        ).read
        return reading


def _look(work: Work) -> Object:
    """Reads an existing resource."""
    row = rows.catalogue()[work.row.type]
    if "location?" in row.data and not work.config.get("location"):
        raise Problem(
            f"{row.type}: no location is named.", "Google's provider takes none from its own block, either.", "location"
        )
    asked = Work(row, work.settings, work.client, work.stopped)
    state = row.schema.null | settled({name: work.config[name] for one in row.data if (name := one.rstrip("?"))})
    owned = state | {"project": asked.project(state)} if "project" in row.schema.root.children else state
    named = placed(asked, owned)
    found = rest.read(asked, named | {"id": asked.id(named)})
    if found is None:
        raise Problem(f"{asked.id(named)} was not found.", "A data source reads what exists already.")
    shown = found | (dict.fromkeys(_defaulted(row)) if row.data_bare else _all_labels(found))
    unread = {name: None for name, one in row.schema.root.children.items() if isinstance(one, Block) and one.unread}
    return {name: (shown | unread)[name] for name in work.row.schema.root.children}


def _all_labels(found: Object) -> Object:
    """Labels and annotations, whoever set them."""
    labels, annotations = found.get("effective_labels"), found.get("effective_annotations")
    user_labels = {"labels": labels, "terraform_labels": labels} if labels is not None else {}
    return user_labels | ({"annotations": annotations} if annotations is not None else {})


def _defaulted(row: ResourceType) -> list[str]:
    """The virtual attributes that have a default in a resource."""
    children = row.schema.root.children.items()
    return [name for name, one in children if isinstance(one, Attribute) and one.virtual and one.default is not None]


DATA = Sources("data_sources")
EPHEMERAL = Sources("ephemeral_resources")
