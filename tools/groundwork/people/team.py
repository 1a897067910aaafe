"""People in and out: the environment file, the plan that follows from it, and proof of what came of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from ruamel.yaml.comments import CommentedMap

from groundwork.environment import editing
from groundwork.environment.values import Environment, Member, load
from groundwork.errors import CouldNotTell, GroundworkError, LeftOver, Refused, UsageProblem
from groundwork.google.cloud import Cloud, CloudProblem, connect
from groundwork.lifecycle.up import Check, Wish, up
from groundwork.people.access import Access, Roles, promised
from groundwork.people.actions import Action, attempt, let_in
from groundwork.people.personas import Persona, Target, grants, personas
from groundwork.resources.policies import Binding, Policies, address, drop_members, is_of, read_all
from groundwork.terraform.plans import LayerPlan
from groundwork.terraform.session import Session
from groundwork.terraform.state import read_state
from groundwork.terraform.talk import Talk

_EMAIL = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9-]+(\.[a-z0-9-]+)+")
OWNER_ROLE = "roles/owner"


@dataclass(frozen=True)
class Tried:
    """A promise and what came of it; `status` is the HTTP status of the try, or 200/403 by the policies."""

    target: Target
    action: Action
    status: int

    @property
    def kept(self) -> bool:
        """Whether the person was let in."""
        return let_in(self.status)


@dataclass(frozen=True)
class Joined:
    """A member after `add`: whether the file changed, and every promise with its outcome; `tried` is False for a group and on Google Cloud."""

    environment: Environment
    member: Member
    changed: bool
    proof: tuple[Tried, ...]
    tried: bool


def checked_email(text: str) -> str:
    """The address in lower case. Raises UsageProblem when it is none, or a service account's."""
    email = text.strip().lower().removeprefix("user:").removeprefix("group:")
    if not _EMAIL.fullmatch(email):
        raise UsageProblem(f'"{text}" is not an e-mail address; write it as alice@example.com.')
    if email.endswith("gserviceaccount.com"):
        raise UsageProblem(
            f"{email} is a service account, not a person; it belongs under identities: in the environment file."
        )
    return email


def checked_persona(name: str, known: Sequence[str]) -> str:
    """The persona's name. Raises UsageProblem with those there are."""
    if name not in known:
        raise UsageProblem(f'"{name}" is not a persona; there are {", ".join(known)}.')
    return name


def enter(environment: Environment, member: Member) -> bool:
    """Write a member into the environment file; False when it says so already."""

    def change(document: CommentedMap) -> bool:
        members = editing.parted(document, "members")
        if not members:
            members = document["members"] = CommentedMap()
        key = next((name for name in members if str(name).lower() == member.email), member.email)
        fields = {"role": member.role} | ({"type": member.type} if member.type != "user" else {})
        if dict(members.get(key) or {}) == fields:
            return False
        members[key] = editing.inline(fields)
        return True

    return editing.edit(environment.path, change)


def strike(environment: Environment, email: str) -> bool:
    """Take a member out of the environment file; False when nobody of that address is in it."""

    def change(document: CommentedMap) -> bool:
        members = editing.parted(document, "members") or CommentedMap()
        keys = [name for name in members if str(name).lower() == email]
        for key in keys:
            del members[key]
        if keys and not members:
            editing.emptied(document, "members")
        return bool(keys)

    return editing.edit(environment.path, change)


def add(session: Session, member: Member, wish: Wish, talk: Talk, checks: Sequence[Check] = ()) -> Joined:
    """Bring a member in: the file, the plan shown and applied, and every promised action tried.

    Raises Refused (the file is put back), and GroundworkError when a promise is not kept.
    """
    before = session.environment
    if wish.dry_run:
        return Joined(_with(before, member), member, before.members.get(member.email) != member, (), tried=False)
    former = _text(before)
    changed = enter(before, member)
    after = load(before.path, session.checkout.root)
    _up_or_put_back(
        replace(session, environment=after),
        wish,
        talk,
        checks,
        partial(_put_back, before, member.email, former, _text(before)),
    )
    proof = prove(session, after, member)
    return Joined(after, member, changed, proof, tried=_can_be(after, member))


