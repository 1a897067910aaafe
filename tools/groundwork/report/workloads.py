"""What was built, trained, deployed and monitored, for the report; where there is nothing, how that is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from groundwork.environment.values import Environment
from groundwork.google.cloud import CloudProblem, GoogleCloud
from groundwork.report.contents import MALFORMED, reason
from groundwork.report.section import Section
from groundwork.resources.inventory import Inventory
from groundwork.resources.item import Item
from groundwork.resources.kind import several
from groundwork.resources.registry import kinds
from groundwork.resources.reporting import ReportEntry, ReportSection
from groundwork.workloads.images import short

_MOST_BUILDS = 50


@dataclass(frozen=True)
class _Listed:
    """The kinds that a section lists, in its order, among what was found."""

    found: Inventory
    entries: Mapping[str, ReportEntry]

    @property
    def rows(self) -> Iterator[tuple[Item, str]]:
        """The resources of these kinds, each with every text that its kind has about it."""
        for item in self.found.items:
            if entry := self.entries.get(item.kind):
                yield from ((item, text) for text in entry.details(item))

    @property
    def unread(self) -> dict[str, str]:
        return {name: why for name, why in self.found.unknown.items() if name in self.entries or name == "enabled APIs"}

    @property
    def nothing(self) -> tuple[str, ...]:
        """Sentences about the kinds that have no resources, with how that is known."""
        found, names_by_reason = self.found, dict[str, list[str]]()
        existing = {item.kind for item in found.items}
        for kind in self.entries if "enabled APIs" not in found.unknown else ():
            if kind not in existing and kind not in self.unread:
                absent = "the local cloud does not simulate it" if kind in found.absent else ""
                names_by_reason.setdefault(found.off.get(kind, absent), []).append(kind)
        sentences = []
        for why, names in names_by_reason.items():
            before = ", no ".join(names[:-1])
            none = f"{before} and no {names[-1]}" if before else names[-1]
            sentences.append(f"There is no {none}{f': {why}' if why else ''}.")
        return tuple(sentences)

    def section(
        self, key: ReportSection, question: str, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]
    ) -> Section:
        return Section(key, question, columns, tuple(rows), self.nothing, self.unread)


def _listed(found: Inventory, section: ReportSection) -> _Listed:
    entries = [
        (entry.rank, name, entry)
        for name, kind in kinds().items()
        for entry in several(kind.reported)
        if entry.section == section
    ]
    return _Listed(found, {name: entry for _, name, entry in sorted(entries, key=lambda one: one[0])})


def machines(found: Inventory) -> Section:
    """Machine types of virtual machines and training jobs, and the sizes of services."""
    listed = _listed(found, "machines")
    rows = (
        (item.kind, _called(item), machine, _last(item.body.get("zone")) or _last(item.body.get("location")))
        for item, machine in listed.rows
    )
    return listed.section("machines", "Which machine types?", ("kind", "name", "machine type", "zone"), rows)


def _called(item: Item) -> str:
    return str(item.body.get("displayName") or item.short)


def _last(name: object) -> str:
    return str(name or "").rpartition("/")[2]


def _when(body: Mapping[str, Any]) -> str:
    return str(body.get("createTime") or "")[:16].replace("T", " ")


def builds(cloud: GoogleCloud, environment: Environment, found: Inventory) -> Section:
    """The newest Cloud Build builds, regional and global."""
    question, columns = "What was built?", ("build", "created (UTC)", "status", "images")
    kind = "build trigger"
    if kind in found.off:
        return Section("builds", question, notes=(f"There is no build: {found.off[kind]}.",))
    rows: list[tuple[str, ...]] = []
    unread = {name: why for name, why in found.unknown.items() if name == "enabled APIs"}
    for place in ("global", environment.region):
        path = f"v1/projects/{environment.project}/locations/{place}/builds"
        try:
            page = cloud.request("GET", "cloudbuild", path, params={"pageSize": _MOST_BUILDS})
            rows += [_build(entry) for entry in page.get("builds", ())]
        except (CloudProblem, *MALFORMED) as problem:
            unread[f"builds in {place}"] = reason(problem)
    none = () if rows or unread else ("Nothing was built with Cloud Build.",)
    newest = sorted(rows, key=lambda row: row[1], reverse=True)
    return Section("builds", question, columns, tuple(newest[:_MOST_BUILDS]), none, unread)


def _build(entry: Mapping[str, Any]) -> tuple[str, ...]:
    images = ", ".join(short(str(image)) for image in entry.get("images", ())) or "none"
    return (str(entry.get("id", ""))[:8], _when(entry), str(entry.get("status", "")).lower(), images)


def training(found: Inventory) -> Section:
    """Every job that may have trained a model, and its result, the newest first."""
    listed = _listed(found, "training")
    rows = [(item.kind, _called(item), _when(item.body), state) for item, state in listed.rows]
    rows.sort(key=lambda row: row[2], reverse=True)
    return listed.section(
        "training", "Was the model trained in the cloud?", ("kind", "name", "created (UTC)", "state"), rows
    )


def deployed(found: Inventory) -> Section:
    """Every deployed service, with the command that calls it, as the caller unless it is public."""
    listed = _listed(found, "deployed")
    rows = ((item.kind, item.short, _when(item.body), call) for item, call in listed.rows)
    return listed.section(
        "deployed", "How is the deployed service called?", ("kind", "name", "created (UTC)", "call"), rows
    )


def monitoring(found: Inventory) -> Section:
    """Alerts, uptime checks, dashboards, and who is notified."""
    listed = _listed(found, "monitoring")
    rows = ((item.kind, _called(item), switch) for item, switch in listed.rows)
    return listed.section("monitoring", "What is monitored, and what sends alerts?", ("kind", "name", "state"), rows)
