"""Converts schemas and functions to Terraform's protocol messages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from localcloud.provider import functions
from localcloud.provider.protocol.messages import classes
from localcloud.provider.schema import Attribute, Block, Schema

_NESTINGS = {"list": 2, "set": 3}
_SINGLE = 1
_SCALARS = {"string": "string", "bool": "bool", "int": "number", "float": "number"}


def provider_schema(provider: Schema, kinds: Mapping[str, Mapping[str, Schema]]) -> bytes:
    """The serialized response to GetProviderSchema.

    `kinds` maps the response's fields (resource_schemas and so on) to the schemas of that kind, by name.
    """
    answer = classes()["GetProviderSchema.Response"]()
    answer.server_capabilities.get_provider_schema_optional = True
    _fill(answer.provider, provider)
    for kind, schemas in kinds.items():
        for name, schema in schemas.items():
            _fill(getattr(answer, kind)[name], schema)
    functions_into(answer.functions)
    serialized: bytes = answer.SerializeToString()
    return serialized


def functions_into(described: Any) -> None:
    """Fills a message's map of functions, which all take a string and return one."""
    text = b'"string"'
    for name, function in functions.catalogue().items():
        entry = described[name]
        entry.summary = function.summary
        entry.parameters.add(name=function.parameter, type=text)
        getattr(entry, "return").type = text


def _fill(message: Any, schema: Schema) -> None:
    message.version = schema.version
    _block(message.block, schema.root)
    if schema.timeouts:
        nested = message.block.block_types.add(type_name="timeouts", nesting=_SINGLE)
        for step in sorted(schema.timeouts):
            nested.block.attributes.add(name=step, type=b'"string"', optional=True)


def _block(message: Any, block: Block) -> None:
    for name, child in block.children.items():
        if isinstance(child, Attribute):
            message.attributes.add(
                name=name,
                type=_compact(_values(child)),
                required=child.required,
                optional=child.optional,
                computed=child.computed,
                sensitive=child.sensitive,
                write_only=child.write_only,
            )
        elif not child.configurable:
            message.attributes.add(name=name, type=_compact(_objects(child)), computed=True)
        else:
            least = child.min or (1 if child.required else 0)
            nested = message.block_types.add(
                type_name=name, nesting=_NESTINGS[child.nesting], min_items=least, max_items=child.max
            )
            nested.block.SetInParent()
            _block(nested.block, child)


def _values(node: Attribute) -> Any:
    scalar = _SCALARS[node.scalar]
    return [node.collection, scalar] if node.collection else scalar


def _objects(block: Block) -> Any:
    """The type of a block that no configuration may have: an attribute of Terraform's, unknown as a whole until it is read."""
    inner = {
        name: _values(one) if isinstance(one, Attribute) else _objects(one) for name, one in block.children.items()
    }
    return [block.nesting, ["object", inner]]


def _compact(described: Any) -> bytes:
    return json.dumps(described, separators=(",", ":")).encode()
