"""What is in a project, by each service's own list calls; a failed call means unknown, never empty."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from groundwork.errors import GroundworkError
from groundwork.google.cloud import CloudProblem, GoogleCloud
from groundwork.resources.item import Item
from groundwork.resources.listing import Listing
from groundwork.resources.registry import kinds, listings, provisionings
from groundwork.terraform.state import State

AT_ONCE = 8
_ALWAYS_ON = ("storage.googleapis.com",)
# What Google enables in every new project or along with another API (https://cloud.google.com/service-usage/docs/enabled-service), and
# APIs that only act on what others hold.
NOTHING_TO_LIST = frozenset(
    f"{name}.googleapis.com"
    for name in (
        *(
            "analyticshub",
            "apptopology",
            "bigqueryconnection",
            "bigquerydatapolicy",
            "bigquerydatatransfer",
            "bigquerymigration",
        ),
        *(
            "bigqueryreservation",
            "bigquerystorage",
            "cloudapis",
            "cloudtrace",
            "dataform",
            "dataplex",
            "datastore",
            "observability",
        ),
        *("servicemanagement", "serviceusage", "sql-component", "storage-api", "storage-component", "telemetry"),
        *("containerregistry", "oslogin"),
        *("billingbudgets", "cloudbilling", "cloudresourcemanager", "containerscanning", "iamcredentials", "sts"),
    )
)
_NOT_SIMULATED = "does not emulate"
_NO_RESULTS = ("NO_RESULTS_ON_PAGE", "")


@dataclass(frozen=True)
class Inventory:
    """All items found, and the kinds whose list call failed, with the reason; `calls` counts the successful ones.

    `off`: kinds that were not listed because Service Usage says that their API is off. `absent`: kinds of APIs that the local
    cloud does not simulate, where nothing can be. `own`: what Google makes itself. `unlisted`: host names of enabled APIs whose
    resources no kind describes, so that nobody asked for them.
    """

    items: tuple[Item, ...]
    unknown: Mapping[str, str]
    calls: int
    off: Mapping[str, str] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    own: tuple[Item, ...] = ()
    unlisted: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Asked:
    """A row's answer: its items, or why there are none."""

    row: Listing
    items: tuple[Item, ...] = ()
    unknown: str = ""
    absent: bool = False


def take(cloud: GoogleCloud, wanted: Iterable[Listing] | None = None) -> Inventory:
    """Makes every list call whose API is enabled, with all pages; child collections are listed for each parent found."""
    rows = list(listings() if wanted is None else wanted)
    asked_apis = [row for row in rows if row.host not in _ALWAYS_ON]
    enabled, why = _enabled(cloud) if asked_apis else (frozenset(_ALWAYS_ON), "")
    on = [row for row in rows if why or row.host in enabled]
    first = _ask_all(cloud, [(row, ()) for row in on if not row.of])
    found: dict[str, list[Item]] = {}
    for answer in first:
        found.setdefault(answer.row.kind, []).extend(answer.items)
    second = _ask_all(cloud, [(row, found.get(row.of, [])) for row in on if row.of])
    unlisted = enabled - {row.host for row in listings()} - NOTHING_TO_LIST
    off = [row for row in rows if row not in on]
    return replace(_summed([*first, *second], cloud.project, why, off), unlisted=tuple(sorted(unlisted)))


def _enabled(cloud: GoogleCloud) -> tuple[frozenset[str], str]:
    """The host names of the enabled APIs, or why they are unknown."""
    path = f"v1/projects/{cloud.project}/services"
    try:
        services = list(cloud.pages("serviceusage", path, "services", {"filter": "state:ENABLED", "pageSize": 200}))
        return frozenset({*_ALWAYS_ON, *(str(entry["name"]).rpartition("/")[2] for entry in services)}), ""
    except CloudProblem as problem:
        return frozenset(), problem.message
    except (KeyError, TypeError, AttributeError) as problem:
        return frozenset(), f"the response could not be understood ({problem!r})"


def _ask_all(cloud: GoogleCloud, work: Sequence[tuple[Listing, Sequence[Item]]]) -> list[_Asked]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda pair: _ask(cloud, *pair), work))


def _ask(cloud: GoogleCloud, row: Listing, parents: Sequence[Item]) -> _Asked:
    try:
        found = tuple(_items(cloud, row, parents))
        if row.needs and not _may(cloud, row.needs):
            return _Asked(row, found, unknown=f"without {row.needs}, the list leaves out what you may not see")
        return _Asked(row, found)
    except CloudProblem as problem:
        unsimulated = cloud.simulated and problem.code == 501 and _NOT_SIMULATED in problem.text
        if unsimulated and row.from_start:
            return _Asked(row, absent=True)
        return _Asked(row, unknown=problem.message)
    except _Partial as problem:
        return _Asked(row, unknown=problem.message)
    except (KeyError, TypeError, AttributeError, ValueError) as problem:
        path = row.path.replace("{project}", cloud.project)
        return _Asked(row, unknown=f"GET {row.api} {path}: the response could not be understood ({problem!r})")


