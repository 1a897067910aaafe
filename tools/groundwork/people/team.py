"""Onboarding: the entry in the environment file, the resulting plan, and proof of the result."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from ruamel.yaml.comments import CommentedMap

from groundwork.environment import editing
from groundwork.environment.values import Environment, Member, load, refuse_mistakes
from groundwork.errors import CouldNotTell, GroundworkError, Refused, UsageProblem
from groundwork.google.cloud import connect
from groundwork.lifecycle.up import UpOptions, up
from groundwork.lifecycle.wrong_members import WrongMembers
from groundwork.people.access import RolePermissions, known_policies, promised
from groundwork.people.personas import personas
from groundwork.people.spelling import Respelled, respelled
from groundwork.people.trials import Judge, Trial, trial
from groundwork.terraform.plans import LayerPlan
from groundwork.terraform.session import Session
from groundwork.terraform.talk import Talk
from groundwork.text import allowed

_EMAIL = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9-]+(\.[a-z0-9-]+)+")


@dataclass(frozen=True)
class OnboardingResult:
    """A new member: whether the file changed, and the outcome of every promised action; `tried` is False for a group and on Google Cloud.

    `respelled`: the policies have the member's grants under another address.
    """

    environment: Environment
    member: Member
    changed: bool
    proof: tuple[Trial, ...]
    tried: bool
    respelled: tuple[Respelled, ...] = ()


def checked_email(text: str) -> str:
    """The address in lower case. Raises UsageProblem for an invalid one, or a service account's."""
    email = text.strip().lower().removeprefix("user:").removeprefix("group:")
    if not _EMAIL.fullmatch(email):
        raise UsageProblem(f'"{text}" is not an e-mail address; write it as alice@example.com.')
    if email.endswith("gserviceaccount.com"):
        raise UsageProblem(
            f"{email} is a service account, not a person; it belongs under identities: in the environment file."
        )
    return email


def checked_persona(name: str, known: Sequence[str]) -> str:
    """The persona's name. Raises UsageProblem with the known ones."""
    if name not in known:
        wrong = f'"{name}" is not a persona' if name else "--role is missing"
        raise UsageProblem(f"{wrong}; {allowed(known, name)}")
    return name


def enter(
    environment: Environment,
    member: Member,
    check: Callable[[str], object] = lambda _text: None,
    *,
    dry_run: bool = False,
) -> bool:
    """Adds a member to the environment file, if `check` accepts the change; False when it is already there."""

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

    return editing.edit(environment.path, change, check, dry_run=dry_run)


def strike(environment: Environment, email: str) -> bool:
    """Removes a member from the environment file; False when no member has that address."""

    def change(document: CommentedMap) -> bool:
        members = editing.parted(document, "members") or CommentedMap()
        keys = [name for name in members if str(name).lower() == email]
        for key in keys:
            del members[key]
        if keys and not members:
            editing.emptied(document, "members")
        return bool(keys)

    return editing.edit(environment.path, change)


def add(session: Session, member: Member, options: UpOptions, talk: Talk) -> OnboardingResult:
    """Onboards a member: the file, the plan shown and applied, and every promised action tried.

    Raises EnvironmentProblem (nothing was written), Refused (the file is put back).
    """
    before = session.environment
    former = text_of(before)
    right = partial(refuse_mistakes, path=before.path, root=session.checkout.root)
    changed = enter(before, member, right, dry_run=options.dry_run)
    if options.dry_run:
        return OnboardingResult(
            replace(before, members={**before.members, member.email: member}), member, changed, (), tried=False
        )
    after = load(before.path, session.checkout.root)
    up_or_put_back(
        replace(session, environment=after),
        member.email,
        options,
        talk,
        partial(put_back, before, member.email, former, text_of(before)),
    )
    proof = prove(session, after, member, talk)
    broken_ones = [tried for tried in proof if not tried.kept]
    spelled = respelled(session, after, known_policies(session.cloud)) if broken_ones else ()
    return OnboardingResult(after, member, changed, proof, tried=_can_be(after, member), respelled=spelled)


def up_or_put_back(
    session: Session, email: str, options: UpOptions, talk: Talk, put_back: Callable[[], object]
) -> None:
    """Runs `up` with the edited entry; if it ends before anything is applied, or because of the member, the edit is undone."""
    begun: list[str] = []

    def mark(_session: Session, _plans: Sequence[LayerPlan]) -> None:
        begun.append("apply")

    try:
        up(session, replace(options, patient=True), talk, [mark])
    except BaseException as error:
        wrong = isinstance(error, WrongMembers) and email in {refused.email for refused in error.refused}
        if not begun or wrong or isinstance(error, Refused):
            put_back()
        if wrong:
            talk.say(f"{session.environment.path.name} was restored, so that `up` works for everybody else")
        raise


def text_of(environment: Environment) -> str:
    """The environment file's current text."""
    return editing.read(environment.path)


def put_back(before: Environment, email: str, former: str, ours: str) -> None:
    """Undoes only our edit: the whole text if nobody edited it since, else the one entry."""
    if editing.restore(before.path, ours, former):
        return
    member = before.members.get(email)
    if member:
        enter(before, member)
    else:
        strike(before, email)


def prove(session: Session, environment: Environment, member: Member, talk: Talk) -> tuple[Trial, ...]:
    """Tries every promised action as the member on the local cloud; on Google Cloud, evaluates the policies.

    Nobody can act as somebody else on Google Cloud; the newcomer's own `groundwork access check` tries it there. What is
    refused though a policy gives it is tried again as long as Google takes to make grants work.
    """
    roles = RolePermissions(session.cloud)
    promises = promised(environment, personas(session.checkout.root)[member.role], roles)
    judge = Judge(session.cloud, environment, member.email)
    if not _can_be(environment, member):
        return tuple(Trial(target, action, 200 if judge.gives(target, action) else 403) for target, action in promises)
    theirs = connect(environment, member.principal, session.checkout)
    return tuple(trial(theirs, judge, target, action, talk.say) for target, action in promises)


def _can_be(environment: Environment, member: Member) -> bool:
    """Whether something can be tried as the member: a person on the local cloud; nobody is a group."""
    return environment.local and member.type == "user"


def broken(joined: OnboardingResult) -> GroundworkError | None:
    """The sentence about promised actions that do not work."""
    late = [tried for tried in joined.proof if tried.granted]
    lines = [
        f"{tried.action.name} on {tried.target.text}: {'not yet' if tried.granted else tried.status}"
        for tried in joined.proof
        if not tried.kept
    ]
    if not lines:
        return None
    beginning = f"{joined.member.email} was added, but {len(lines)} of {len(joined.proof)} promised actions"
    if len(late) == len(lines):
        return CouldNotTell(
            f"{beginning} do not work yet, though the policies give them: run the same command again.", lines
        )
    return GroundworkError(f"{beginning} are refused.", [*lines, *(one.text for one in joined.respelled)])
