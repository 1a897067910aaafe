"""What the commands need to know about a kind of resource: one value with every facet, or the reason why it lacks one.

Each kind is a file in `kinds/` with such a value, `KIND`; the registry finds it there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from groundwork.environment.values import Environment
from groundwork.google.cloud import GoogleCloud
from groundwork.resources.item import Contents, Item
from groundwork.resources.listing import Listing
from groundwork.resources.needs import Need, Planner
from groundwork.resources.reporting import ReportEntry

T = TypeVar("T")
Values = Mapping[str, Any]
"""A resource's values as Terraform has them, in a plan or in a state."""


@dataclass(frozen=True)
class Without:
    """Why a kind lacks a facet."""

    reason: str


@dataclass(frozen=True)
class Free:
    """Why a kind costs nothing."""

    reason: str


@dataclass(frozen=True)
class Provisioning:
    """How Terraform provisions a kind.

    `word`: what a plan calls it. `imported`: what `terraform import` wants, over planned values. `price`: what it will use.
    `again`: making it again changes nothing. `obstacle`: why it cannot be deleted as it is, "" when it can. `permissions`: on the project, that making, changing and
    deleting it takes, where the environment `uses` it. `named`: the attribute that is the name by which it is listed.
    `revived`: deleted softly, its name is taken meanwhile, so it is undeleted and taken over instead of made.
    `section`: the word of the file's section that describes one, and the attribute with its name; None if the file has none.
    """

    type: str
    word: str
    imported: str | Without
    price: Planner | Free
    permissions: tuple[str, ...] | Without
    obstacle: Callable[[GoogleCloud, Environment, Values], str] | Without = Without("nothing prevents its deletion")
    uses: Callable[[Environment], bool] = lambda _environment: True
    named: str = "id"
    again: bool = False
    revived: bool = False
    section: tuple[str, str] | None = None


@dataclass(frozen=True)
class Removal:
    """How a thing is deleted: kinds that must be deleted before it (`after`), its path and parameters, and preparations.

    `verb` is another one where it is not deleted but ended.
    """

    after: tuple[str, ...] = ()
    path: str = "{version}/{name}"
    verb: str = "DELETE"
    params: Mapping[str, str] = field(default_factory=dict)
    before: Callable[[GoogleCloud, Item], None] | None = None


@dataclass(frozen=True)
class Pausing:
    """How a thing that waits or works at a price, or starts others that do, is stopped and started again: what its path ends in.

    `runs` and `rests` say whether an item does, neither while it changes. `doing`: what it does, in words. `hourly`: what an hour of it uses,
    None where that is not known. `free`: it costs only by what it starts.
    """

    stop: str
    start: str
    runs: Callable[[Item], bool]
    rests: Callable[[Item], bool]
    doing: Callable[[Item], str]
    hourly: Callable[[Item], Iterable[Need]] | None = None
    free: bool = False


@dataclass(frozen=True)
class Unstoppable:
    """Why something that costs by the hour cannot be stopped and started again, what to do instead, and whether an item costs now."""

    reason: str
    runs: Callable[[Item], bool] = lambda _item: True


@dataclass(frozen=True)
class PolicyAccess:
    """How the IAM policy of a thing is read and set; {project}, {name}, {short}, {location} and {verb} are filled in.

    `getter` and `setter` are added to the path. `whole`: the request body is the policy itself. `version` is the query parameter
    for the policy version, "" where the request body holds it. `attribute` is the attribute of Terraform's IAM resources that
    names the thing. `gcloud` is "" where gcloud has no command.
    """

    path: str
    read: str
    attribute: str
    gcloud: str
    getter: str = ":getIamPolicy"
    setter: str = ":setIamPolicy"
    write: str = "POST"
    whole: bool = False
    version: str = "options.requestedPolicyVersion"
    api: str = ""


