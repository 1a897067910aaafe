"""Deployment: a new revision is started before it gets traffic, and gets none if it does not start."""

from __future__ import annotations

from localcloud.engine.cloud import Cloud
from localcloud.engine.jobs import Job
from localcloud.engine.service import Body
from localcloud.errors import CloudError, aborted
from localcloud.services.run import instances, names, revisions, services, traffic
from localcloud.services.run.conditions import FAILED, RECONCILING, SUCCEEDED, condition, failed, ready
from localcloud.services.run.fleet import IDLE, IDLE_SECONDS, Fleet, NotReady
from localcloud.services.run.names import API

KEEP = "keep"
SCALE = "scale"
_RECHECK_SECONDS = 30.0


def fleet(cloud: Cloud) -> Fleet:
    """A cloud's fleet of instances."""
    offered = cloud.offers.get(Fleet)
    assert offered is not None
    return offered


async def deploy(cloud: Cloud, job: Job) -> None:
    """Rolls out a service's latest configuration: starts the new revision, moves the traffic, and finishes the operation."""
    service, revision = job.body["service"], job.body["revision"]
    if revision:
        await _make_ready(cloud, job, f"{service}/revisions/{revision}")
    await job.write(lambda: _settle(cloud, job))
    await _only_serving(cloud, service)


async def _make_ready(cloud: Cloud, job: Job, full: str) -> None:
    body = cloud.store.get(API, full)
    if body is None:
        raise aborted("The service was deleted while it was deployed.")
    how = instances.how(cloud, full, body)
    try:
        instances.secrets(cloud, full, body)
        if how != "simulated":
            await fleet(cloud).add(await starter(cloud).start(full, "DEPLOYMENT_ROLLOUT"))
    except NotReady as problem:
        text, reason = (
            f"Revision '{revisions.short(full)}' is not ready and cannot serve traffic. {problem}",
            problem.reason,
        )
        await job.write(lambda: revisions.failed(cloud, full, text, reason))
        return
    await job.write(lambda: revisions.succeeded(cloud, full, how))


def starter(cloud: Cloud) -> instances.Starter:
    """The starter of a cloud's instances."""
    offered = cloud.offers.get(instances.Starter)
    assert offered is not None
    return offered


def _settle(cloud: Cloud, job: Job) -> None:
    """Stores the service's new state; finishes it only if no newer change has been requested meanwhile."""
    name = job.body["service"]
    body = cloud.store.get(API, name)
    if body is None:
        raise aborted("The service was deleted while it was deployed.")
    known = {revisions.short(full): one for full, one in cloud.store.list(API, name, "revisions")}
    readiness = {short: ready(one) for short, one in known.items()}
    able = [short for short, is_ready in readiness.items() if is_ready]
    latest = max(able, key=lambda short: revisions.number(known[short]), default="")
    new = body | ({"latestReadyRevision": f"{name}/revisions/{latest}"} if latest else {})
    new["trafficStatuses"] = traffic.statuses(new, latest, readiness, names.hosts(cloud, name)[1])
    problem = ""
    if int(body["generation"]) == job.body["generation"]:
        problem = _problem(new, known, readiness)
        new = new | _conditions(cloud, body, problem)
    cloud.store.put(API, name, new)
    if job.operation:
        service = services.presented(cloud, new)
        if problem:
            cloud.operations.failed(API, job.operation, CloudError(400, "FAILED_PRECONDITION", problem))
        else:
            cloud.operations.done(API, job.operation, service, {"@type": _TYPE, **service})


_TYPE = "type.googleapis.com/google.cloud.run.v2.Service"


def _problem(service: Body, known: dict[str, Body], readiness: dict[str, bool]) -> str:
    latest = known.get(revisions.short(service.get("latestCreatedRevision", "")), {})
    if failed(latest):
        return str(latest["conditions"][0]["message"])
    unready = traffic.unready(service, readiness)
    return f"Revision '{unready}' is not ready and cannot serve traffic." if unready else ""


