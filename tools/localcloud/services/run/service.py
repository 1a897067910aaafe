"""Cloud Run's v2 API, which stores everything; v1 is a view of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from localcloud.engine.cloud import Cloud
from localcloud.engine.iam import roles
from localcloud.engine.interfaces import Addresses
from localcloud.engine.service import Connections, Endpoints, Service, Site, Worker
from localcloud.services.run import (
    addresses,
    executions,
    front,
    jobs,
    journal,
    measures,
    revisions,
    rollout,
    services,
    source_builds,
)
from localcloud.services.run.fleet import IDLE, Fleet, Instance
from localcloud.services.run.instances import Starter
from localcloud.services.run.names import API

_PLACE = f"{API}.projects.locations"


def _offers(cloud: Cloud) -> Sequence[object]:
    async def start(revision: str, reason: str) -> Instance:
        return await starter.start(revision, reason)

    fleet = Fleet(cloud, start)
    starter = Starter(cloud, fleet.gone, fleet.make_room)
    desk = front.Front(cloud, fleet)
    local = Addresses(partial(addresses.local, cloud))
    return fleet, starter, desk, addresses.PortHandlers(desk.own), local


def _connections(cloud: Cloud) -> Connections:
    addresses.reopen(cloud)
    desk = cloud.offers.get(front.Front)
    assert desk is not None

    def connection(host: str) -> asyncio.Protocol:
        return desk.connection(host)

    return connection


SERVICE = Service(
    api=API,
    versions=("v2",),
    title="Cloud Run Admin API",
    agent="service-{number}@serverless-robot-prod.iam.gserviceaccount.com",
    agent_role="roles/run.serviceAgent",
    roles=roles.beside(__file__, "run."),
    endpoints=Endpoints(terraform={"CLOUD_RUN": "", "CLOUD_RUN_V2": "v2/"}, gcloud=""),
    proto="google.cloud.run.v2",
    audited={
        "projects.locations.services": "google.cloud.run.v2.Services.*Service",
        "projects.locations.services.revisions": "google.cloud.run.v2.Revisions.*Revision",
        "projects.locations.jobs": "google.cloud.run.v2.Jobs.*Job",
        "projects.locations.jobs.executions": "google.cloud.run.v2.Executions.*Execution",
    },
    tables=services.TABLES + executions.TABLES,
    resources={
        "projects.locations.services": services.RESOURCE,
        "projects.locations.services.revisions": revisions.RESOURCE,
        "projects.locations.jobs": jobs.RESOURCE,
        "projects.locations.jobs.executions": executions.RESOURCE,
        "projects.locations.jobs.executions.tasks": executions.TASK,
    },
    methods={
        f"{_PLACE}.builds.submit": source_builds.submit,
        f"{_PLACE}.services.create": services.create,
        f"{_PLACE}.services.patch": services.patch,
        f"{_PLACE}.services.delete": services.delete,
        f"{_PLACE}.services.revisions.delete": services.delete_revision,
        f"{_PLACE}.jobs.create": jobs.create,
        f"{_PLACE}.jobs.patch": jobs.patch,
        f"{_PLACE}.jobs.delete": jobs.delete,
        f"{_PLACE}.jobs.run": jobs.run,
        f"{_PLACE}.jobs.executions.cancel": executions.cancel,
        f"{_PLACE}.jobs.executions.delete": executions.delete,
    },
    # Submitting a build needs Cloud Build's permissions, which that checks.
    permissions={f"{_PLACE}.builds.submit": None, f"{_PLACE}.jobs.run": jobs.run_needs},
    workers={
        services.DEPLOY: Worker(rollout.deploy, rollout.cut),
        services.REMOVE: Worker(rollout.remove, again=True),
        rollout.SCALE: Worker(rollout.scale),
        measures.MEASURE: Worker(measures.measure, lambda *_: None),
        executions.EXECUTE: Worker(executions.execute, executions.cut),
    },
    due={IDLE: rollout.idle, rollout.KEEP: rollout.keep},
    gauges=measures.gauges,
    offers=_offers,
    sites=(Site(front.late, hosts=("*.*.run.app",), connections=_connections),),
    skus=journal.SKUS,
    payer=journal.payer,
)