@dataclass(frozen=True)
class Action:
    """Something that people do to a thing, the permission it needs, and a harmless way to try it.

    `path` and `body` may hold {project}, {region}, {zone} and {name}. A path of testIamPermissions asks the service instead of doing it.
    `also`: what else it takes, as pairs of a thing ("identity/serve") and an action on it ("act-as"), by the name of the thing.
    """

    name: str
    permission: str
    verb: str
    api: str
    path: str
    body: Mapping[str, Any] | None = field(default=None, hash=False)
    also: Callable[[Environment, str], tuple[tuple[str, str], ...]] | None = field(default=None, compare=False)

    @property
    def verb_only(self) -> str:
        """The action without its object: "read" of "secret.read"."""
        return self.name.partition(".")[2]


@dataclass(frozen=True)
class ConsolePage:
    """The page of a thing: its path in Google's console, and in the local cloud's, by default derived from its API name.

    {project}, {region}, {name} as in the file, {full}, which is what the API calls it, and {api} are filled in.
    """

    google: str
    local: str = "resource/{api}/{full}"


@dataclass(frozen=True)
class FileEntry:
    """The environment file's entry for an existing thing: its name there, its values, and its import id."""

    name: str
    values: Mapping[str, Any] = field(hash=False)
    imported: str


@dataclass(frozen=True)
class FileSection:
    """A kind's section of the environment file: the word that people type for one, its names there and their API names.

    `place`: what personas call all of them. `rank`: where they stand among others, the project first. `actions` is what people do to it. `lines` let an identity do something: the role that it gets, and what to write;
    {identity} and {name} are filled in. `called`: its name there, by the last part of its API name, "" for groundwork's own. `adopted` says what a thing that a list call found would be in the file, or why it cannot be; `page` is None for what is
    not one of several.
    """

    word: str
    place: str
    rank: int
    entries: Callable[[Environment], Mapping[str, str]]
    actions: tuple[Action, ...]
    lines: tuple[tuple[str, str], ...] = ()
    adopted: Callable[[Environment, Item], FileEntry | str] | None = None
    page: ConsolePage | None = None
    called: Callable[[Environment, str], str] = lambda _environment, name: name


@dataclass(frozen=True)
class Kind:
    """A kind, under its name in `verify` and `sweep`; `why` it costs money, and its usual `maker`.

    `makers`: names that Google's own tools give, and the tool; {project} is the project. `components`: labels of modules in
    infra/ that are of this kind, in the team's words. `belongs`: whether an item was made by Google for something among these names, and goes with it. `followed`: whether Google makes more for one of this name. `pausing`: how it is stopped for a while. `inside`: what a thing holds that is lost with it. `over`: whether one is only the
    record of what has ended, which costs nothing and does nothing. `reported`: where the hand-in report lists it.
    """

    name: str
    why: str
    maker: str
    terraform: tuple[Provisioning, ...] | Without
    listings: tuple[Listing, ...] | Without
    removal: Removal | Without
    pausing: Pausing | Unstoppable | Without
    policy: PolicyAccess | Without
    inside: Callable[[GoogleCloud, Item], Contents] | Without
    reported: tuple[ReportEntry, ...] | Without
    parts: tuple[FileSection, ...] | Without
    makers: tuple[tuple[str, str], ...] = ()
    over: Callable[[Item], bool] = lambda _item: False
    components: Mapping[str, str] = field(default_factory=dict)
    belongs: Callable[[Item, frozenset[str]], bool] = lambda _item, _names: False
    followed: Callable[[str], bool] = lambda _name: False


def given(facet: T | Without) -> T | None:
    """The facet, or None if the kind lacks it."""
    return None if isinstance(facet, Without) else facet


def several(facet: tuple[T, ...] | Without) -> tuple[T, ...]:
    """A facet with several values, empty if the kind lacks it."""
    return () if isinstance(facet, Without) else facet


NOT_MADE = Without("groundwork's Terraform creates none")
NO_POLICY = Without("it has no IAM policy of its own")
NEVER_WAITS = Without("nothing in it waits at a price by the hour")
ENDS_BY_ITSELF = Without("it ends by itself, and would begin anew if it were stopped")
NOT_REPORTED = Without("the hand-in report has no section for it")
NOT_LOOKED_INTO = Without("it has no contents that are counted separately")
NOT_IN_THE_FILE = Without("the environment file has none")
