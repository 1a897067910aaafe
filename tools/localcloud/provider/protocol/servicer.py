"""The RPCs of Terraform's plugin protocol 6, each a method from request message to response message."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from localcloud.provider import block, changes, functions, iam, identities, normal, policies, private, rest, upgrade
from localcloud.provider.client import Client, HttpError, NoAnswer
from localcloud.provider.hooks import hooks
from localcloud.provider.protocol import schema_messages, working_directory
from localcloud.provider.protocol.messages import classes
from localcloud.provider.protocol.sessions import ProviderSession, Sessions
from localcloud.provider.retries import Stopped
from localcloud.provider.rows import ResourceType, catalogue
from localcloud.provider.settings import Settings
from localcloud.provider.sources import DATA, EPHEMERAL, Sources
from localcloud.provider.validation import Diagnostic, findings, nulls
from localcloud.provider.values import UNKNOWN, Object, Path, Value, decode, decode_json, encode, settled
from localcloud.provider.work import Incomplete, Problem, Work


class ResourceHandler(Protocol):
    """The operations that every kind of resource implements; see rest.py, iam.py and policies.py."""

    def create(self, work: Work, planned: Object, /) -> Object: ...
    def read(self, work: Work, state: Object, /) -> Object | None: ...
    def update(self, work: Work, prior: Object, planned: Object, /) -> Object: ...
    def delete(self, work: Work, state: Object, /) -> None: ...
    def import_(self, work: Work, name: str, /) -> Object: ...


log = logging.getLogger(__name__)
_ERROR = 1
_KINDS: dict[str, ResourceHandler] = {"rest": rest, "member": iam, "binding": iam, "policy": policies}


@dataclass
class Servicer:
    """The provider for one local cloud and one token, on a port. Every method takes a request and the peer address of its connection."""

    base: str
    token: str = field(repr=False)
    port: int
    sessions: Sessions = field(default_factory=Sessions)
    client: Client = field(default_factory=Client)

    def get_provider_schema(self, _request: Any, _peer: str) -> bytes:
        """Every schema, serialized."""
        return provider_schema()

    def get_resource_identity_schemas(self, _request: Any, _peer: str) -> Any:
        """The identity schemas, which newer Terraform versions store beside a resource's id."""
        return identities.schemas(catalogue()[name] for name in catalogue())

    def get_functions(self, _request: Any, _peer: str) -> Any:
        """The functions that a configuration can call as provider::google::NAME(...)."""
        answer = _message("GetFunctions.Response")
        schema_messages.functions_into(answer.functions)
        return answer

    def call_function(self, request: Any, _peer: str) -> Any:
        """A function's result, or the argument that it cannot use."""
        try:
            result = functions.call(request.name, *map(_value, request.arguments))
        except functions.BadArgument as error:
            problem = _message("FunctionError", text=str(error), function_argument=error.argument)
            return _message("CallFunction.Response", error=problem)
        return _message("CallFunction.Response", result=_dynamic(result))

    def validate_provider_config(self, request: Any, _peer: str) -> Any:
        """Rejects a provider block that hashicorp/google would reject."""
        config = _value(request.config)
        found = nulls(config) or findings(block.row().schema, config)
        return _message("ValidateProviderConfig.Response", diagnostics=_refusals("provider block", found))

    def validate_resource_config(self, request: Any, _peer: str) -> Any:
        """Rejects a resource that hashicorp/google would reject at validation."""
        found = findings(catalogue()[request.type_name].schema, _value(request.config))
        return _message("ValidateResourceConfig.Response", diagnostics=_refusals(request.type_name, found))

    def validate_data_resource_config(self, request: Any, _peer: str) -> Any:
        """Rejects a data source that hashicorp/google would reject at validation."""
        config = _value(request.config)
        found = nulls(config) or findings(DATA[request.type_name].schema, config)
        return _message("ValidateDataResourceConfig.Response", diagnostics=_refusals(request.type_name, found))

    def validate_ephemeral_resource_config(self, request: Any, _peer: str) -> Any:
        """Rejects an ephemeral resource that hashicorp/google would reject at validation."""
        found = findings(EPHEMERAL[request.type_name].schema, _value(request.config))
        return _message("ValidateEphemeralResourceConfig.Response", diagnostics=_refusals(request.type_name, found))

    def configure_provider(self, request: Any, peer: str) -> Any:
        """Stores the settings of this connection's provider block."""
        try:
            settings = block.settings(_value(request.config), self.base, self.token)
            folder = functools.cache(lambda: working_directory.folder_of(peer, self.port))
            self.sessions.configure(peer, replace(settings, folder=folder))
        except Problem as problem:
            return _message("ConfigureProvider.Response", diagnostics=[_diagnostic(problem)])
        return _message("ConfigureProvider.Response")

    def upgrade_resource_state(self, request: Any, _peer: str) -> Any:
        """A stored state, possibly of an older schema version, in the current schema."""
        row = catalogue()[request.type_name]
        state = upgrade.upgraded(row, request.version, decode_json(request.raw_state.json))
        return _message("UpgradeResourceState.Response", upgraded_state=_dynamic(state))

    def read_resource(self, request: Any, peer: str) -> Any:
        """The resource's current state; null when it no longer exists."""
        row, prior = catalogue()[request.type_name], _value(request.current_state)
        work = self._work(row, peer, request.private, "read")
        try:
            current = _KINDS[row.kind].read(work, prior)
        except _EXPECTED as error:
            return _message(
                "ReadResource.Response",
                new_state=request.current_state,
                new_identity=identities.identity(row, prior),
                private=request.private,
                diagnostics=[_explain(row, "read", error)],
            )
        state = None if current is None else _stored(row, current, prior, "refresh")
        identity = identities.identity(row, state)
        return _message(
            "ReadResource.Response", new_state=_dynamic(state), new_identity=identity, private=request.private
        )

    def plan_resource_change(self, request: Any, peer: str) -> Any:
        """The planned state and what forces replacement. A destroy is planned as proposed."""
        row = catalogue()[request.type_name]
        proposed, prior = _value(request.proposed_new_state), _value(request.prior_state)
        if proposed is None:
            return _message(
                "PlanResourceChange.Response",
                planned_state=request.proposed_new_state,
                planned_private=request.prior_private,
                planned_identity=identities.identity(row, prior),
            )
        if wrong := nulls(proposed):
            return _message("PlanResourceChange.Response", diagnostics=_refusals(row.type, wrong))
        try:
            settings = self._session(peer).settings
            change = changes.Change(prior, proposed, _value(request.config))
            plan = changes.plan(row, _configured(settings), change, hooks(row.type).plan)
            private_data = private.private(row.schema, plan.values) if plan.changed else request.prior_private
        except Problem as problem:
            return _message("PlanResourceChange.Response", diagnostics=[_diagnostic(problem)])
        return _message(
            "PlanResourceChange.Response",
            planned_state=_dynamic(plan.values),
            planned_private=private_data,
            planned_identity=identities.identity(row, prior),
            requires_replace=[_path(path) for path in plan.replaced],
            legacy_type_system=True,
        )

    def apply_resource_change(self, request: Any, peer: str) -> Any:
        """Applies the planned change; after a failure, returns as much of the state as is known."""
        row = catalogue()[request.type_name]
        prior, planned = _value(request.prior_state), _value(request.planned_state)
        step = "delete" if planned is None else "create" if prior is None else "update"
        work = self._work(row, peer, request.planned_private, step)
        work.config = settled(_value(request.config) or {})
        try:
            state = _apply(row, work, prior, planned)
        except Incomplete as half:
            state = _stored(row, half.state, planned, "apply")
            return _applied(row, state, request.planned_private, [_explain(row, step, half.cause)])
        except _EXPECTED as error:
            return _applied(row, _left(row, prior, planned), request.planned_private, [_explain(row, step, error)])
        return _applied(row, state, request.planned_private)

    def import_resource_state(self, request: Any, peer: str) -> Any:
        """The state to refresh from, for an import id or an identity."""
        row = catalogue()[request.type_name]
        work = self._work(row, peer, b"", "read")
        try:
            name = request.id or identities.import_id(row, request.identity, work.settings)
            state = row.schema.null | _KINDS[row.kind].import_(work, name)
        except _EXPECTED as error:
            return _message("ImportResourceState.Response", diagnostics=[_explain(row, "import", error)])
        imported = classes()["ImportResourceState.ImportedResource"](
            type_name=row.type, state=_dynamic(state), private=private.private(row.schema, {}, imported=True)
        )
        return _message("ImportResourceState.Response", imported_resources=[imported])

    def read_data_source(self, request: Any, peer: str) -> Any:
        """The values of a data source."""
        try:
            return _message(
                "ReadDataSource.Response",
                state=_dynamic(DATA.read(request.type_name, self._reading(DATA, request, peer))),
            )
        except _EXPECTED as error:
            return _message(
                "ReadDataSource.Response", diagnostics=[_diagnostic(_problem(request.type_name, "read", error))]
            )

    def open_ephemeral_resource(self, request: Any, peer: str) -> Any:
        """The values of an ephemeral resource, which are stored nowhere."""
        try:
            values = EPHEMERAL.read(request.type_name, self._reading(EPHEMERAL, request, peer))
        except _EXPECTED as error:
            problem = _problem(request.type_name, "open", error)
            return _message("OpenEphemeralResource.Response", diagnostics=[_diagnostic(problem)])
        return _message("OpenEphemeralResource.Response", result=_dynamic(values))

    def renew_ephemeral_resource(self, request: Any, _peer: str) -> Any:
        """Always an error: no ephemeral resource here asks to be renewed."""
        problem = Problem(f"{request.type_name}: this ephemeral resource cannot be renewed.", "Run terraform again.")
        return _message("RenewEphemeralResource.Response", diagnostics=[_diagnostic(problem)])

    def close_ephemeral_resource(self, _request: Any, _peer: str) -> Any:
        """Does nothing: opening only reads."""
        return _message("CloseEphemeralResource.Response")

    def stop_provider(self, _request: Any, peer: str) -> Any:
        """Interrupts whatever this connection's run is waiting for."""
        self.sessions.of(peer).stopped.set()
        return _message("StopProvider.Response")

    def _session(self, peer: str) -> ProviderSession:
        return self.sessions.of(peer)

    def _reading(self, sources: Sources, request: Any, peer: str) -> Work:
        """The context for reading a data source or an ephemeral resource."""
        session = self._session(peer)
        row = sources[request.type_name]
        return Work(row, _configured(session.settings), self.client, session.stopped, config=_value(request.config))

    def _work(self, row: ResourceType, peer: str, private_data: bytes, step: str) -> Work:
        session = self._session(peer)
        seconds = private.kept_timeouts(private_data).get(step) or row.schema.timeouts.get(step) or 1200.0
        return Work(row, _configured(session.settings), self.client, session.stopped, seconds=seconds)


