"""Whether the project contains anything that no Terraform state knows: clean, left over, or undecided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from groundwork.environment.checkout import LAYERS
from groundwork.environment.values import Environment
from groundwork.errors import CouldNotTell, Exit, LeftOver
from groundwork.google.cloud import CloudProblem, GoogleCloud
from groundwork.resources import inventory
from groundwork.resources.contents import look_into
from groundwork.resources.item import Contents, Item, field_of
from groundwork.resources.registry import kinds, listings, maker
from groundwork.terraform.state import BLANK, State, StateLocation, UnreadableState, read_state
from groundwork.text import counted, listed

ADVICE = "delete it with `groundwork sweep` or by hand if you do not need it"


@dataclass(frozen=True)
class Remains:
    """What a project contains: known to Terraform and kept, left over, or undecided (`unknown`: what, and why).

    `calls` is how many list calls were answered, `contents` what kept resources contain, `off` the kinds whose API is off, `absent`
    the kinds that the local cloud does not simulate, `own` what Google created for itself, `going` what is already deleted but kept
    for some days (nobody can shorten that), `records` the records of jobs that have ended, `unlisted` the enabled APIs that were not
    asked, since groundwork knows none of their lists.
    """

    kept: tuple[Item, ...]
    left: tuple[Item, ...]
    unknown: Mapping[str, str]
    calls: int
    contents: tuple[Contents, ...] = ()
    off: Mapping[str, str] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    own: tuple[Item, ...] = ()
    going: tuple[Item, ...] = ()
    records: tuple[Item, ...] = ()
    unlisted: tuple[str, ...] = ()

    @property
    def exit_code(self) -> Exit:
        """UNKNOWN if anything is unknown, else LEFT_OVER if anything is left, else OK."""
        return Exit.UNKNOWN if self.unknown else Exit.LEFT_OVER if self.left else Exit.OK

    @property
    def word(self) -> str:
        """The verdict in a word or two."""
        good = "going" if self.going else "clean"
        return {Exit.UNKNOWN: "unknown", Exit.LEFT_OVER: "left over"}.get(self.exit_code, good)

    @property
    def but(self) -> str:
        """The exceptions to append to a sentence that says "nothing"; "" when the project is really empty."""
        exceptions = [self._going()] if self.going else []
        if self.records:
            one = len(self.records) == 1
            exceptions.append(
                "the record of a job that has ended, which costs nothing"
                if one
                else f"{len(self.records)} records of jobs that have ended, which cost nothing"
            )
        return f", but {' and '.join(exceptions)}" if exceptions else ""

    def _going(self) -> str:
        last = max(ends(item) for item in self.going)
        if len(self.going) == 1:
            return f"a {self.going[0].kind}, which expires on {last}"
        kinds = listed(counted(number, kind) for kind, number in Counter(item.kind for item in self.going).items())
        return f"{kinds}, which expire by themselves, the last on {last}"

    def verdict(self, place: str, beginning: str = "The platform is gone, but project", advice: str = ADVICE) -> None:
        """Raises CouldNotTell when something is unknown, LeftOver when something is left; `place` is Environment.place."""
        if self.unknown:
            lines = [f"{kind}: {why}" for kind, why in self.unknown.items()]
            raise CouldNotTell(
                f"Whether anything is left in project {place} is unknown: these could not be listed.", lines
            )
        if self.left:
            lines = [f"{item.kind}: {item.name}" for item in self.left]
            raise LeftOver(f"{beginning} {place} still contains what Terraform did not create: {advice}.", lines)


@dataclass(frozen=True)
class Known:
    """All names in any Terraform state, the states by location, and which could not be read, with the reason."""

    names: frozenset[str]
    states: Mapping[str, State]
    unknown: Mapping[str, str]


def verify(cloud: GoogleCloud, environment: Environment, *, inside: bool = True) -> Remains:
    """What the project contains now, by list calls; `inside`: also look into what is kept."""
    if never_made(cloud):
        return Remains((), (), {}, 1)
    known = read_known(cloud, environment)
    found = inventory.take(cloud)
    beside = inventory.beside(found, known.names | {environment.state_bucket} | known_by_the_file(environment))
    going = tuple(item for item in beside if item.row and item.row.ends)
    records = tuple(item for item in beside if kinds()[item.kind].over(item))
    left = tuple(item for item in beside if item not in going and item not in records)
    kept = tuple(item for item in found.items if item not in beside)
    contents, unreadable = look_into(cloud, found.items) if inside else ([], {})
    unknown = {**known.unknown, **found.unknown, **_switched_off(found.off, known), **unreadable}
    return Remains(
        kept,
        left,
        unknown,
        found.calls,
        tuple(contents),
        found.off,
        found.absent,
        found.own,
        going,
        records,
        found.unlisted,
    )


def known_by_the_file(environment: Environment) -> frozenset[str]:
    """What the file names and Terraform does not create: the dataset that the billing export fills."""
    export = environment.cost.get("export") or {}
    ours = export.get("project") == environment.project
    return frozenset({f"datasets/{export['dataset']}"} if ours else ())


def never_made(cloud: GoogleCloud) -> bool:
    """Whether the local cloud has no such project; on Google Cloud, the same refusal could also mean missing access."""
    if not cloud.simulated:
        return False
    projects = cloud.pages("cloudresourcemanager", "v1/projects", "projects")
    return all(project["projectId"] != cloud.project for project in projects)


def read_known(cloud: GoogleCloud, environment: Environment) -> Known:
    """Reads every state in the state bucket, including those of other names: an environment may have been renamed."""
    places = {
        f"state of {layer}": StateLocation(environment.state_bucket, f"{environment.name}/{layer}") for layer in LAYERS
    }
    states: dict[str, State] = {}
    unknown: dict[str, str] = {}
    try:
        places |= dict(_others(cloud, environment.state_bucket, {place.prefix for place in places.values()}))
    except CloudProblem as problem:
        if problem.code != 404:
            unknown["states in the state bucket"] = problem.message
    for name, place in places.items():
        try:
            states[name] = read_state(cloud, place)
        except (CloudProblem, UnreadableState) as problem:
            unknown[name] = problem.message
    names = frozenset[str]().union(*(inventory.known_to(state) for state in states.values()))
    return Known(names, states, unknown)


def _others(cloud: GoogleCloud, bucket: str, ours: Iterable[str]) -> Iterator[tuple[str, StateLocation]]:
    ending = "/default.tfstate"
    for entry in cloud.pages("storage", f"v1/b/{bucket}/o", "items", {"fields": "items(name),nextPageToken"}):
        prefix = str(entry["name"]).removesuffix(ending)
        if str(entry["name"]).endswith(ending) and prefix not in set(ours):
            yield f"state at {prefix}", StateLocation(bucket, prefix)


def _switched_off(off: Mapping[str, str], known: Known) -> dict[str, str]:
    """Kinds whose API the platform uses but that is now off: what they contain can no longer be listed."""
    platforms = [state for name, state in known.states.items() if name.endswith(LAYERS[-1])]
    if all(state.serial <= BLANK for state in platforms):
        return {}
    ours = {row.kind: row.host for row in listings() if row.platform}
    return {
        kind: f"{why}, but the platform uses it, and its contents remain: run `gcloud services enable {ours[kind]}`"
        for kind, why in off.items()
        if kind in ours
    }


def created(item: Item) -> datetime | None:
    """When a resource was created according to its service; None when unknown."""
    if item.row is None or not item.row.born:
        return None
    text = field_of(item, item.row.born)
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else None


def ends(item: Item) -> str:
    """The day on which a deleted resource is gone for good, as 2026-12-05; "" when it is not deleted."""
    return str(field_of(item, item.row.ends))[:10] if item.row and item.row.ends else ""


def why(item: Item) -> str:
    """Why a resource costs money, in words."""
    return kinds()[item.kind].why


def made_by(item: Item, project: str) -> str:
    """What created a resource, as far as its name tells."""
    return maker(item, project)


def as_data(remains: Remains, environment: Environment) -> dict[str, Any]:
    """The verdict for --json."""
    project = environment.project
    inside = {(one.item.kind, one.item.name): one.text for one in remains.contents}
    return {
        "environment": environment.name,
        "project": project,
        "simulated": environment.local,
        "verdict": remains.word,
        "left": [_item(item, project, inside) for item in remains.left],
        "unknown": dict(remains.unknown),
        "kept": [{**_item(item, project, inside), "made_by": "Terraform"} for item in remains.kept],
        "records": [_item(item, project, inside) for item in remains.records],
        "going": [{**_item(item, project, inside), "goes": ends(item)} for item in remains.going],
        "made_by_google": [_item(item, project, inside) for item in remains.own],
        "off": dict(remains.off),
        "not_simulated": list(remains.absent),
        "not_asked": list(remains.unlisted),
        "calls": remains.calls,
    }


def _item(item: Item, project: str, inside: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    born = created(item)
    facts = {"created": born.isoformat() if born else None, "costs": why(item), "made_by": made_by(item, project)}
    contents = inside.get((item.kind, item.name))
    return {"kind": item.kind, "name": item.name, **facts, **({"holds": contents} if contents else {})}
