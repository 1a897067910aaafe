"""What is in a project, by each service's own list calls; a call that fails is unknown, never nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from groundwork.cloud import Cloud, CloudProblem
from groundwork.state import State


@dataclass(frozen=True)
class Listing:
    """A list call: what it lists, its API and path, where a page keeps its items, and which fields name one.

    `{project}` in the path is the project; a path with `{location}` is asked once per location of that API.
    """

    kind: str
    api: str
    path: str
    key: str
    name: str = "name"
    params: Mapping[str, str] = field(default_factory=dict)


LISTINGS = (
    Listing("bucket", "storage", "v1/b", "items", params={"project": "{project}"}),
    Listing("secret", "secretmanager", "v1/projects/{project}/secrets", "secrets"),
    Listing("service account", "iam", "v1/projects/{project}/serviceAccounts", "accounts", "email"),
    Listing(
        "image repository",
        "artifactregistry",
        "v1/projects/{project}/locations/{location}/repositories",
        "repositories",
    ),
    Listing(
        "identity pool", "iam", "v1/projects/{project}/locations/global/workloadIdentityPools", "workloadIdentityPools"
    ),
    Listing("custom role", "iam", "v1/projects/{project}/roles", "roles"),
)


@dataclass(frozen=True, order=True)
class Item:
    """One thing in the project: its kind and its name as the service gives it."""

    kind: str
    name: str

    @property
    def short(self) -> str:
        """The last part of the name."""
        return self.name.rpartition("/")[2]


@dataclass(frozen=True)
class Inventory:
    """All items that were found, and per failed list call why; `calls` is how many answered."""

    items: tuple[Item, ...]
    unknown: Mapping[str, str]
    calls: int


def take(cloud: Cloud, listings: Iterable[Listing] = LISTINGS) -> Inventory:
    """Ask every list call for all its pages."""
    items: list[Item] = []
    unknown: dict[str, str] = {}
    calls = 0
    for listing in listings:
        try:
            items += [Item(listing.kind, name) for name in _names(cloud, listing)]
            calls += 1
        except CloudProblem as problem:
            unknown[listing.kind] = problem.message
    return Inventory(tuple(sorted(items)), unknown, calls)


def _names(cloud: Cloud, listing: Listing) -> Iterator[str]:
    fill = {"project": cloud.project}
    params = {key: value.format(**fill) for key, value in listing.params.items()}
    for path in _paths(cloud, listing):
        for item in cloud.pages(listing.api, path, listing.key, params):
            yield str(item[listing.name])


def _paths(cloud: Cloud, listing: Listing) -> Iterator[str]:
    if "{location}" not in listing.path:
        yield listing.path.format(project=cloud.project)
        return
    locations = listing.path.partition("/{location}")[0].format(project=cloud.project)
    for location in list(cloud.pages(listing.api, locations, "locations")):
        yield listing.path.format(project=cloud.project, location=location["locationId"])


def known_to(state: State) -> frozenset[str]:
    """Every name by which the state's resources can appear in a list: ids, names, addresses of accounts."""
    keys = ("id", "name", "email", "unique_id")
    return frozenset(
        str(resource.attributes[key]) for resource in state.resources for key in keys if resource.attributes.get(key)
    )


def beside(inventory: Inventory, known: frozenset[str]) -> tuple[Item, ...]:
    """The items that no state knows."""
    return tuple(item for item in inventory.items if item.name not in known)
