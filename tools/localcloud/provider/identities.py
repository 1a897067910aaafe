"""Resource identities, which newer Terraform and OpenTofu versions store beside the id, so that states work with either provider.

hashicorp/google gives most types an identity, and a state that has one cannot be read by a provider that declares none.
All identities in the catalogue are version 1 in hashicorp/google 7.45.0.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from localcloud.provider import paths
from localcloud.provider.protocol.messages import classes
from localcloud.provider.rows import ResourceType
from localcloud.provider.settings import Settings
from localcloud.provider.values import Object, Value, decode, encode, known

VERSION = 1
_TITLE = "condition_title"


def schemas(rows: Iterable[ResourceType]) -> Any:
    """The response to GetResourceIdentitySchemas; rows mark attributes that are optional for import with "?"."""
    answer = classes()["GetResourceIdentitySchemas.Response"]()
    for row in rows:
        for attribute in row.identity:
            answer.identity_schemas[row.type].version = VERSION
            answer.identity_schemas[row.type].identity_attributes.add(
                name=attribute.rstrip("?"),
                type=json.dumps("string").encode(),
                required_for_import=not attribute.endswith("?"),
                optional_for_import=attribute.endswith("?"),
            )
    return answer


def identity(row: ResourceType, state: Object | None) -> Any:
    """The identity of a resource with this state; None if its type has none, or its values are not known yet."""
    if not row.identity or state is None:
        return None
    values = {attribute.rstrip("?"): _value(state, attribute.rstrip("?")) for attribute in row.identity}
    if not known(values) or any(values[attribute] is None for attribute in row.identity if not attribute.endswith("?")):
        return None
    return classes()["ResourceIdentityData"](identity_data={"msgpack": encode(values)})


def _value(state: Object, name: str) -> Value:
    if name != _TITLE:
        return state.get(name)
    condition: Any = state.get("condition") or [{}]
    return condition[0].get("title")


def import_id(row: ResourceType, identity: Any, settings: Settings) -> str:
    """The import id for an identity; project and place default to the provider block's."""
    values: Mapping[str, str] = {name: value for name, value in decode(identity.identity_data.msgpack).items() if value}
    if row.parent is None:
        places = {name: getattr(settings, name) for name in ("project", "region", "zone")} | {
            "location": settings.region
        }
        own = values.get(paths.names(row.id)[-1], "")
        return own if own.startswith("projects/") else paths.fill(row.id, {**places, **values}).replace("%2F", "/")
    parent = row.parent.attribute or paths.names(row.id)[-1]
    return " ".join(values[name] for name in (parent, "role", "member", _TITLE) if name in values)