@functools.cache
def provider_schema() -> bytes:
    """The answer to GetProviderSchema, serialized once."""
    kinds = {
        "resource_schemas": {name: catalogue()[name].schema for name in catalogue()},
        "data_source_schemas": {name: DATA[name].schema for name in DATA},
        "ephemeral_resource_schemas": {name: EPHEMERAL[name].schema for name in EPHEMERAL},
    }
    return schema_messages.provider_schema(block.row().schema, kinds)


_EXPECTED = (Problem, HttpError, NoAnswer, Stopped)


def _apply(row: ResourceType, work: Work, prior: Object | None, planned: Object | None) -> Object | None:
    kind = _KINDS[row.kind]
    if planned is None:
        kind.delete(work, prior or {})
        return None
    if prior is None:
        return _stored(row, kind.create(work, planned), planned, "apply")
    return _stored(row, kind.update(work, prior, planned), planned, "apply")


def _stored(row: ResourceType, state: Object, before: Object, stage: normal.Stage) -> Object:
    values: Object = settled(normal.objects(row.schema.root, state, before, stage))
    return values | ({"timeouts": before.get("timeouts")} if row.schema.timeouts else {})


def _left(row: ResourceType, prior: Object | None, planned: Object | None) -> Object | None:
    """The state after a failed step: the prior one, or after an update the planned one, which the next refresh corrects."""
    if prior is None or planned is None or row.partial:
        return prior
    kept = {name: prior.get(name) if value is UNKNOWN else value for name, value in planned.items()}
    return _stored(row, normal.unread(row.schema.root, prior, settled(kept)), kept, "apply")


