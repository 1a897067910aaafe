"""How to give somebody access: a persona for people, a line of the file for identities, else a gcloud command."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from groundwork.environment.values import Environment
from groundwork.people.access import Cell, RolePermissions, permitted
from groundwork.people.agents import role_of
from groundwork.people.personas import Persona, item_of, part_of
from groundwork.people.team import checked_email
from groundwork.resources.item import Item
from groundwork.resources.policies import granting
from groundwork.resources.registry import policy_access

ACCOUNTS = ".gserviceaccount.com"
_ACTS_AS = "iam.serviceAccounts.actAs"


def whom(text: str, environment: Environment) -> str:
    """The address of a person, or of an identity by its name in the file ("build"), or one of groundwork's own. Raises UsageProblem."""
    name = text.strip().removeprefix("identity/")
    if name in environment.identities:
        return environment.identities[name].email
    own = {"deployer": environment.deployer, "events": environment.events, "scheduler": environment.scheduler}
    if name in own:
        return own[name]
    address = name.removeprefix("serviceAccount:")
    return address.lower() if address.endswith(ACCOUNTS) else checked_email(text)


def stranger(email: str, environment: Environment) -> str:
    """A sentence about a person whom the file does not name, with the member who may be meant; "" for anybody else."""
    if email in environment.members or email.endswith(ACCOUNTS):
        return ""
    members = {member.partition("@")[0]: member for member in environment.members}  # all may be of one domain
    near = get_close_matches(email.partition("@")[0], members, n=1)
    return f"{email} is not a member in {environment.file}" + (f"; did you mean {members[near[0]]}?" if near else ".")


def remedies(
    cell: Cell, environment: Environment, known: Mapping[str, Persona], roles: RolePermissions
) -> tuple[str, ...]:
    """Ways to allow it, the narrowest first."""
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


def _of_identity(cell: Cell, environment: Environment, name: str, roles: RolePermissions) -> tuple[str, ...]:
    target, permission = cell.target, cell.action.permission
    beginning = f"in {environment.file}, then `groundwork up --env {environment.name}`:"
    _, part = part_of(target)
    if permission == _ACTS_AS and (what := _runs_as(environment, target.name)):
        return beginning, f"identities: {{{name}: {{{what}}}}}"
    for role, line in part.lines:
        if permission in roles.permissions(role):
            return beginning, line.format(identity=name, name=target.name)
    return (
        f"{beginning} with a ROLE that includes {permission}, for the whole project:",
        f"identities: {{{name}: {{project_roles: [ROLE]}}}}",
    )


def _runs_as(environment: Environment, identity: str) -> str:
    """What lets another identity act as this one, by what runs as it: "submits: [training]"; "" where nothing does."""
    if any(one.identity == identity for one in environment.training.values()):
        return "submits: [training]"
    if any(one.identity == identity for one in environment.builds.values()):
        return "submits: [builds]"
    for part, runs in (("services", environment.services), ("jobs", environment.jobs)):
        for name, one in runs.items():
            if one.identity == identity:
                return f"{part}: {{{name}: deploy}}"
    return ""


def _by_hand(cell: Cell, environment: Environment, kind: str) -> tuple[str, ...]:
    there = item_of(environment, cell.target)
    agents = role_of(cell.person)
    item = there if there.kind in policy_access() and not agents else Item("project", environment.project)
    line = granting(environment, item, f"{kind}:{cell.person}", agents or "ROLE")
    if agents:
        return (
            "Google grants it this role when the API is first used, at the latest; an owner can grant it again:",
            line,
        )
    return (f"an owner can grant it, with a ROLE that includes {cell.action.permission}:", line)
