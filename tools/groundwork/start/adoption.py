"""Adopts resources made by hand: they get entries in the environment file, and Terraform imports them instead of creating them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from ruamel.yaml.comments import CommentedMap

from groundwork.environment import editing
from groundwork.environment.values import Environment, load, refuse_mistakes
from groundwork.errors import CouldNotTell, GroundworkError, Refused
from groundwork.lifecycle import up as lifecycle
from groundwork.lifecycle.up import Check, UpOptions
from groundwork.resources.inventory import beside, known_to, take
from groundwork.resources.item import Item
from groundwork.resources.kind import FileEntry, FileSection
from groundwork.resources.registry import listings, maker, parts
from groundwork.terraform.plans import LayerPlan
from groundwork.terraform.session import Session
from groundwork.terraform.state import read_state
from groundwork.terraform.talk import Talk


@dataclass(frozen=True)
class Adoptable:
    """A thing in no state, with its section and entry in the file; `written` if the file already has it."""

    item: Item
    section: str
    entry: FileEntry
    written: bool

    @property
    def text(self) -> str:
        """What it is and where it belongs, e.g. "bucket raw-data as buckets.raw-data"."""
        return f"{self.item.kind} {self.item.short} as {self.section}.{self.entry.name}"


@dataclass(frozen=True)
class NotAdopted:
    """A thing in no state that is left alone, and why."""

    item: Item
    why: str


@dataclass(frozen=True)
class AdoptionScan:
    """What a project contains that is in no Terraform state, of the kinds that an environment file can describe."""

    found: tuple[Adoptable, ...]
    left: tuple[NotAdopted, ...]

    @property
    def imports(self) -> dict[str, dict[str, str]]:
        """The import ids, by section and name."""
        ids: dict[str, dict[str, str]] = {}
        for one in self.found:
            ids.setdefault(one.section, {})[one.entry.name] = one.entry.imported
        return ids


def scan(session: Session) -> AdoptionScan:
    """Lists the project. Raises CouldNotTell if a list call fails: what it misses would be created a second time."""
    takes = {kind.name: part for kind, part in parts() if part.adopted}
    inventory = take(session.cloud, [row for row in listings() if row.kind in takes])
    if inventory.unknown:
        lines = [f"{kind}: {why}" for kind, why in inventory.unknown.items()]
        raise CouldNotTell(
            f"The contents of project {session.environment.place} could not be listed, so nothing was done:", lines
        )
    known = frozenset[str]().union(*(known_to(read_state(session.cloud, place)) for place in session.places.values()))
    found: list[Adoptable] = []
    left: list[NotAdopted] = []
    for item in beside(inventory, known):
        answer = _taken(session.environment, takes[item.kind], item, found)
        if isinstance(answer, Adoptable):
            found.append(answer)
        else:
            left.append(NotAdopted(item, answer))
    return AdoptionScan(tuple(found), tuple(left))


def _taken(environment: Environment, part: FileSection, item: Item, before: Sequence[Adoptable]) -> Adoptable | str:
    assert part.adopted
    entries = part.entries(environment)
    answer = part.adopted(environment, item)
    if isinstance(answer, str):
        return answer
    # Google uses the project's number where the file has its ID.
    same = [name for name, full in entries.items() if full in (item.name, answer.imported) or item.name == full]
    if same:
        return Adoptable(item, part.place, replace(answer, name=same[0]), written=True)
    if not (made_by := maker(item, environment.project)).startswith("usually"):
        return f"it belongs to {made_by.removesuffix(', judging by its name')}"
    names_taken = {*entries, *(one.entry.name for one in before if one.section == part.place)}
    name, number = answer.name, 2
    while name in names_taken:
        name, number = f"{answer.name[:16]}-{number}", number + 1
    return Adoptable(item, part.place, replace(answer, name=name), written=False)


def enter(session: Session, adoptables: Sequence[Adoptable]) -> None:
    """Adds the missing entries to the file. Raises EnvironmentProblem, in which case nothing was written."""

    def change(document: CommentedMap) -> bool:
        new = [one for one in adoptables if not one.written]
        for one in new:
            section = editing.parted(document, one.section)
            if not section:
                section = document[one.section] = CommentedMap()
            section[one.entry.name] = editing.inline(one.entry.values)
        return bool(new)

    path = session.environment.path
    editing.edit(path, change, partial(refuse_mistakes, path=path, root=session.checkout.root))


def adopt(session: Session, seen: AdoptionScan, options: UpOptions, talk: Talk, checks: Sequence[Check] = ()) -> None:
    """Adds entries for what was found and applies a plan that imports it; a second plan must be empty.

    If it ends before anything is applied, the file is restored. Raises GroundworkError.
    """
    environment = session.environment
    former = editing.read(environment.path)
    enter(session, seen.found)
    ours = editing.read(environment.path)
    after = replace(session, environment=load(environment.path, session.checkout.root), adopted=seen.imports)
    begun: list[str] = []

    def keeps_all(_session: Session, plans: Sequence[LayerPlan]) -> None:
        _refuse_losses(plans)
        begun.append("apply")

    try:
        lifecycle.up(after, options, talk, [*checks, keeps_all])
    except BaseException as error:
        if not begun or isinstance(error, Refused):
            editing.restore(environment.path, ours, former)
        raise
    again = lifecycle.plan(replace(after, adopted={}), talk)
    rest = [f"{change.action} {change.address}" for entry in again for change in entry.changes]
    if rest:
        raise GroundworkError(
            "The resources were taken over, but a plan still shows changes; apply them with `groundwork up`:", rest
        )


def _refuse_losses(plans: Sequence[LayerPlan]) -> None:
    lost = [
        f"{change.action} {change.address}"
        for plan in plans
        for change in plan.changes
        if change.action in ("replace", "delete")
    ]
    if lost:
        raise Refused(
            "Taking over must not change existing resources, but this plan would: nothing was changed. Leave these out, or run `groundwork up` "
            "first for unrelated changes.",
            lost,
        )