def _conditions(cloud: Cloud, body: Body, problem: str) -> Body:
    state = FAILED if problem else SUCCEEDED
    reason = {"reason": "REVISION_FAILED"} if problem else {}
    return {
        "reconciling": False,
        "observedGeneration": body["generation"],
        "terminalCondition": condition(cloud, "Ready", state, problem, **reason),
        "conditions": [
            condition(cloud, "RoutesReady", state, problem, **reason),
            condition(cloud, "ConfigurationsReady", state, problem, **reason),
        ],
    }


def cut(cloud: Cloud, job: Job, problem: CloudError) -> None:
    """Ends an interrupted deployment: marks the revision as failed, and fails the operation."""
    name, revision = job.body["service"], job.body["revision"]
    full = f"{name}/revisions/{revision}"
    if revision and (there := cloud.store.get(API, full)) is not None and not ready(there):
        revisions.failed(cloud, full, problem.message, {})
    body = cloud.store.get(API, name)
    if body is not None and body["terminalCondition"]["state"] == RECONCILING:
        cloud.store.put(API, name, body | _conditions(cloud, body, problem.message))
    if job.operation:
        cloud.operations.failed(API, job.operation, problem)


async def _only_serving(cloud: Cloud, service: str) -> None:
    """Stops the instances of revisions without traffic, and schedules minimum instances for the others."""
    body = cloud.store.get(API, service)
    wanted = traffic.serving(body) if body else set()
    mine = [group for group in fleet(cloud).groups() if names.service(group.revision) == service]
    for group in mine:
        group.retired = revisions.short(group.revision) not in wanted
    for group in mine:
        if group.retired:
            await fleet(cloud).retire(group.revision)
    await cloud.commits.write(lambda: _schedule_minimum(cloud, service, wanted))


def _schedule_minimum(cloud: Cloud, service: str, wanted: set[str]) -> None:
    for short in wanted:
        full = f"{service}/revisions/{short}"
        if (cloud.store.get(API, full) or {}).get("scaling", {}).get("minInstanceCount"):
            cloud.due.after(API, KEEP, full, 0)


def idle(cloud: Cloud, full: str, _moment: float) -> None:
    """Due: scale a revision whose instances may have been idle for long."""
    if cloud.store.get(API, full) is not None:
        cloud.jobs.start(API, SCALE, {"revision": full})


def keep(cloud: Cloud, full: str, _moment: float) -> None:
    """Due: scale a revision that must have a minimum number of instances."""
    idle(cloud, full, _moment)


async def scale(cloud: Cloud, job: Job) -> None:
    """Stops idle instances, starts minimum instances, and schedules the next check."""
    full = job.body["revision"]
    body = cloud.store.get(API, full)
    if body is None:
        return
    group = fleet(cloud).group(full)
    serves = revisions.short(full) in traffic.serving(cloud.store.get(API, names.service(full)) or {})
    least = group.least if serves else 0
    await fleet(cloud).stop(full, keep=least, idle_since=cloud.clock.seconds() - IDLE_SECONDS)
    runs = body.get("annotations", {}).get(revisions.RAN_BY) != "simulated"
    while runs and len(group.instances) + group.starting < least:
        try:
            await fleet(cloud).add(await starter(cloud).start(full, "MIN_INSTANCES"))
        except NotReady:
            break

    def schedule() -> None:
        if group.instances:
            cloud.due.after(API, IDLE, full, IDLE_SECONDS)
        if least:
            cloud.due.after(API, KEEP, full, _RECHECK_SECONDS)

    await job.write(schedule)


async def remove(cloud: Cloud, job: Job) -> None:
    """Stops the instances of a deleted service or revision."""
    for short in job.body["revisions"]:
        await fleet(cloud).stop(f"{job.body['service']}/revisions/{short}")