def _up_or_put_back(
    session: Session, wish: Wish, talk: Talk, checks: Sequence[Check], put_back: Callable[[], object]
) -> None:
    """`up` with the edited file; where it ends before anything is applied, the edit is taken back."""
    begun: list[str] = []

    def mark(_session: Session, _plans: Sequence[LayerPlan]) -> None:
        begun.append("apply")

    try:
        up(session, replace(wish, patient=True), talk, [*checks, mark])
    except BaseException as error:
        if not begun or isinstance(error, Refused):
            put_back()
        raise


def _with(environment: Environment, member: Member) -> Environment:
    return replace(environment, members={**environment.members, member.email: member})


def _text(environment: Environment) -> str:
    return editing.read(environment.path)


def _put_back(before: Environment, email: str, former: str, ours: str) -> None:
    """Undo our edit and no other: the whole text where nobody edited it since, else the one entry."""
    if editing.restore(before.path, ours, former):
        return
    member = before.members.get(email)
    if member:
        enter(before, member)
    else:
        strike(before, email)


def prove(session: Session, environment: Environment, member: Member) -> tuple[Tried, ...]:
    """Try every promised action as the member on the local cloud; on Google Cloud, judge by the policies as they are.

    Nobody can act as somebody else on Google Cloud; the newcomer's own `groundwork access check` tries it there.
    """
    roles = Roles(session.cloud)
    promises = promised(environment, personas(session.checkout.root)[member.role], roles)
    if _can_be(environment, member):
        theirs = connect(environment, member.principal, session.checkout)
        return tuple(_tried(theirs, environment, target, action) for target, action in promises)
    access = Access(environment, known_policies(session.cloud), roles)
    return tuple(
        Tried(target, action, 200 if access.allowing(member.email, action.permission, target) else 403)
        for target, action in promises
    )


def _can_be(environment: Environment, member: Member) -> bool:
    """Whether something can be tried as the member: a person on the local cloud; nobody is a group."""
    return environment.local and member.type == "user"


def _tried(cloud: Cloud, environment: Environment, target: Target, action: Action) -> Tried:
    try:
        return Tried(target, action, attempt(cloud, environment, action, target))
    except CloudProblem as problem:
        raise CouldNotTell(
            f"Whether {action.name} on {target.text} works could not be told: {problem.message}"
        ) from None


def known_policies(cloud: Cloud) -> Policies:
    """All policies of the project. Raises CouldNotTell naming those that could not be read."""
    found = read_all(cloud)
    if found.unknown:
        lines = [f"{what}: {why}" for what, why in found.unknown.items()]
        raise CouldNotTell(f"{len(lines)} policies could not be read, so nothing is claimed about access:", lines)
    return found


def broken(joined: Joined) -> GroundworkError | None:
    """What to say when a promise is not kept."""
    lines = [f"{tried.action.name} on {tried.target.text}: {tried.status}" for tried in joined.proof if not tried.kept]
    if not lines:
        return None
    return GroundworkError(
        f"{joined.member.email} was let in, but {len(lines)} of {len(joined.proof)} promised actions are refused; "
        "grants can take a minute to work: run the same command again.",
        lines,
    )


def last_owner(policies: Policies, email: str) -> bool:
    """Whether a person is the only owner that the project has."""
    owners = {
        address(member)
        for binding in policies.bindings
        if binding.item.kind == "project" and binding.role == OWNER_ROLE and not binding.condition
        for member in binding.members
        if not member.startswith("deleted:")
    }
    return owners == {email}


