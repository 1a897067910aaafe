"""Measures of services' instances, taken while a policy watches: how many there are, and how full their memory is.

Source: https://cloud.google.com/monitoring/api/metrics_gcp_p_z.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from localcloud.engine.cloud import Cloud
from localcloud.engine.jobs import Job
from localcloud.engine.metrics import FRACTIONS, Gauge
from localcloud.services.run import journal, names
from localcloud.services.run.fleet import Fleet, RevisionInstances
from localcloud.services.run.names import API

MEASURE = "measure"
_COUNT = "run.googleapis.com/container/instance_count"
_MEMORY = "run.googleapis.com/container/memory/utilizations"


def gauges(cloud: Cloud, project: str) -> Iterator[Gauge]:
    """How many instances of each revision are active and idle; starts measuring their memory, which takes longer."""
    groups = _groups(cloud, project)
    for group in groups:
        active = sum(bool(one.active) for one in group.instances)
        for state, count in (("active", active), ("idle", len(group.instances) - active)):
            yield Gauge(_COUNT, journal.resource(group.revision), {"state": state}, count)
    if any(group.instances for group in groups) and not cloud.jobs.busy(API, project):
        cloud.jobs.start(API, MEASURE, {"project": project}, project)


async def measure(cloud: Cloud, job: Job) -> None:
    """Samples the share of its memory that each container of a project's services uses; plain processes have no limit."""
    used = await asyncio.to_thread(cloud.workloads.memory)
    await job.write(partial(_record, cloud, job.body["project"], used))


def _groups(cloud: Cloud, project: str) -> Sequence[RevisionInstances]:
    fleet = cloud.offers.get(Fleet)
    groups = fleet.groups() if fleet is not None else ()
    return [group for group in groups if names.RunName.of(group.revision).project == project]


def _record(cloud: Cloud, project: str, used: Mapping[str, int]) -> None:
    revisions = {group.revision for group in _groups(cloud, project)}
    for one in cloud.workloads.running():
        limit = one.order.workload.memory
        if one.order.resource in revisions and one.name in used and limit:
            about = journal.resource(one.order.resource)
            cloud.metrics.sample(project, _MEMORY, about, {}, used[one.name] / limit, FRACTIONS)
