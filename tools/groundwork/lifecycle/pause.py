"""`pause` and `resume`: stop for a while what costs by the hour, or starts what does, and start it again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from groundwork.cost.amounts import as_money
from groundwork.cost.hourly import hourly
from groundwork.errors import CouldNotTell, GroundworkError, UsageProblem
from groundwork.google.cloud import GoogleCloud
from groundwork.google.operations import finish
from groundwork.resources import inventory
from groundwork.resources.item import Item
from groundwork.resources.kind import Pausing, Unstoppable
from groundwork.resources.registry import kinds, listings
from groundwork.terraform.talk import Talk
from groundwork.text import listed

Verb = Literal["pause", "resume"]


@dataclass(frozen=True)
class Turn:
    """Something that is stopped or started; `hourly` is what that saves or costs an hour, None without a known price."""

    item: Item
    doing: str
    hourly: Decimal | None

    @property
    def text(self) -> str:
        """As a line of text."""
        price = "free" if self.hourly == 0 else "price unknown"
        if self.hourly:
            price = f"{as_money(self.hourly)} an hour"
        return f"{self.item.kind:<14}  {self.item.short:<20}  {self.doing}; {price}"


@dataclass(frozen=True)
class TurnPlan:
    """What the verb would do; what stays as it is (with the reason and what to do); and what could not be listed.

    That is what keeps running and costing for pause, and what pause did not stop for resume.
    """

    verb: Verb
    turns: tuple[Turn, ...]
    others: Mapping[Item, str]
    unknown: Mapping[str, str]

    def verdict(self, place: str) -> None:
        """Raises CouldNotTell if anything could not be listed."""
        if self.unknown:
            lines = [f"{kind}: {why}" for kind, why in self.unknown.items()]
            what = "runs" if self.verb == "pause" else "is stopped"
            raise CouldNotTell(
                f"Whether anything else {what} in project {place} is unknown: these could not be listed.", lines
            )


def hourly_of(turns: Sequence[Turn]) -> Decimal:
    """US dollars an hour for everything with a known price."""
    return sum((turn.hourly for turn in turns if turn.hourly), Decimal(0))


def find(
    cloud: GoogleCloud,
    verb: Verb,
    names: Sequence[str] = (),
    *,
    costing: bool = False,
    paused: Collection[str] = (),
) -> TurnPlan:
    """What runs (pause), or of `paused` is stopped (resume), in the project; with `names`, those alone, whoever stopped them.

    With `costing` only what costs by the hour and can be stopped.
    Raises UsageProblem for a name that is none of them.
    """
    found = inventory.take(cloud, [row for row in listings() if _is_asked(row.kind, costing=costing)])
    turns = tuple(turn for item in found.items if (turn := _turn(item, verb)))
    chosen = tuple(
        turn for turn in turns if (turn.item.short in names if names else verb == "pause" or turn.item.name in paused)
    )
    missing = [name for name in names if all(turn.item.short != name for turn in turns)]
    if missing and not found.unknown:
        state = "running" if verb == "pause" else "stopped"
        hint = f"these are: {listed(sorted(turn.item.short for turn in turns))}." if turns else "nothing is."
        are = "is" if len(missing) == 1 else "are"
        raise UsageProblem(f"{listed(missing)} {are} not {state} in project {cloud.project}; {hint}")
    others: dict[Item, str] = {}
    if verb == "pause" and not names:
        for item in found.items:
            how = kinds()[item.kind].pausing
            if isinstance(how, Unstoppable) and how.runs(item):
                others[item] = how.reason
    elif not names:
        for turn in turns:
            if turn not in chosen:
                others[turn.item] = f"`pause` did not stop it: `groundwork resume {turn.item.short}` starts it"
    return TurnPlan(verb, chosen, others, found.unknown)


def _is_asked(kind: str, *, costing: bool) -> bool:
    how = kinds()[kind].pausing
    if costing:
        return isinstance(how, Pausing) and not how.free
    return isinstance(how, (Pausing, Unstoppable))


def _turn(item: Item, verb: Verb) -> Turn | None:
    how = kinds()[item.kind].pausing
    if not isinstance(how, Pausing) or not (how.runs if verb == "pause" else how.rests)(item):
        return None
    return Turn(item, how.doing(item), hourly(item))


def turn_all(cloud: GoogleCloud, plan: TurnPlan, talk: Talk) -> tuple[list[Turn], dict[str, str]]:
    """Stops or starts each; returns what was, and what could not be, with the reason."""
    done: list[Turn] = []
    failed: dict[str, str] = {}
    word = "stopped" if plan.verb == "pause" else "started"
    for turn in plan.turns:
        item = turn.item
        try:
            _turn_one(cloud, item, plan.verb)
        except GroundworkError as problem:
            failed[item.name] = problem.message
            talk.say(f"not {word}  {item.kind} {item.short}: {problem.message}")
        else:
            done.append(turn)
            talk.say(f"{word}  {item.kind} {item.short}")
    return done, failed


def _turn_one(cloud: GoogleCloud, item: Item, verb: Verb) -> None:
    how, row = kinds()[item.kind].pausing, item.row
    assert isinstance(how, Pausing)
    assert row is not None
    api = row.at(item.location)
    ending = how.stop if verb == "pause" else how.start
    answer = cloud.request("POST", api, f"{row.version}/{item.name}{ending}")
    finish(cloud, api, row.version, answer, f"{verb} it")
