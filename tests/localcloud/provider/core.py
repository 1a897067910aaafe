"""Replaces Terraform's core: calls the provider as Terraform would, with values instead of messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.provider import block
from localcloud.provider.protocol.messages import classes
from localcloud.provider.protocol.servicer import Servicer
from localcloud.provider.rows import catalogue
from localcloud.provider.schema import Block, null
from localcloud.provider.sources import DATA, EPHEMERAL
from localcloud.provider.values import decode, encode

Object = dict[str, Any]
PEER = "ipv4:127.0.0.1:1"


class Refusal(AssertionError):
    """The diagnostics of an answer; `state` is the state that came with them."""

    def __init__(self, diagnostics: Any, state: Object | None = None) -> None:
        super().__init__(" ".join(f"{one.summary} {one.detail}" for one in diagnostics))
        self.attributes = [step.attribute_name for one in diagnostics for step in one.attribute.steps]
        self.state = state


class Misused(AssertionError):
    """The refusal of a function; `argument` is the index of the argument that it is about, or None."""

    def __init__(self, error: Any) -> None:
        super().__init__(error.text)
        self.argument = error.function_argument if error.HasField("function_argument") else None


@dataclass
class Planned:
    """A plan with what an apply needs."""

    type: str
    prior: Object | None
    values: Object | None
    config: Object | None
    private: bytes
    replaced: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Core:
    """One provider block of one run, on one connection."""

    servicer: Servicer
    peer: str = PEER

    def configured(self, peer: str = PEER, **values: Any) -> Core:
        """The same provider with a provider block of these values."""
        config = {**block.row().schema.null, **values}
        answer = self.servicer.configure_provider(_request("ConfigureProvider", config=_dynamic(config)), peer)
        _raise(answer)
        return Core(self.servicer, peer)

    def validate(self, resource: str, **values: Any) -> None:
        """Refusal when the configuration is wrong."""
        request = _request("ValidateResourceConfig", type_name=resource, config=_dynamic(config(resource, values)))
        _raise(self.servicer.validate_resource_config(request, self.peer))

    def plan(self, resource: str, prior: Object | None = None, **values: Any) -> Planned:
        """The plan for a configuration."""
        configured = config(resource, values)
        proposed = _proposed(catalogue()[resource].schema.root, prior, configured)
        if "timeouts" in configured:
            proposed["timeouts"] = configured["timeouts"]
        request = _request(
            "PlanResourceChange",
            type_name=resource,
            prior_state=_dynamic(prior),
            proposed_new_state=_dynamic(proposed),
            config=_dynamic(configured),
        )
        answer = self.servicer.plan_resource_change(request, self.peer)
        _raise(answer)
        replaced = [".".join(_steps(path)) for path in answer.requires_replace]
        return Planned(resource, prior, _value(answer.planned_state), configured, answer.planned_private, replaced)

    def apply(self, planned: Planned) -> Object | None:
        """The state after a plan was applied; Refusal (with the remaining state) if that failed."""
        request = _request(
            "ApplyResourceChange",
            type_name=planned.type,
            prior_state=_dynamic(planned.prior),
            planned_state=_dynamic(planned.values),
            config=_dynamic(planned.config),
            planned_private=planned.private,
        )
        answer = self.servicer.apply_resource_change(request, self.peer)
        state = _value(answer.new_state)
        if answer.diagnostics:
            raise Refusal(answer.diagnostics, state)
        return state

    def created(self, resource: str, **values: Any) -> Object:
        """The state of a new resource."""
        state = self.apply(self.plan(resource, **values))
        assert state is not None
        return state

    def changed(self, resource: str, prior: Object, **values: Any) -> Object:
        """The state after an update in place."""
        planned = self.plan(resource, prior, **values)
        assert planned.replaced == []
        state = self.apply(planned)
        assert state is not None
        return state

    def destroyed(self, resource: str, state: Object) -> None:
        """Destroys the resource."""
        assert self.apply(Planned(resource, state, None, None, b"")) is None

    def read(self, resource: str, state: Object) -> Object | None:
        """The state as it is now."""
        request = _request("ReadResource", type_name=resource, current_state=_dynamic(state))
        answer = self.servicer.read_resource(request, self.peer)
        _raise(answer)
        result: Object | None = _value(answer.new_state)
        return result

    def imported(self, resource: str, name: str) -> Object | None:
        """The state of an existing resource, as an import reads it."""
        answer = self.servicer.import_resource_state(
            _request("ImportResourceState", type_name=resource, id=name), self.peer
        )
        _raise(answer)
        return self.read(resource, _value(answer.imported_resources[0].state))

    def data(self, source: str, **values: Any) -> Object:
        """The values of a data source."""

        children = DATA[source].schema.root.children
        unset = {name: null(child) if child.configurable else None for name, child in children.items()}
        request = _request("ReadDataSource", type_name=source, config=_dynamic({**unset, **values}))
        answer = self.servicer.read_data_source(request, self.peer)
        _raise(answer)
        result: Object = _value(answer.state)
        return result

    def validate_ephemeral(self, resource: str, **values: Any) -> None:
        """Refusal when the configuration of an ephemeral resource is wrong."""
        request = _request(
            "ValidateEphemeralResourceConfig",
            type_name=resource,
            config=_dynamic({**EPHEMERAL[resource].schema.null, **values}),
        )
        _raise(self.servicer.validate_ephemeral_resource_config(request, self.peer))

    def opened(self, resource: str, **values: Any) -> Object:
        """The values of an ephemeral resource, opened and closed."""
        config = {**EPHEMERAL[resource].schema.null, **values}
        request = _request("OpenEphemeralResource", type_name=resource, config=_dynamic(config))
        answer = self.servicer.open_ephemeral_resource(request, self.peer)
        _raise(answer)
        _raise(
            self.servicer.close_ephemeral_resource(_request("CloseEphemeralResource", type_name=resource), self.peer)
        )
        found: Object = _value(answer.result)
        return found

    def called(self, function: str, *arguments: str) -> str:
        """The result of a function; Misused when it has none."""
        request = _request("CallFunction", name=function, arguments=map(_dynamic, arguments))
        answer = self.servicer.call_function(request, self.peer)
        if answer.HasField("error"):
            raise Misused(answer.error)
        found: str = _value(answer.result)
        return found


def config(resource: str, values: Mapping[str, Any]) -> Object:
    """A whole configuration from the attributes that a test names; blocks may leave out what they do not set."""
    schema = catalogue()[resource].schema
    return schema.null | _filled(schema.root, values) | {name: values[name] for name in ("timeouts",) if name in values}


def _filled(block_: Block, values: Mapping[str, Any]) -> Object:
    filled = dict(block_.null)
    for name, value in values.items():
        child = block_.children.get(name)
        filled[name] = (
            [_filled(child, one) for one in value] if isinstance(child, Block) and isinstance(value, list) else value
        )
    return {name: value for name, value in filled.items() if name in block_.children}


def _proposed(block_: Block, prior: Object | None, configured: Object) -> Object:
    """What Terraform proposes: the configuration, with prior values for computed attributes."""
    known = prior or {}
    proposed: Object = {}
    for name, child in block_.children.items():
        if isinstance(child, Block):
            items = known.get(name) or []
            proposed[name] = (
                [_proposed(child, items[i] if i < len(items) else None, one) for i, one in enumerate(configured[name])]
                if isinstance(configured[name], list) and child.nesting == "list"
                else configured[name]
            )
        else:
            proposed[name] = known.get(name) if child.computed and configured[name] is None else configured[name]
    return proposed


def _request(name: str, /, **values: Any) -> Any:
    return classes()[f"{name}.Request"](**values)


def _dynamic(value: Any) -> Any:
    return classes()["DynamicValue"](msgpack=encode(value))


def _value(dynamic: Any) -> Any:
    return decode(dynamic.msgpack)


def _steps(path: Any) -> list[str]:
    return [str(getattr(step, step.WhichOneof("selector"))) for step in path.steps]


def _raise(answer: Any) -> None:
    if answer.diagnostics:
        raise Refusal(answer.diagnostics)
