"""Personas as data: the roles that a member of each gets; modules/team_access reads the same file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from groundwork.environment.shipped import PERSONAS, other_version, read_shipped
from groundwork.environment.values import Environment, Member
from groundwork.resources.item import Item
from groundwork.resources.kind import FileSection, Kind
from groundwork.resources.registry import parts

PROJECT = "project"


@dataclass(frozen=True, order=True)
class PolicyTarget:
    """A thing with an IAM policy: its kind ("bucket") and its name in the file."""

    kind: str
    name: str = ""

    @property
    def text(self) -> str:
        """In the form in which people type it: "project", "bucket/data", "secret/wandb-api-key"."""
        return f"{self.kind}/{self.name}" if self.name else self.kind


@dataclass(frozen=True, order=True)
class Grant:
    """A role on a target."""

    target: PolicyTarget
    role: str


@dataclass(frozen=True)
class Persona:
    """A kind of member: a description, the permissions of its project role, and its roles by kind of target."""

    name: str
    description: str
    permissions: frozenset[str]
    roles: Mapping[str, tuple[str, ...]]

    def roles_on(self, kind: str) -> tuple[str, ...]:
        """Its roles on one kind of target; none on the project, where it has a custom role."""
        return self.roles.get(next(part.place for _, part in parts() if part.word == kind), ())


def personas(root: Path) -> dict[str, Persona]:
    """All personas by name, in file order. Raises UsageProblem for a file that is damaged or from another version."""
    try:
        return {
            name: Persona(
                name,
                entry["description"],
                frozenset(entry[PROJECT]),
                {part.place: tuple(entry[part.place]) for _, part in parts() if part.place != PROJECT},
            )
            for name, entry in read_shipped(root, PERSONAS).items()
        }
    except (KeyError, TypeError) as problem:
        raise other_version(PERSONAS, problem) from problem


def targets(environment: Environment) -> tuple[PolicyTarget, ...]:
    """Everything in the environment with a policy of its own, the project first."""
    ranked = sorted((part for _, part in parts()), key=lambda part: (part.rank, part.word))
    return tuple(PolicyTarget(part.word, name) for part in ranked for name in part.entries(environment))


def part_of(target: PolicyTarget) -> tuple[Kind, FileSection]:
    """The kind of a target, and its entry in the file."""
    return next((kind, part) for kind, part in parts() if part.word == target.kind)


def item_of(environment: Environment, target: PolicyTarget) -> Item:
    """The item in the project for a target of the file."""
    kind, part = part_of(target)
    return Item(kind.name, part.entries(environment)[target.name])


def applies(environment: Environment, persona: str, target: PolicyTarget) -> bool:
    """Whether a persona has access to this target: an identity names its users."""
    return target.kind != "identity" or persona in environment.identities[target.name].users


def grants(environment: Environment, member: Member, known: Mapping[str, Persona]) -> tuple[Grant, ...]:
    """Every role that the file gives a member."""
    persona = known[member.role]
    own = Grant(PolicyTarget(PROJECT), environment.persona_role(persona.name))
    return own, *(
        Grant(target, role)
        for target in targets(environment)
        if applies(environment, persona.name, target)
        for role in persona.roles_on(target.kind)
    )
