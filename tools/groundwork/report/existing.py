"""Which parts of an environment exist, by their names in the file: from the state, or from a saved plan."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from groundwork.environment.checkout import LAYERS, Checkout
from groundwork.environment.values import Environment
from groundwork.errors import CouldNotTell, GroundworkError, UsageProblem
from groundwork.google import local
from groundwork.google.cloud import GoogleCloud, connect
from groundwork.resources.item import Item
from groundwork.resources.kind import FileSection, several
from groundwork.resources.registry import granted, kinds, parts, provisionings
from groundwork.terraform import plans, sources
from groundwork.terraform.session import Session
from groundwork.terraform.state import State, StateLocation, StateResource, read_state

Mark = Literal["", "+", "-", "~", "±"]
Pair = tuple[str, str]
_ACTIONS: Mapping[tuple[str, ...], Mark] = {("update",): "~", ("delete", "create"): "±", ("create", "delete"): "±"}
_STATE = "tfstate"


@dataclass(frozen=True)
class Existing:
    """The things that exist ("bucket/data", "person/EMAIL"), which identities reach which, and what a plan changes in place.

    Not `judged` if the state is unknown or nothing is up: then nothing is marked. `problem` says why it could not be read.
    """

    things: frozenset[str] = frozenset()
    pairs: frozenset[Pair] = frozenset()
    changing: Mapping[str, Mark] = field(default_factory=dict)
    judged: bool = False
    basis: str = ""
    problem: str = ""


def from_state(checkout: Checkout, environment: Environment) -> Existing:
    """What exists according to the state; nothing is started."""
    if environment.local and local.find(checkout) is None:
        return Existing(basis=" alone: the local cloud (simulated) is stopped")
    try:
        cloud = connect(environment, checkout=checkout)
        found = [_state(cloud, environment, layer) for layer in LAYERS]
    except GroundworkError as problem:
        return Existing(basis=" alone: the state could not be read", problem=problem.message)
    resources = [resource for state in found for resource in state.resources]
    if not resources:
        return Existing(basis="; nothing of it is up")
    things, pairs = _things(environment, resources)
    return Existing(things, pairs, judged=True, basis=" and the state")


def from_plan(session: Session) -> Existing:
    """What exists according to the saved plans, and what they change.

    Raises UsageProblem where no plan is saved, CouldNotTell where one is older than the code, the file or the state.
    """
    environment = session.environment
    resources: list[StateResource] = []
    changing: dict[str, Mark] = {}
    for layer in LAYERS:
        file = session.data(layer) / plans.FILE
        _refuse_older(session, layer, file)
        document = session.plan_json(layer, file)
        resources += _resources(document.get("prior_state", {}).get("values", {}).get("root_module", {}))
        changing |= dict(_changing(environment, document.get("resource_changes", ())))
    things, pairs = _things(environment, resources)
    return Existing(things, pairs, changing, judged=True, basis=" and the saved plan")


def _state(cloud: GoogleCloud, environment: Environment, layer: str) -> State:
    return read_state(cloud, StateLocation(environment.state_bucket, f"{environment.name}/{layer}"))


def _refuse_older(session: Session, layer: str, file: Path) -> None:
    environment = session.environment
    again = f"run `groundwork plan --env {environment.name}`, then this again."
    if not file.exists():
        raise UsageProblem(f"No plan of {environment.name} is saved here: {again}")
    older = sources.changed(file, session.checkout.root, environment)
    if not older and _serial(file) != _state(session.cloud, environment, layer).serial:
        older = [f"the state of {layer}"]
    if older:
        raise CouldNotTell(
            f"The saved plan of {layer} is older than these files, so nothing is claimed: {again}", older
        )


def _serial(file: Path) -> int:
    """The serial of the state that a plan was made on; 0 where there was none."""
    with zipfile.ZipFile(file) as plan:
        if _STATE not in plan.namelist():
            return 0
        return int(json.loads(plan.read(_STATE)).get("serial", 0))


def _resources(module: Mapping[str, Any]) -> Iterator[StateResource]:
    for one in module.get("resources", ()):
        yield StateResource(one["address"], "", one["type"], one.get("values") or {})
    for child in module.get("child_modules", ()):
        yield from _resources(child)


def _things(environment: Environment, resources: Iterable[StateResource]) -> tuple[frozenset[str], frozenset[Pair]]:
    things: set[str] = set()
    pairs: set[Pair] = set()
    for resource in resources:
        found = list(_thing(environment, resource.type, resource.attributes))
        things |= set(found)
        pairs |= {
            (_identity(environment, account), thing) for thing in found for account in _runs_as(resource.attributes)
        }
        grant = granted(resource.type, resource.attributes)
        for member in grant.members if grant else ():
            kind, _, address = member.partition(":")
            if grant and kind == "serviceAccount":
                pairs |= {(_identity(environment, address), end) for end in _target(environment, grant.item)}
            elif kind in ("user", "group"):
                things.add(f"person/{address}")
    return frozenset(things), frozenset(pairs)


def _thing(environment: Environment, resource_type: str, attributes: Mapping[str, Any]) -> Iterator[str]:
    how = provisionings().get(resource_type)
    if how and how.section:
        word, attribute = how.section
        section = next(one for _, one in parts() if one.word == word)
        yield from _called(environment, section, str(attributes.get(attribute) or "").rpartition("/")[2])


def _called(environment: Environment, section: FileSection, name: str) -> Iterator[str]:
    if in_file := section.called(environment, name):
        yield f"{section.word}/{in_file}"


def _identity(environment: Environment, account: str) -> str:
    """The box of an account, by its email or what precedes the @."""
    section = next(one for _, one in parts() if one.word == "identity")
    return f"{section.word}/{section.called(environment, account)}"


def _target(environment: Environment, item: Item) -> Iterator[str]:
    """What the file calls a thing on which a role is granted; of a kind with two sections, by the one that has the thing."""
    sections = several(kinds()[item.kind].parts)
    having = [one for one in sections if one.called(environment, item.short) in one.entries(environment)]
    for section in (having or sections)[:1]:
        yield from _called(environment, section, item.short)


def _runs_as(attributes: Mapping[str, Any]) -> Iterator[str]:
    """The accounts that a service, function, job, build or machine runs as; a job has its account in a template within a template."""
    blocks = [attributes, *(attributes.get("template") or ())]
    blocks += [inner for block in blocks[1:] for inner in block.get("template") or ()]
    blocks += attributes.get("service_config") or ()
    for block in blocks:
        account = block.get("service_account") or block.get("service_account_email") or ""
        for name in [account] if isinstance(account, str) else [str(one.get("email") or "") for one in account]:
            if name:
                yield name.rpartition("/")[2].partition("@")[0]


def _changing(environment: Environment, changes: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Mark]]:
    for entry in changes:
        mark = _ACTIONS.get(tuple(entry["change"]["actions"]))
        if mark:
            for name in _thing(environment, entry["type"], entry["change"].get("before") or {}):
                yield name, mark
