"""`sweep`: deletes resources that no Terraform state knows, of chosen kinds, old enough and not labelled to be kept; then verifies again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from groundwork.environment.values import Environment
from groundwork.errors import CouldNotTell, GroundworkError, Refused, UsageProblem
from groundwork.google.cloud import GoogleCloud
from groundwork.lifecycle.removal import remove
from groundwork.lifecycle.verify import Remains, created, read_known, verify
from groundwork.resources.item import Item, field_of
from groundwork.resources.kind import Without
from groundwork.resources.registry import kinds
from groundwork.terraform.talk import Talk

KEEP = ("groundwork-keep", "keep")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


@dataclass(frozen=True)
class Choice:
    """What may be deleted: kinds (all when empty), nothing younger than `older_than`, of unknown age only with `any_age`."""

    only: tuple[str, ...] = ()
    older_than: timedelta = timedelta(hours=1)
    any_age: bool = False


@dataclass(frozen=True)
class Decision:
    """What happens to a leftover resource: it is deleted, or kept for a reason ("" when deleted)."""

    item: Item
    reason: str

    @property
    def deleted(self) -> bool:
        return not self.reason


@dataclass(frozen=True)
class SweepResult:
    """What was deleted, what could not be (with the reason), and what the project contains afterwards."""

    deleted: tuple[Item, ...]
    failed: dict[str, str] = field(default_factory=dict)
    remains: Remains | None = None


def parse_age(text: str) -> timedelta:
    """Parses an age such as 90m, 1h or 2d. Raises UsageProblem."""
    found = re.fullmatch(r"([0-9]{1,6})([smhdw])", text.strip())
    if not found:
        raise UsageProblem(f'"{text}" is not an age: write a number and s, m, h, d or w, such as 90m, 1h or 2d.')
    return timedelta(seconds=int(found[1]) * _UNITS[found[2]])


def parse_kinds(text: str) -> tuple[str, ...]:
    """Parses kinds separated by commas, as verify names them, with dashes for spaces. Raises UsageProblem with the known ones."""
    spelled = {kind.lower().replace(" ", "-"): kind for kind in _sweepable_kinds()}
    wanted = [word.strip().lower().replace(" ", "-") for word in text.split(",") if word.strip()]
    unknown = [word for word in wanted if word not in spelled]
    if unknown or not wanted:
        what = f'"{unknown[0]}" is not a kind' if unknown else "--only names no kind"
        raise UsageProblem(f"{what} that sweep knows: choose among {', '.join(sorted(spelled))}.")
    return tuple(dict.fromkeys(spelled[word] for word in wanted))


def _sweepable_kinds() -> tuple[str, ...]:
    """The kinds that are found and can be deleted."""
    return tuple(
        name
        for name, kind in kinds().items()
        if not isinstance(kind.removal, Without) and not isinstance(kind.listings, Without)
    )


def confirmed_project(project: str | None, environment: Environment, *, yes: bool) -> None:
    """Refuses a project that is not the environment's. Raises UsageProblem (--yes without --project), Refused."""
    if yes and not project:
        raise UsageProblem(
            f"--yes deletes without asking, so it needs --project as well: to confirm, add `--project {environment.project}`."
        )
    if project and project != environment.project:
        raise Refused(
            f"--project says {project}, but {environment.name} is project {environment.project}: nothing was changed."
        )


def decide(remains: Remains, choice: Choice, now: datetime) -> tuple[Decision, ...]:
    """What happens to each leftover resource, in the order of deletion."""
    protected = {item.name for item in remains.left if _kept_by(item)}
    order = {kind: number for number, kind in enumerate(kinds())}
    items = sorted(remains.left, key=lambda item: (order[item.kind], item.name))
    return tuple(Decision(item, _reason_to_keep(item, choice, now, protected)) for item in items)


def _reason_to_keep(item: Item, choice: Choice, now: datetime, protected: set[str]) -> str:
    if label := _kept_by(item):
        return f"it is marked {label}"
    for parent in protected if item.row and item.row.of else ():
        if f"/{parent}/" in f"/{item.name}":
            return f"{parent.rpartition('/')[2]}, which it belongs to, is kept"
    if choice.only and item.kind not in choice.only:
        return "its kind is not in --only"
    creation = created(item)
    if choice.any_age:
        return ""
    if creation is None:
        return "its age is unknown; --any-age deletes it too"
    age = now - creation
    return (
        ""
        if age >= choice.older_than
        else f"it was created {_span(age)} ago; --older-than is {_span(choice.older_than)}"
    )


