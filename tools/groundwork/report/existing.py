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
from groundwork.terraform import plans, sources
from groundwork.terraform.session import Session
from groundwork.terraform.state import State, StateLocation, StateResource, read_state

Mark = Literal["", "+", "-", "~", "±"]
Pair = tuple[str, str]
_ACTIONS: Mapping[tuple[str, ...], Mark] = {("update",): "~", ("delete", "create"): "±", ("create", "delete"): "±"}
_NAMES = {
    "google_storage_bucket": ("bucket", "name"),
    "google_artifact_registry_repository": ("repository", "repository_id"),
    "google_secret_manager_secret": ("secret", "secret_id"),
    "google_service_account": ("identity", "account_id"),
    "google_cloud_run_v2_service": ("service", "name"),
    "google_cloudfunctions2_function": ("function", "name"),
    "google_cloud_run_v2_job": ("job", "name"),
    "google_compute_instance": ("workstation", "name"),
    "google_cloudbuild_trigger": ("build", "name"),
}
# A grant on one of these names it in the attribute of the same name.
_RUNS = {"google_cloud_run_v2_service_iam": "service", "google_cloud_run_v2_job_iam": "job"}
# The attributes in which grants name their resource.
_TARGETS = {"bucket": "bucket", "repository": "repository", "secret_id": "secret"}
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
        for member in _members(resource.attributes):
            kind, _, address = member.partition(":")
            if kind in ("user", "group"):
                things.add(f"person/{address}")
            elif kind == "serviceAccount":
                start = _identity(environment, address.partition("@")[0])
                pairs |= {(start, end) for end in _target(environment, resource.type, resource.attributes)}
    return frozenset(things), frozenset(pairs)


def _thing(environment: Environment, kind: str, attributes: Mapping[str, Any]) -> Iterator[str]:
    if kind not in _NAMES or attributes.get(_NAMES[kind][1]) in (None, *_own(environment)):
        return
    word, attribute = _NAMES[kind]
    name = str(attributes[attribute])
    yield _identity(environment, name) if word == "identity" else f"{word}/{_short(environment, word, name)}"


def _own(environment: Environment) -> tuple[str, ...]:
    """The buckets that groundwork creates for itself."""
    return (
        environment.state_bucket,
        environment.sources_bucket,
        environment.staging_bucket,
        environment.functions_bucket,
    )


def _identity(environment: Environment, account: str) -> str:
    identity_names = {identity.email.partition("@")[0]: name for name, identity in environment.identities.items()}
    return f"identity/{identity_names.get(account, account.removeprefix('groundwork-'))}"


def _short(environment: Environment, word: str, name: str) -> str:
    last = name.rpartition("/")[2]
    if word != "bucket":
        return last
    bucket_names = {bucket.full_name: short for short, bucket in environment.buckets.items()}
    return bucket_names.get(last, last.removeprefix(f"{environment.project}-"))


def _members(attributes: Mapping[str, Any]) -> list[str]:
    one = [attributes["member"]] if isinstance(attributes.get("member"), str) else []
    return [str(member) for member in [*(attributes.get("members") or ()), *one]] if "role" in attributes else []


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


def _target(environment: Environment, kind: str, attributes: Mapping[str, Any]) -> Iterator[str]:
    for beginning, word in _RUNS.items():
        if kind.startswith(beginning):
            name = str(attributes.get("name") or "").rpartition("/")[2]
            yield f"{'function' if name in environment.functions else word}/{name}"
    for attribute, word in _TARGETS.items():
        name = str(attributes.get(attribute) or "")
        if name and not name.endswith(_own(environment)):
            yield f"{word}/{_short(environment, word, name)}"


def _changing(environment: Environment, changes: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Mark]]:
    for entry in changes:
        mark = _ACTIONS.get(tuple(entry["change"]["actions"]))
        if mark:
            for name in _thing(environment, entry["type"], entry["change"].get("before") or {}):
                yield name, mark
