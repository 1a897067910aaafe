"""Deploys a new revision of a service, splits its traffic, and rolls back."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from groundwork.errors import GroundworkError, Refused, UsageProblem
from groundwork.google.cloud import CloudProblem
from groundwork.text import allowed, counted
from groundwork.workloads import causes, logs
from groundwork.workloads.project import Project, last
from groundwork.workloads.services import LATEST, READY, Service, service, serving_container, target

_LONGEST = 900
"""Seconds that a deployment may take: Cloud Run gives a container four minutes to start, and retries."""


@dataclass(frozen=True)
class Revision:
    """A revision: its name, creation time, whether it is ready, and what is wrong if not."""

    name: str
    created: str
    ready: bool
    image: str
    message: str


def revisions(project: Project, found: Service) -> list[Revision]:
    """A service's revisions, newest first."""
    bodies = project.cloud.pages("run", f"v2/{found.path}/revisions", "revisions")
    return sorted(map(_revision, bodies), key=lambda one: (one.created, one.name), reverse=True)


def _revision(body: Mapping[str, Any]) -> Revision:
    conditions = {one.get("type"): one for one in body.get("conditions", ())}
    ready = conditions.get("Ready") or conditions.get("ContainerReady") or {}
    return Revision(
        last(body["name"]),
        str(body.get("createTime", "")),
        ready.get("state") == READY,
        str(serving_container({"template": body}).get("image", "")),
        str(ready.get("message", "")),
    )


def deployed(project: Project, name: str, image: str, *, traffic: bool = True) -> Service:
    """Deploys a revision with another image; it gets all traffic once it is ready, unless `traffic` is False.

    Raises GroundworkError with the cause and the last log lines when the revision does not start: traffic then stays where it was.
    """
    before = service(project, name)
    template = dict(before.body.get("template") or {})
    template.pop("revision", None)
    chosen = serving_container(before.body)
    template["containers"] = [
        {**one, "image": image} if one == chosen else one for one in template.get("containers", [{}])
    ]
    to_latest = [target(LATEST, 100), *_tags(before)]
    follows = all(share.get("type") == to_latest[0]["type"] for share in before.body.get("traffic") or ())
    if traffic and follows:
        shares = to_latest
    else:
        # Traffic stays on its revisions until the new one is ready: the latest revision before it may be broken.
        shares = [target(share.revision, share.percent, share.tag) for share in before.traffic]
    problem = _sent(project, before, {**before.body, "template": template, "traffic": shares})
    after = service(project, name)
    if problem or after.state == "broken":
        raise _broken(project, after, problem or after.problem)
    if traffic and not follows:
        return _moved(project, after, to_latest, {after.revision: 100})
    return after


def _tags(found: Service) -> list[dict[str, Any]]:
    """The tags (URLs of single revisions), which must survive a change of traffic."""
    return [target(share.revision, 0, share.tag) for share in found.traffic if share.tag]


def shared(project: Project, name: str, shares: Mapping[str, int]) -> Service:
    """Splits a service's traffic: percent by revision, or by "latest". Raises UsageProblem for an invalid split."""
    before = service(project, name)
    if sum(shares.values()) != 100:
        raise UsageProblem(f"The percentages add up to {sum(shares.values())}, but must add up to 100.")
    known = {one.name: one for one in revisions(project, before)}
    for revision in shares:
        if revision != LATEST and revision not in known:
            raise UsageProblem(f"{name} has no revision {revision}; {allowed([*known, LATEST], revision)}")
        if revision != LATEST and shares[revision] and not known[revision].ready:
            raise Refused(
                f"{revision} is not ready, so it cannot get traffic: {known[revision].message or 'it did not start'}"
            )
    traffic = [*(target(revision, part) for revision, part in shares.items()), *_tags(before)]
    newest = before.revision
    return _moved(project, before, traffic, {newest if one == LATEST else one: part for one, part in shares.items()})


def _moved(project: Project, before: Service, traffic: list[dict[str, Any]], wanted: Mapping[str, int]) -> Service:
    """The service after its traffic was moved; it does not matter whether a newer revision starts."""
    problem = _sent(project, before, {**before.body, "traffic": traffic})
    after = service(project, before.name)
    if {one: part for one, part in wanted.items() if part} != {
        share.revision: share.percent for share in after.traffic if share.percent
    }:
        raise GroundworkError(
            f"The traffic of {before.name} was not moved as requested: {problem or after.problem or after.state}"
        )
    return after


def previous(project: Project, found: Service) -> Revision:
    """The newest ready revision older than the one with most of the traffic. Raises Refused when there is none."""
    candidates = revisions(project, found)
    now = max(found.traffic, key=lambda share: share.percent, default=None)
    names = [one.name for one in candidates]
    older = candidates[names.index(now.revision) + 1 :] if now and now.revision in names else candidates[1:]
    for one in older:
        if one.ready:
            return one
    raise Refused(
        f"{found.name} has no earlier revision that is ready ({counted(len(candidates), 'revision')} in all), so there is nothing to go back to."
    )


def _sent(project: Project, before: Service, body: Mapping[str, Any]) -> str:
    """The error of a change to the whole service, once it has ended; "" if it succeeded."""
    operation: Mapping[str, Any] = project.cloud.request("PATCH", "run", f"v2/{before.path}", json=dict(body))
    waited = 0.0
    while not operation.get("done"):
        if waited > _LONGEST:
            raise GroundworkError("Cloud Run has not finished after 15 minutes: check with `groundwork services list`.")
        time.sleep(project.pace)
        waited += project.pace
        operation = project.cloud.request("GET", "run", f"v2/{operation['name']}")
    return str((operation.get("error") or {}).get("message", ""))


def _broken(project: Project, after: Service, message: str) -> GroundworkError:
    """The error for a revision that did not start, with its last log lines."""
    revision = last(after.body.get("latestCreatedRevision"))
    try:
        lines = [entry.text for entry in logs.newest(project, log_filter(after.name, revision), causes.LINES)]
    except CloudProblem as problem:
        lines = [f"its log could not be read: {problem.message}"]
    stays = ", ".join(share.text for share in after.traffic if share.percent)
    why = causes.explained(message, lines)
    return GroundworkError(
        f"{revision or after.name} did not start: {message}",
        [*(f"log: {line}" for line in lines), *([why] if why else []), f"traffic is unchanged: {stays or 'none'}"],
    )


def log_filter(name: str, revision: str = "") -> str:
    """The filter for the log of a service, or of one revision."""
    one = f' AND resource.labels.revision_name="{revision}"' if revision else ""
    return f'resource.type="cloud_run_revision" AND resource.labels.service_name="{name}"{one}'


def parsed(shares: Sequence[str]) -> dict[str, int]:
    """Parses REVISION=PERCENT…, apart or with commas between, into a mapping. Raises UsageProblem for invalid text."""
    found: dict[str, int] = {}
    for word in filter(None, ",".join(shares).split(",")):
        revision, sign, percent = word.rpartition("=")
        if not sign or not revision or not percent.isdecimal() or int(percent) > 100:
            raise UsageProblem(f"{word!r} is not REVISION=PERCENT: write e.g. api-00002-abc=10 latest=90.")
        if revision in found:
            raise UsageProblem(f"{revision} is named twice: give each revision one share.")
        found[revision] = int(percent)
    return found
