"""Resource identities, which newer Terraforms and OpenTofu store besides the id, so that a state works with either provider.

hashicorp/google gives most types an identity of a few attributes; a state that holds one is refused by a provider that
knows none. All identities of the catalogue are version 1 in hashicorp/google 7.45.0.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from localcloud.provider import paths
from localcloud.provider.messages import classes
from localcloud.provider.rows import ResourceType
from localcloud.provider.settings import Settings
from localcloud.provider.values import Object, Value, decode, encode, known

VERSION = 1
_TITLE = "condition_title"


def schemas(rows: Iterable[ResourceType]) -> Any:
    """The answer to GetResourceIdentitySchemas; an attribute that an import may leave out has a question mark in its row."""
    answer = classes()["GetResourceIdentitySchemas.Response"]()
    for row in rows:
        for said in row.identity:
            answer.identity_schemas[row.type].version = VERSION
            answer.identity_schemas[row.type].identity_attributes.add(
                name=said.rstrip("?"),
                type=json.dumps("string").encode(),
                required_for_import=not said.endswith("?"),
                optional_for_import=said.endswith("?"),
            )
    return answer


def identity(row: ResourceType, state: Object | None) -> Any:
    """The identity of a resource in this state; None where it has none, or not yet."""
    if not row.identity or state is None:
        return None
    values = {said.rstrip("?"): _value(state, said.rstrip("?")) for said in row.identity}
    if not known(values) or any(values[said] is None for said in row.identity if not said.endswith("?")):
        return None
    return classes()["ResourceIdentityData"](identity_data={"msgpack": encode(values)})


def _value(state: Object, name: str) -> Value:
    if name != _TITLE:
        return state.get(name)
    condition: Any = state.get("condition") or [{}]
    return condition[0].get("title")


def import_id(row: ResourceType, given: Any, settings: Settings) -> str:
    """The import id for an identity in a configuration, with project and location from the provider block where none is said."""
    said: Mapping[str, str] = {name: value for name, value in decode(given.identity_data.msgpack).items() if value}
    if row.parent is None:
        return row.id.format_map({"project": settings.project, "location": settings.region, **said})
    parent = row.parent.attribute or paths.names(row.id)[-1]
    return " ".join(said[name] for name in (parent, "role", "member", _TITLE) if name in said)
