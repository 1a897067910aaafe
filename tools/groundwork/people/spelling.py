"""Addresses that policies spell differently from the file: Google stores an account's primary address whatever alias was given."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from groundwork.environment.values import Environment, Member
from groundwork.people.access import known_policies
from groundwork.people.personas import grants, item_of, personas
from groundwork.resources.bindings import Policies, account, address
from groundwork.resources.registry import GRANT
from groundwork.terraform.plans import LayerPlan
from groundwork.terraform.session import Session


@dataclass(frozen=True)
class Respelled:
    """A member whom no policy names, and an address outside the file with exactly that member's grants."""

    email: str
    stored: str

    @property
    def text(self) -> str:
        """What that means, and what to do."""
        return (
            f"no policy names {self.email}, but {self.stored}, which is not in the file, has the same grants: if both are the same "
            f"account, {self.stored} is its primary address; use that in the file"
        )


def respelled(session: Session, environment: Environment, policies: Policies) -> tuple[Respelled, ...]:
    """The members whose grants are in the policies under an address that is not in the file."""
    known = personas(session.checkout.root)
    claimed = {account(email) for email in environment.members}
    held = _grants_by_address(policies)
    found = []
    for member in environment.members.values():
        due = {(item_of(environment, grant.target).short, grant.role) for grant in grants(environment, member, known)}
        if due and not due & held.get(account(member.email), set()):
            holders = sorted(other for other, theirs in held.items() if other not in claimed and due <= theirs)
            found += [Respelled(member.email, other) for other in holders]
    return tuple(found)


def after_apply(session: Session, applied: Iterable[LayerPlan]) -> tuple[Respelled, ...]:
    """After new grants: the members for whom Google stored another address. Raises CouldNotTell.

    The local cloud is not checked: it stores addresses as they are given.
    """
    granted = any(GRANT.fullmatch(change.type) for plan in applied for change in plan.changes)
    if session.environment.local or not granted:
        return ()
    return respelled(session, session.environment, known_policies(session.cloud))


def of_member(respellings: Iterable[Respelled], member: Member) -> tuple[Respelled, ...]:
    """Those of one member."""
    return tuple(one for one in respellings if one.email == member.email)


def _grants_by_address(policies: Policies) -> dict[str, set[tuple[str, str]]]:
    """The grants of each user and group, as pairs of a resource's short name and a role."""
    found: dict[str, set[tuple[str, str]]] = {}
    for binding in policies.bindings:
        for member in binding.members:
            if member.startswith(("user:", "group:")):
                found.setdefault(account(address(member)), set()).add((binding.item.short, binding.role))
    return found