def _kept_by(item: Item) -> str:
    """The label, or else the word in the description or display name, that protects a resource; "" for none."""
    labels = field_of(item, item.row.labels) if item.row else None
    for name in KEEP:
        value = labels.get(name) if isinstance(labels, dict) else None
        if value is not None and value != "false":
            return f"{name}={value}"
    words = re.findall(r"[\w-]+", f"{item.body.get('description', '')} {item.body.get('displayName', '')}")
    return KEEP[0] if KEEP[0] in words else ""


def _span(age: timedelta) -> str:
    seconds = max(0, int(age.total_seconds()))
    unit = next(
        (unit for unit in "wdhm" if seconds >= _UNITS[unit] and (unit != "w" or seconds % _UNITS[unit] == 0)), "s"
    )
    return f"{seconds // _UNITS[unit]}{unit}"


def refuse_protected(environment: Environment) -> None:
    """Raises Refused for an environment that is protected: true."""
    if environment.protected:
        raise Refused(
            f"{environment.name} is protected: true in {environment.path.name}, so `sweep` refuses. Delete single resources by hand, "
            f"or first set it to false."
        )


def look(cloud: GoogleCloud, environment: Environment, choice: Choice) -> tuple[Remains, tuple[Decision, ...]]:
    """The project's contents and what would be deleted. Raises Refused for a protected environment, CouldNotTell without its state."""
    refuse_protected(environment)
    known = read_known(cloud, environment)
    if known.unknown:
        lines = [f"{what}: {reason}" for what, reason in known.unknown.items()]
        raise CouldNotTell(
            "What belongs to Terraform is unknown, so nothing is deleted: a state could not be read.", lines
        )
    found = verify(cloud, environment)
    return found, decide(found, choice, datetime.now(UTC))


def show(decisions: Sequence[Decision], talk: Talk, going: str) -> None:
    """Lists what will be deleted, each line beginning with `going`, and what is kept, with the reason."""
    for decision in decisions:
        item = decision.item
        line = f"{item.kind:<18} {item.name}"
        talk.say(f"{going:<12}  {line}" if decision.deleted else f"{'keeps':<12}  {line}: {decision.reason}")


def sweep(
    cloud: GoogleCloud, environment: Environment, choice: Choice, talk: Talk, *, yes: bool, dry_run: bool
) -> SweepResult:
    """Shows what would be deleted, asks for the project ID, deletes exactly that, and verifies again.

    Anything that was labelled to be kept in the meantime is kept. Raises GroundworkError: Refused, CouldNotTell.
    """
    found, decisions = look(cloud, environment, choice)
    show(decisions, talk, "would delete" if dry_run else "deletes" if yes else "to delete")
    listed = [decision.item for decision in decisions if decision.deleted]
    if dry_run or not listed:
        return SweepResult((), {}, found)
    if not yes:
        these = "this" if len(listed) == 1 else f"these {len(listed)} resources"
        talk.typed(environment.project, f"Type the project ID ({environment.project}) to delete {these}:")
    now_left = {decision.item for decision in look(cloud, environment, choice)[1] if decision.deleted}
    deleted, failed = _delete(cloud, [item for item in listed if item in now_left], talk)
    return SweepResult(tuple(deleted), failed, verify(cloud, environment))


def _delete(cloud: GoogleCloud, items: Sequence[Item], talk: Talk) -> tuple[list[Item], dict[str, str]]:
    deleted: list[Item] = []
    failed: dict[str, str] = {}
    for item in items:
        try:
            remove(cloud, item)
        except GroundworkError as problem:
            failed[item.name] = problem.message
            talk.say(f"not deleted   {item.kind:<18} {item.name}: {problem.message}")
        else:
            deleted.append(item)
            talk.say(f"deleted       {item.kind:<18} {item.name}")
    return deleted, failed
