"""What was built, trained, deployed and monitored, for the report; where there is nothing, how that is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from groundwork.environment.values import Environment
from groundwork.google.cloud import CloudProblem, GoogleCloud
from groundwork.report.contents import MALFORMED, reason
from groundwork.report.section import Section
from groundwork.resources.inventory import Inventory
from groundwork.resources.item import Item
from groundwork.workloads.images import short

_JOBS = ("Vertex custom job", "Vertex training pipeline", "Vertex tuning job", "Vertex pipeline run", "Run job")
_SERVICES = ("Run service", "function", "Vertex endpoint")
_WATCHES = ("alert policy", "uptime check", "dashboard", "notification channel")
_MACHINES = ("instance", "Workbench instance", "Vertex custom job", "Run service")
_MOST_BUILDS = 50


def _of(found: Inventory, kinds: Sequence[str]) -> list[Item]:
    return [item for item in found.items if item.kind in kinds]


def _unread(found: Inventory, kinds: Sequence[str]) -> dict[str, str]:
    return {name: why for name, why in found.unknown.items() if name in kinds or name == "enabled APIs"}


def _nothing(found: Inventory, kinds: Sequence[str]) -> tuple[str, ...]:
    """Sentences about the kinds that have no resources, with how that is known."""
    names_by_reason: dict[str, list[str]] = {}
    for kind in kinds:
        if _of(found, [kind]) or kind in _unread(found, kinds) or "enabled APIs" in found.unknown:
            continue
        absent = "the local cloud does not simulate it" if kind in found.absent else ""
        names_by_reason.setdefault(found.off.get(kind, absent), []).append(kind)
    return tuple(f"There is no {_listed(names)}{f': {why}' if why else ''}." for why, names in names_by_reason.items())


def _listed(names: Sequence[str]) -> str:
    return " and no ".join(filter(None, (", no ".join(names[:-1]), names[-1])))


def _section(
    found: Inventory,
    key: str,
    question: str,
    columns: Sequence[str],
    rows: Sequence[tuple[str, ...]],
    kinds: Sequence[str],
) -> Section:
    return Section(key, question, tuple(columns), tuple(rows), _nothing(found, kinds), _unread(found, kinds))


def machines(found: Inventory) -> Section:
    """Machine types of virtual machines and training jobs, and the sizes of services."""
    rows = [
        (item.kind, _called(item), machine, _last(item.body.get("zone")) or _last(item.body.get("location")))
        for item in _of(found, _MACHINES)
        for machine in _machine(item)
    ]
    return _section(
        found, "machines", "Which machine types?", ("kind", "name", "machine type", "zone"), rows, _MACHINES
    )


def _called(item: Item) -> str:
    return str(item.body.get("displayName") or item.short)


def _machine(item: Item) -> Iterator[str]:
    body = item.body
    if item.kind == "Vertex custom job":
        for pool in _path(body, "jobSpec", "workerPoolSpecs") or ():
            yield _with_gpu(pool.get("machineSpec", {}), str(pool.get("replicaCount", "1")))
    elif item.kind == "Run service":
        for container in _path(body, "template", "containers") or ():
            limits = _path(container, "resources", "limits") or {}
            yield ", ".join(f"{name} {value}" for name, value in sorted(limits.items())) or "the default size"
    else:
        yield _last(body.get("machineType") or _path(body, "gceSetup", "machineType")) or "not said"


def _with_gpu(spec: Mapping[str, Any], number: str) -> str:
    gpu = f" with {spec.get('acceleratorCount', 1)} {spec['acceleratorType']}" if spec.get("acceleratorType") else ""
    return f"{number} of {spec.get('machineType', 'unknown')}{gpu}"


def _path(body: Mapping[str, Any], *steps: str) -> Any:
    value: Any = body
    for step in steps:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _last(name: object) -> str:
    return str(name or "").rpartition("/")[2]


def _when(body: Mapping[str, Any], name: str = "createTime") -> str:
    return str(body.get(name) or "")[:16].replace("T", " ")


def builds(cloud: GoogleCloud, environment: Environment, found: Inventory) -> Section:
    """The newest Cloud Build builds, regional and global."""
    question, columns = "What was built?", ("build", "made", "status", "images")
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
    """Every job that may have trained a model, and its result."""
    rows = [
        (
            item.kind,
            _called(item),
            _when(item.body),
            str(item.body.get("state") or "not said").removeprefix("JOB_STATE_").lower(),
        )
        for item in _of(found, _JOBS)
    ]
    return _section(
        found, "training", "Was the model trained in the cloud?", ("kind", "name", "made", "state"), rows, _JOBS
    )


def deployed(found: Inventory) -> Section:
    """Every deployed service, with the command that calls it, as the caller unless it is public."""
    rows = [(item.kind, item.short, _when(item.body), _call(item)) for item in _of(found, _SERVICES)]
    return _section(
        found, "deployed", "How is the deployed service called?", ("kind", "name", "made", "call"), rows, _SERVICES
    )


def _call(item: Item) -> str:
    uri = item.body.get("uri") or _path(item.body, "serviceConfig", "uri")
    if item.kind == "Vertex endpoint":
        return f"gcloud ai endpoints predict {item.short} --json-request=FILE"
    if not uri:
        return "no address yet"
    if item.body.get("invokerIamDisabled"):
        return f"curl {uri}"
    return f'curl --header "Authorization: Bearer $(gcloud auth print-identity-token)" {uri}'


def monitoring(found: Inventory) -> Section:
    """Alerts, uptime checks, dashboards, and who is notified."""
    rows = [
        (
            item.kind,
            _called(item),
            "off" if item.body.get("enabled") is False else "on",
        )
        for item in _of(found, _WATCHES)
    ]
    return _section(
        found, "monitoring", "What is monitored, and what sends alerts?", ("kind", "name", "state"), rows, _WATCHES
    )
