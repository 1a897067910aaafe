"""What would let somebody do something: a persona for people, a line of the file for identities, else gcloud's line."""

from __future__ import annotations

from collections.abc import Mapping

from groundwork.environment.values import Environment
from groundwork.people.access import Cell, Roles, permitted
from groundwork.people.personas import Persona, item_of, part_of
from groundwork.people.team import checked_email
from groundwork.resources.policies import granting

ACCOUNTS = ".gserviceaccount.com"


def whom(text: str, environment: Environment) -> str:
    """The address of a person, or of an identity by its name in the file ("build", "deployer"). Raises UsageProblem."""
    name = text.strip().removeprefix("identity/")
    if name in environment.identities:
        return environment.identities[name].email
    if name == "deployer":
        return environment.deployer
    address = name.removeprefix("serviceAccount:")
    return address.lower() if address.endswith(ACCOUNTS) else checked_email(text)


def remedies(cell: Cell, environment: Environment, known: Mapping[str, Persona], roles: Roles) -> tuple[str, ...]:
    """The lines that would allow it, the narrowest first."""
    names = {identity.email: name for name, identity in environment.identities.items()}
    if cell.person in names:
        return _of_identity(cell, environment, names[cell.person], roles)
    if cell.person.endswith(ACCOUNTS):
        return _by_hand(cell, environment, "serviceAccount")
    fitting = [
        persona.name
        for persona in known.values()
        if permitted(environment, persona, cell.target, cell.action.permission, roles)
    ]
    if fitting:
        return (f"groundwork onboard {cell.person} --role {fitting[0]} --env {environment.name}",)
    return ("no persona may do this", *_by_hand(cell, environment, "user"))


def _of_identity(cell: Cell, environment: Environment, name: str, roles: Roles) -> tuple[str, ...]:
    target, permission = cell.target, cell.action.permission
    beginning = f"in envs/{environment.path.name}, then `groundwork up --env {environment.name}`:"
    _, part = part_of(target)
    for role, line in part.lines:
        if permission in roles.permissions(role):
            return beginning, line.format(identity=name, name=target.name)
    return (
        f"{beginning} ROLE is one that holds {permission}, in the whole project:",
        f"identities: {{{name}: {{project_roles: [ROLE]}}}}",
    )


def _by_hand(cell: Cell, environment: Environment, kind: str) -> tuple[str, ...]:
    line = granting(environment, item_of(environment, cell.target), f"{kind}:{cell.person}", "ROLE")
    return (f"an owner grants it with a ROLE that holds {cell.action.permission}:", line)
