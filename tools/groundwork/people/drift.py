"""Differences between the policies and the file, and whether somebody or Terraform made them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from groundwork.environment.values import Environment
from groundwork.errors import CouldNotTell
from groundwork.lifecycle.verify import read_known
from groundwork.people.access import known_policies
from groundwork.people.offboarding import OWNER_ROLE
from groundwork.people.personas import Persona, PolicyTarget, grants, item_of
from groundwork.people.spelling import Respelled, respelled
from groundwork.resources.bindings import Binding, account, address
from groundwork.resources.item import Item
from groundwork.resources.policies import revoking
from groundwork.resources.registry import granted
from groundwork.terraform.session import Session
from groundwork.terraform.state import State

Key = tuple[str, str, str]
"""Who, on what ("bucket my-project-data"), which role."""


@dataclass(frozen=True)
class Drift:
    """Where policies and file disagree: grants that are not in the file, made by hand (`extra`) or by Terraform before the file
    was changed (`outdated`), and grants in the file that are `missing`; `respelled` are members stored under another address.
    `owned`: the roles, by what they are on, that Terraform manages authoritatively: `up` revokes grants by hand in them.
    """

    extra: tuple[tuple[str, Binding], ...]
    outdated: tuple[tuple[str, Binding], ...]
    missing: tuple[tuple[str, PolicyTarget, str], ...]
    respelled: tuple[Respelled, ...]
    owned: frozenset[tuple[str, str]] = frozenset()

    @property
    def none(self) -> bool:
        """Whether there is no drift."""
        return not (self.extra or self.outdated or self.missing)


def drift(session: Session, known: Mapping[str, Persona]) -> Drift:
    """Compares people's grants with the file; the project's owner is not drift. Raises CouldNotTell."""
    environment = session.environment
    policies = known_policies(session.cloud)
    wanted = dict(_file_grants(environment, known))
    held_grants = {_key(who, binding): (who, binding) for who, binding in policies.held_by_people()}
    beyond = {key: one for key, one in held_grants.items() if key not in wanted and one[1].role != OWNER_ROLE}
    states = _states(session) if beyond else ()
    ours = {key for state in states for key in recorded(state)}
    return Drift(
        tuple(sorted(one for key, one in beyond.items() if key not in ours)),
        tuple(sorted(one for key, one in beyond.items() if key in ours)),
        tuple(sorted(one for key, one in wanted.items() if key not in held_grants)),
        respelled(session, environment, policies),
        frozenset(one for state in states for one in owned(state)),
    )


def _file_grants(
    environment: Environment, known: Mapping[str, Persona]
) -> Iterator[tuple[Key, tuple[str, PolicyTarget, str]]]:
    """The grants that the file gives its members, including those on the buckets of builds and training, which it does not list."""
    for member in environment.members.values():
        for grant in grants(environment, member, known):
            binding = Binding(item_of(environment, grant.target), grant.role, ())
            yield _key(member.email, binding), (member.email, grant.target, grant.role)
        for name, bucket in environment.work_buckets.items():
            for role in known[member.role].roles_on("bucket"):
                target = PolicyTarget("bucket", name)
                yield _key(member.email, Binding(Item("bucket", bucket), role, ())), (member.email, target, role)


def _key(who: str, binding: Binding) -> Key:
    return account(who), binding.where, binding.role


def _states(session: Session) -> tuple[State, ...]:
    """All Terraform states. Raises CouldNotTell when one cannot be read."""
    known = read_known(session.cloud, session.environment)
    if known.unknown:
        lines = [f"{what}: {why}" for what, why in known.unknown.items()]
        raise CouldNotTell("It is unknown which grants Terraform made: a state could not be read.", lines)
    return tuple(known.states.values())


def recorded(state: State) -> Iterator[Key]:
    """The grants in a state."""
    for resource in state.resources:
        if binding := granted(resource.type, resource.attributes):
            for member in binding.members:
                yield account(address(member) or member), binding.where, binding.role


def owned(state: State) -> Iterator[tuple[str, str]]:
    """The roles that a state manages authoritatively, by what they are on."""
    for resource in state.resources:
        binding = granted(resource.type, resource.attributes)
        if binding and resource.type.endswith("_iam_binding"):
            yield binding.where, binding.role


def mending(found: Drift, environment: Environment) -> tuple[str, ...]:
    """How to fix it, one line each."""
    lines = [one.text for one in found.respelled]
    taken_back = [one for one in found.extra if (one[1].where, one[1].role) in found.owned]
    if found.missing or found.outdated:
        lines.append("`groundwork up` adds what is missing and revokes what is outdated")
    if taken_back:
        lines.append("`groundwork up` revokes what was granted by hand in a role that the file grants to others")
    for who, binding in (one for one in found.extra if one not in taken_back):
        in_file = account(who) in map(account, environment.members)
        if "@" in who and ":" not in who and not in_file:
            lines.append(f"remove {who}: groundwork offboard {who} --env {environment.name}")
        else:
            lines.append(
                revoking(environment, binding, next(one for one in binding.members if who in (one, address(one))))
            )
    return tuple(dict.fromkeys(lines))
