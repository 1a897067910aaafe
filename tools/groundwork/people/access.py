"""Who may do what according to the current policies: the matrix of people and actions, and the reasons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from groundwork.environment.values import Environment
from groundwork.errors import CouldNotTell, UsageProblem
from groundwork.google.cloud import CloudProblem, GoogleCloud
from groundwork.people.actions import on
from groundwork.people.personas import Persona, PolicyTarget, applies, item_of, targets
from groundwork.resources.bindings import Binding, Policies, address, same_account
from groundwork.resources.kind import Action
from groundwork.resources.policies import read_all
from groundwork.text import allowed, counted

_BASIC = {"projectOwner": "roles/owner", "projectEditor": "roles/editor", "projectViewer": "roles/viewer"}


@dataclass
class RolePermissions:
    """The permissions of roles, cached."""

    cloud: GoogleCloud

    def __post_init__(self) -> None:
        self._known: dict[str, frozenset[str]] = {}

    def permissions(self, role: str) -> frozenset[str]:
        """The permissions of a role such as "roles/viewer". Raises CouldNotTell when IAM does not say."""
        if role not in self._known:
            try:
                answer = self.cloud.request("GET", "iam", f"v1/{role}")
            except CloudProblem as problem:
                raise CouldNotTell(f"What {role} permits could not be read: {problem.message}") from None
            self._known[role] = frozenset(answer.get("includedPermissions", ()))
        return self._known[role]


@dataclass(frozen=True)
class Access:
    """The policies of an environment's project, and what is needed to evaluate them."""

    environment: Environment
    policies: Policies
    roles: RolePermissions

    def bindings_on(self, target: PolicyTarget) -> tuple[Binding, ...]:
        """The bindings that apply to a target: its own and the project's."""
        own = item_of(self.environment, target)
        return tuple(
            binding
            for binding in self.policies.bindings
            if binding.item.kind == "project" or (binding.item.kind == own.kind and binding.item.short == own.short)
        )

    def allowing(self, person: str, permission: str, target: PolicyTarget) -> tuple[Binding, ...]:
        """The bindings that give a person a permission on a target, including conditional ones."""
        return tuple(
            binding
            for binding in self.bindings_on(target)
            if any(self._is(member, person) for member in binding.members)
            and permission in self.roles.permissions(binding.role)
        )

    def _is(self, member: str, person: str) -> bool:
        if member in ("allUsers", "allAuthenticatedUsers"):
            return True
        kind = member.partition(":")[0]
        if kind in _BASIC:
            return person in self._basic.get(_BASIC[kind], frozenset())
        if kind == "domain":
            return person.endswith(f"@{address(member)}")
        return kind != "deleted" and same_account(address(member), person)

    def groups_allowing(self, permission: str, target: PolicyTarget) -> tuple[str, ...]:
        """The groups with a permission on a target; policies do not say who is in a group."""
        groups = {
            address(member)
            for binding in self.bindings_on(target)
            for member in binding.members
            if member.startswith("group:") and permission in self.roles.permissions(binding.role)
        }
        return tuple(sorted(groups))

    @cached_property
    def _basic(self) -> Mapping[str, frozenset[str]]:
        """Who has each basic role; policies of buckets refer to them as projectOwner, projectEditor and projectViewer."""
        return {
            binding.role: frozenset(address(member) for member in binding.members)
            for binding in self.policies.bindings
            if binding.item.kind == "project" and binding.role in _BASIC.values()
        }


def known_policies(cloud: GoogleCloud) -> Policies:
    """All policies of the project. Raises CouldNotTell naming those that could not be read."""
    found = read_all(cloud)
    refuse_unknown(found)
    return found


def refuse_unknown(found: Policies) -> None:
    """Raises CouldNotTell naming the policies that could not be read, if there are any."""
    if found.unknown:
        lines = [f"{what}: {why}" for what, why in found.unknown.items()]
        raise CouldNotTell(
            f"{counted(len(lines), 'policy')} could not be read, so nothing is claimed about access:", lines
        )


@dataclass(frozen=True)
class Cell:
    """One answer: an action on a target, whether it is allowed, and by which bindings."""

    person: str
    target: PolicyTarget
    action: Action
    by: tuple[Binding, ...]

    @property
    def allowed(self) -> bool:
        """Whether some binding allows it."""
        return bool(self.by)


def matrix(access: Access, people: Iterable[str]) -> tuple[Cell, ...]:
    """Every person's access to every action on everything in the file."""
    return tuple(
        Cell(person, target, action, access.allowing(person, action.permission, target))
        for person in people
        for target in targets(access.environment)
        for action in on(target)
    )


def needed(access: Access, person: str, target: PolicyTarget, action: Action) -> tuple[Cell, ...]:
    """The answer about an action, and about the other actions that it requires."""
    also = action.also(access.environment, target.name) if action.also else ()
    wanted = [(target, action)]
    for text, verb in also:
        other = find_target(access.environment, text)
        wanted.append((other, find_action(verb, other)))
    return tuple(Cell(person, on_it, one, access.allowing(person, one.permission, on_it)) for on_it, one in wanted)


def find_target(environment: Environment, text: str) -> PolicyTarget:
    """Parses a target such as "project", "deployer" or "bucket/data". Raises UsageProblem with the known ones."""
    known = {target.text: target for target in targets(environment)}
    if text in known:
        return known[text]
    alike = [target for target in known.values() if target.name == text]
    if len(alike) == 1:
        return alike[0]
    raise UsageProblem(f"There is no {text} in {environment.name}; there are {', '.join(known)}.")


def find_action(text: str, target: PolicyTarget) -> Action:
    """Parses an action on a target: "read", "secret.read" or a permission. Raises UsageProblem."""
    fitting = on(target)
    for action in fitting:
        if text in (action.name, action.verb_only, action.permission):
            return action
    if text.count(".") >= 2:
        return Action(text, text, "", "", "")
    known = [action.verb_only for action in fitting]
    raise UsageProblem(
        f'"{text}" is not an action on a {target.kind}; {allowed(known, text)} Any IAM permission is allowed, too.'
    )


def promised(
    environment: Environment, persona: Persona, roles: RolePermissions
) -> tuple[tuple[PolicyTarget, Action], ...]:
    """Every action that a persona's roles allow, on every target: what onboarding verifies."""
    return tuple(
        (target, action)
        for target in targets(environment)
        for action in on(target)
        if permitted(environment, persona, target, action.permission, roles)
    )


def permitted(
    environment: Environment, persona: Persona, target: PolicyTarget, permission: str, roles: RolePermissions
) -> bool:
    """Whether a persona's project role, or one of its roles on the target, includes a permission."""
    there = persona.roles_on(target.kind) if applies(environment, persona.name, target) else ()
    return permission in persona.permissions or any(permission in roles.permissions(role) for role in there)