def holdings(session: Session, email: str) -> tuple[Binding, ...]:
    """Everything that a person holds in the project, made by hand or not. Raises Refused for the last owner, CouldNotTell."""
    policies = known_policies(session.cloud)
    if last_owner(policies, email):
        raise Refused(
            f"{email} is the last owner of {session.environment.project}: without one nobody could change who may do what. "
            "Invite another owner in the console first; nothing was changed."
        )
    return policies.held_by(email)


def take_out(session: Session, email: str, wish: Wish, talk: Talk, checks: Sequence[Check] = ()) -> tuple[Binding, ...]:
    """Take a person out of the file and of every policy; what was held beforehand.

    Raises Refused, CouldNotTell when a policy could not be read, LeftOver when a binding is still there afterwards.
    """
    before = session.environment
    held = holdings(session, email)
    if email not in before.members and not held:
        raise UsageProblem(
            f"{email} is not in {before.name} and holds nothing in {before.project}: nothing to take away."
        )
    if wish.dry_run:
        return held
    if not (wish.yes or before.local):
        talk.confirm(f"Take {email} out of {before.name} and out of {len(held)} bindings in {before.project}?")
    is_up = bool(read_state(session.cloud, session.place("platform")).resources)
    _platform_without(session, email, wish, talk, checks, is_up=is_up)
    _strip(session, email, talk, ", made by hand" if is_up else "")
    return held


def _platform_without(
    session: Session, email: str, wish: Wish, talk: Talk, checks: Sequence[Check], *, is_up: bool
) -> None:
    text = _text(session.environment)
    if not strike(session.environment, email):
        return
    if not is_up:
        talk.say(
            f"the platform is not up, and is not brought up for this: {email} is out of {session.environment.path.name}"
        )
        return
    after = load(session.environment.path, session.checkout.root)
    back = partial(_put_back, session.environment, email, text, _text(session.environment))
    _up_or_put_back(replace(session, environment=after), wish, talk, checks, back)


def _strip(session: Session, email: str, talk: Talk, why: str) -> None:
    """Remove what is still held, `why` it is if that is known, then look again."""
    by_hand = known_policies(session.cloud).held_by(email)
    for item in dict.fromkeys(binding.item for binding in by_hand):
        talk.say(f"removing {email} from the policy of {item.kind} {item.short}{why}")
        try:
            drop_members(session.cloud, item, lambda member: is_of(member, email))
        except CloudProblem as problem:
            talk.say(f"could not: {problem.message}")
    left = known_policies(session.cloud).held_by(email)
    if left:
        lines = [f"{binding.role} on {binding.item.kind} {binding.item.short}" for binding in left]
        raise LeftOver(f"{email} still holds {len(left)} bindings in {session.environment.project}:", lines)


@dataclass(frozen=True)
class Drift:
    """Where policies and file disagree about people: what is held beyond the file, and what the file says but nobody holds."""

    extra: tuple[tuple[str, Binding], ...]
    missing: tuple[tuple[str, Target, str], ...]

    @property
    def none(self) -> bool:
        """Whether they agree."""
        return not self.extra and not self.missing


def drift(session: Session, known: dict[str, Persona]) -> Drift:
    """Compare what people hold with what the file gives them; the project's owner is nobody's drift. Raises CouldNotTell."""
    environment = session.environment
    access = Access(environment, known_policies(session.cloud), Roles(session.cloud))
    said = {
        (member.email, access.item(grant.target).short, grant.role)
        for member in environment.members.values()
        for grant in grants(environment, member, known)
    }
    held = {
        (person, binding.item.short, binding.role): binding
        for person in access.policies.people
        for binding in access.policies.held_by(person)
    }
    extra = [(key[0], binding) for key, binding in held.items() if key not in said and binding.role != OWNER_ROLE]
    missing = [
        (member.email, grant.target, grant.role)
        for member in environment.members.values()
        for grant in grants(environment, member, known)
        if (member.email, access.item(grant.target).short, grant.role) not in held
    ]
    return Drift(tuple(sorted(extra)), tuple(sorted(missing)))