def _may(cloud: GoogleCloud, permission: str) -> bool:
    """Whether the caller has a permission on the project, according to IAM."""
    path = f"v1/projects/{cloud.project}:testIamPermissions"
    answer = cloud.request("POST", "cloudresourcemanager", path, json={"permissions": [permission]})
    return permission in answer.get("permissions", ())


def _summed(answers: Iterable[_Asked], project: str, why: str, off: Iterable[Listing]) -> Inventory:
    items: dict[tuple[str, str], Item] = {}
    own: dict[tuple[str, str], Item] = {}
    unknown = {"enabled APIs": why} if why else {}
    calls, absent = 0, []
    for answer in answers:
        if answer.unknown:
            unknown[answer.row.kind] = answer.unknown
        elif answer.absent:
            absent.append(answer.row.kind)
        else:
            calls += 1
        for item in answer.items:
            kept = own if answer.row.own and re.fullmatch(answer.row.own, item.short) else items
            kept.setdefault((item.kind, item.name), item)
    closed = {row.kind: f"{row.host} is off in project {project} (Service Usage says so)" for row in off}
    return Inventory(
        tuple(sorted(items.values())), unknown, calls, closed, tuple(dict.fromkeys(absent)), tuple(sorted(own.values()))
    )


class _Partial(GroundworkError):
    """A page that reports that something is missing."""


def _items(cloud: GoogleCloud, row: Listing, parents: Sequence[Item]) -> Iterator[Item]:
    for api, path in _paths(cloud, row, parents):
        params = {key: value.format(project=cloud.project) for key, value in row.params.items()}
        for page in cloud.whole_pages(api, path, params):
            _whole(page, f"GET {api} {path}")
            for body in _bodies(page, row.key):
                yield Item(row.kind, _name(row, body, cloud.project), body, row)


def _paths(cloud: GoogleCloud, row: Listing, parents: Sequence[Item]) -> Iterator[tuple[str, str]]:
    """The API (with its region, if it has one) and path of every call that a row makes."""
    if row.of:
        yield from ((row.api, row.path.format(project=cloud.project, parent=parent.name)) for parent in parents)
        return
    if "{location}" not in row.path:
        yield row.api, row.path.format(project=cloud.project)
        return
    places = (row.places or row.path.partition("/{location}")[0]).format(project=cloud.project)
    for place in list(cloud.pages(row.api, places, "locations")):
        location = place["locationId"]
        yield row.at(location), row.path.format(project=cloud.project, location=location)


def _whole(page: Mapping[str, Any], call: str) -> None:
    """Raises _Partial if the response says, despite its status 200, that some locations could not be reached."""
    away = [str(place) for key in ("unreachable", "unreachables") for place in page.get(key) or ()]
    parts = page.get("items")
    values = parts.values() if isinstance(parts, Mapping) else ()
    warnings = [value.get("warning", {}).get("code", "") for value in values] + [
        (page.get("warning") or {}).get("code", "")
    ]
    away += [code for code in warnings if code not in _NO_RESULTS]
    if away:
        raise _Partial(f"{call}: the response is incomplete, these could not be reached: {', '.join(away)}")


def _bodies(page: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    head, star, inner = key.partition("/*/")
    found = page.get(head) or ()
    if not star:
        yield from found
        return
    for part in found.values() if isinstance(found, Mapping) else ():
        yield from part.get(inner, ())


def _name(row: Listing, body: Mapping[str, Any], project: str) -> str:
    """The full name as in Terraform's IDs: without a host, and with the project's ID instead of its number."""
    if "{" in row.name:
        return re.sub(
            r"{([^}]*)}", lambda found: project if found[1] == "project" else _dotted(body, found[1]), row.name
        )
    name = str(body[row.name])
    return re.sub(r"^https?://[^/]+/(?:compute/)?v\d+/", "", name)


def _dotted(body: Mapping[str, Any], path: str) -> str:
    value: Any = body
    for step in path.split("."):
        value = value[step]
    return str(value)


def known_to(state: State) -> frozenset[str]:
    """Every name by which the state's resources can appear in a list: ids, full names, addresses of accounts.

    A bare name counts only for kinds that are listed by it, as buckets, whose names are the world's: a disk may be called like
    an account.
    """
    found: set[str] = set()
    for resource in state.resources:
        if resource.type.startswith("google_"):
            keys = ("id", "name", "email", "unique_id")
            values = [str(resource.attributes[key]) for key in keys if resource.attributes.get(key)]
            how = provisionings().get(resource.type)
            bare = how is not None and how.named == "name"
            found |= {_plain(value) for value in values if bare or "/" in value or "@" in value}
    return frozenset(found)


def _plain(name: str) -> str:
    """A name without its project, which some APIs give by ID and others by number."""
    return re.sub(r"^projects/[^/]+/", "", name)


def beside(inventory: Inventory, known: frozenset[str]) -> tuple[Item, ...]:
    """The items that no state knows, and that Google did not make for one that is known."""
    outside = (item for item in inventory.items if item.name not in known and _plain(item.name) not in known)
    return tuple(item for item in outside if not kinds()[item.kind].belongs(item, known))
