"""Offboarding: removes people from the environment file, all policies and access control lists, and reports other ways in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial

from groundwork.environment.values import load
from groundwork.errors import CouldNotTell, GroundworkError, LeftOver, Refused, UsageProblem
from groundwork.google.cloud import CloudProblem
from groundwork.lifecycle.up import UpOptions
from groundwork.people import team
from groundwork.people.access import refuse_unknown
from groundwork.people.spelling import Respelled, of_member, respelled
from groundwork.people.team import strike
from groundwork.resources import acls, inventory
from groundwork.resources.bindings import Binding, IndirectAccess, Policies, address, is_of
from groundwork.resources.policies import drop_members, read_all
from groundwork.terraform.session import Session
from groundwork.terraform.state import State, read_state
from groundwork.terraform.talk import Talk
from groundwork.text import counted

OWNER_ROLE = "roles/owner"


@dataclass(frozen=True)
class OffboardingResult:
    """Somebody who left: their former grants, what still gives them access, addresses that may be theirs, and what could not be read."""

    email: str
    project: str
    held: tuple[Binding, ...]
    ways: tuple[IndirectAccess, ...]
    respelled: tuple[Respelled, ...]
    unread: tuple[str, ...] = ()

    @property
    def problem(self) -> GroundworkError | None:
        """Why they may still have access: LeftOver if that is certain, CouldNotTell otherwise."""
        lines = [*(way.text for way in self.ways), *(one.text for one in self.respelled), *self.unread]
        none = f"No policy{' that could be read' if self.unread else ''} names {self.email} any more"
        if any(way.certain for way in self.ways):
            return LeftOver(f"{none}, but they still have access to {self.project}:", lines)
        if lines:
            return CouldNotTell(f"{none}; it is unknown whether they still have access to {self.project}:", lines)
        return None


def last_owner(policies: Policies, email: str) -> bool:
    """Whether a person is the project's only owner."""
    owners = {
        address(member)
        for binding in policies.bindings
        if binding.item.kind == "project" and binding.role == OWNER_ROLE and not binding.condition
        for member in binding.members
        if not member.startswith("deleted:")
    }
    return owners == {email}


def _policies(session: Session, email: str) -> Policies:
    """All policies that can be read. Raises Refused for the project's last owner, CouldNotTell where its own policy is unknown."""
    policies = read_all(session.cloud)
    if not any(binding.item.kind == "project" for binding in policies.bindings):
        refuse_unknown(policies)
    if last_owner(policies, email):
        raise Refused(
            f"{email} is the last owner of {session.environment.project}: without one nobody could change who may do what. "
            "Invite another owner in the console first; nothing was changed."
        )
    return policies


def take_out(session: Session, email: str, options: UpOptions, talk: Talk) -> OffboardingResult:
    """Removes a person from the file, from every policy and from every access control list.

    A policy that cannot be read does not keep them in the others. Raises Refused, CouldNotTell when nothing is known of them but not all
    could be read, or Terraform could not read its own, LeftOver when a binding is still there afterwards.
    """
    before = session.environment
    policies = _policies(session, email)
    bindings = policies.held_by(email)
    member = before.members.get(email)
    state = read_state(session.cloud, session.place("platform"))
    if options.dry_run or not (member or bindings) or (member and _plans_with(state, policies.unknown)):
        refuse_unknown(policies)
    spelled = of_member(respelled(session, before, policies), member) if member else ()
    if options.dry_run and (member or bindings):
        return OffboardingResult(email, before.project, bindings, policies.letting_in(email), spelled)
    if not member and not bindings:
        left = OffboardingResult(email, before.project, (), policies.letting_in(email), ())
        raise left.problem or UsageProblem(
            f"{email} is not in {before.name} and has no grants in {before.project}: there is nothing to remove."
        )
    if not (options.yes or before.local):
        talk.confirm(
            f"Remove {email} from {before.name} and from {counted(len(bindings), 'binding')} in {before.project}?"
        )
    is_up = bool(state.resources)
    _platform_without(session, email, options, talk, is_up=is_up)
    after = _strip(session, email, talk, ", made by hand" if is_up else "")
    unread = tuple(f"could not be read: {what}: {why}" for what, why in after.unknown.items())
    return OffboardingResult(email, before.project, bindings, after.letting_in(email), spelled, unread)


def _plans_with(state: State, unknown: Iterable[str]) -> bool:
    """Whether a plan reads one of the policies that could not be read, each "KIND NAME", and so would fail."""
    names = {name.rpartition("/")[2] for name in inventory.known_to(state)}
    return any(what.rpartition(" ")[2] in names for what in unknown)


def _platform_without(session: Session, email: str, options: UpOptions, talk: Talk, *, is_up: bool) -> None:
    text = team.text_of(session.environment)
    if not strike(session.environment, email):
        return
    if not is_up:
        talk.say(
            f"{email} was removed from {session.environment.path.name}; the platform is not up, and is not brought up for this"
        )
        return
    after = load(session.environment.path, session.checkout.root)
    restore = partial(team.put_back, session.environment, email, text, team.text_of(session.environment))
    team.up_or_put_back(replace(session, environment=after), email, options, talk, restore)


def _strip(session: Session, email: str, talk: Talk, why: str) -> Policies:
    """Removes the grants that are still there (`why`, if known), then reads the policies again and returns them."""
    by_hand = read_all(session.cloud).held_by(email)
    for where, binding in {binding.where: binding for binding in by_hand}.items():
        what = "access control list" if binding.listed else "policy"
        talk.say(f"removing {email} from the {what} of {where}{why}")
        drop = (
            partial(acls.drop_members, session.cloud, binding)
            if binding.listed
            else partial(drop_members, session.cloud, binding.item)
        )
        try:
            drop(lambda member: is_of(member, email))
        except CloudProblem as problem:
            talk.say(f"could not: {problem.message}")
    after = read_all(session.cloud)
    if left := after.held_by(email):
        lines = [f"{binding.role} on {binding.where}" for binding in left]
        raise LeftOver(f"{email} still holds {counted(len(left), 'binding')} in {session.environment.project}:", lines)
    return after
