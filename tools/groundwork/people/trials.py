"""Tries actions as the people concerned; what a policy allows and a service still refuses is retried, and never counts as "may not"."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from groundwork.environment.values import Environment
from groundwork.errors import CouldNotTell
from groundwork.google.cloud import CloudProblem, GoogleCloud
from groundwork.google.waiting import GRANTS
from groundwork.people.access import Access, RolePermissions, known_policies
from groundwork.people.actions import attempt, let_in
from groundwork.people.personas import PolicyTarget
from groundwork.resources.kind import Action


@dataclass(frozen=True)
class Trial:
    """A promised action and its outcome; `status` is the HTTP status, or 200/403 by the policies.

    `granted`: a policy gives it all the same, which works only after some minutes.
    """

    target: PolicyTarget
    action: Action
    status: int
    granted: bool = False

    @property
    def kept(self) -> bool:
        """Whether the person was allowed."""
        return let_in(self.status)

    @property
    def answer(self) -> str:
        """In a word or two: "yes", "no", or "not yet" if a policy allows it."""
        return "yes" if self.kept else "not yet" if self.granted else "no"


@dataclass(frozen=True)
class Judge:
    """What the policies allow somebody, as `cloud` sees them; they are read on first use and cached.

    `sure`: policies that cannot be read are an error, else they give nothing.
    """

    cloud: GoogleCloud
    environment: Environment
    email: str
    sure: bool = True

    @cached_property
    def _access(self) -> Access | None:
        try:
            return Access(self.environment, known_policies(self.cloud), RolePermissions(self.cloud))
        except CouldNotTell:
            if self.sure:
                raise
            return None

    def gives(self, target: PolicyTarget, action: Action) -> bool:
        """Whether an unconditional binding allows it. Raises CouldNotTell."""
        allowing = self._access.allowing(self.email, action.permission, target) if self._access and self.email else ()
        return any(not binding.condition for binding in allowing)


def trial(
    theirs: GoogleCloud, judge: Judge, target: PolicyTarget, action: Action, say: Callable[[str], object]
) -> Trial:
    """Tries an action as the principal of `theirs`, for as long as Google may take to apply a grant. Raises CouldNotTell."""

    def once() -> Trial:
        try:
            status = attempt(theirs, judge.environment, action, target)
        except CloudProblem as problem:
            raise CouldNotTell(f"Whether {action.name} on {target.text} works is unknown: {problem.message}") from None
        return Trial(target, action, status, not let_in(status) and judge.gives(target, action))

    def notice(seconds: float) -> None:
        say(f"{action.name} on {target.text}: not yet; trying again in {seconds:g} s")

    return theirs.patience.until(once, lambda tried: not tried.granted, GRANTS, notice)