def _configured(settings: Settings | None) -> Settings:
    if settings is None:
        raise Problem("The provider was not configured on this connection.", "Run terraform again.")
    return settings


def _applied(row: ResourceType, state: Object | None, private_data: bytes, diagnostics: Iterable[Any] = ()) -> Any:
    return _message(
        "ApplyResourceChange.Response",
        new_state=_dynamic(state),
        new_identity=identities.identity(row, state),
        private=private_data,
        legacy_type_system=True,
        diagnostics=list(diagnostics),
    )


def _explain(row: ResourceType, step: str, error: Exception) -> Any:
    return _diagnostic(_problem(row.type, step, error))


def _problem(what: str, step: str, error: Exception) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, Stopped):
        return Problem(f"{what}: the {step} was interrupted.", "Terraform was told to stop. Run it again to go on.")
    if isinstance(error, NoAnswer):
        return Problem(
            f"{what}: the {step} got no answer.",
            f"{error} Is the local cloud running? Check with groundwork local status.",
        )
    return Problem(f"{what}: the {step} was refused.", f"Error {error}")


def _refusals(what: str, found: Iterable[Diagnostic]) -> list[Any]:
    return [_diagnostic(Problem(f"{what}: {one.text}"), one.path) for one in found]


def _diagnostic(problem: Problem, path: Path = ()) -> Any:
    diagnostic = classes()["Diagnostic"](severity=_ERROR, summary=problem.summary, detail=problem.detail)
    where = path or ((problem.attribute,) if problem.attribute else ())
    if where:
        diagnostic.attribute.CopyFrom(_path(where))
    return diagnostic


def _path(path: Path) -> Any:
    step = classes()["AttributePath.Step"]
    steps = [step(element_key_int=one) if isinstance(one, int) else step(attribute_name=one) for one in path]
    return classes()["AttributePath"](steps=steps)


def _message(name: str, **values: Any) -> Any:
    return classes()[name](**values)


def _value(dynamic: Any) -> Any:
    return decode(dynamic.msgpack) if dynamic.msgpack else decode_json(dynamic.json)


def _dynamic(value: Value) -> Any:
    return classes()["DynamicValue"](msgpack=encode(value))


METHODS: dict[str, Callable[[Servicer, Any, str], Any]] = {
    "GetProviderSchema": Servicer.get_provider_schema,
    "GetResourceIdentitySchemas": Servicer.get_resource_identity_schemas,
    "GetFunctions": Servicer.get_functions,
    "CallFunction": Servicer.call_function,
    "ValidateProviderConfig": Servicer.validate_provider_config,
    "ValidateResourceConfig": Servicer.validate_resource_config,
    "ValidateDataResourceConfig": Servicer.validate_data_resource_config,
    "ValidateEphemeralResourceConfig": Servicer.validate_ephemeral_resource_config,
    "ConfigureProvider": Servicer.configure_provider,
    "UpgradeResourceState": Servicer.upgrade_resource_state,
    "ReadResource": Servicer.read_resource,
    "PlanResourceChange": Servicer.plan_resource_change,
    "ApplyResourceChange": Servicer.apply_resource_change,
    "ImportResourceState": Servicer.import_resource_state,
    "ReadDataSource": Servicer.read_data_source,
    "OpenEphemeralResource": Servicer.open_ephemeral_resource,
    "RenewEphemeralResource": Servicer.renew_ephemeral_resource,
    "CloseEphemeralResource": Servicer.close_ephemeral_resource,
    "StopProvider": Servicer.stop_provider,
}
