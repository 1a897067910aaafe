"""Assembles the application from a state folder and the registry of services."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Any

from localcloud.console import address
from localcloud.engine import jobs, lro, standard, tokens
from localcloud.engine.agents import Agents
from localcloud.engine.clock import Clock
from localcloud.engine.cloud import Cloud
from localcloud.engine.commits import Commits
from localcloud.engine.dispatch import Dispatcher
from localcloud.engine.due import Due
from localcloud.engine.events import Events
from localcloud.engine.exchange import Reply
from localcloud.engine.iam import Iam
from localcloud.engine.iam.roles import Roles
from localcloud.engine.interfaces import Offers, Requests
from localcloud.engine.jobs import Jobs
from localcloud.engine.lateness import Lateness
from localcloud.engine.logs import Logs
from localcloud.engine.metrics import Metrics
from localcloud.engine.operations import Operations
from localcloud.engine.ports import Ports
from localcloud.engine.projects import Projects
from localcloud.engine.router import Router
from localcloud.engine.service import Asgi, Service
from localcloud.engine.signals import Signals
from localcloud.engine.store import Store
from localcloud.engine.usage import Usage
from localcloud.engine.workloads import Workloads
from localcloud.provider import callers
from localcloud.server.app import App
from localcloud.server.control import Control
from localcloud.server.fault_rules import Faults
from localcloud.server.request_log import RequestLog
from localcloud.server.sites import Sites
from localcloud.services import SERVICES
from localcloud.services.unwritten import UNWRITTEN


def opened(folder: Path, services: Sequence[Service] = SERVICES, unwritten: Sequence[Service] = UNWRITTEN) -> Cloud:
    """The cloud whose state is in a folder; creates what is missing. Services in `unwritten` contribute only roles and agents."""
    with ExitStack() as failing:
        store = failing.enter_context(closing(Store(folder)))
        # About forty tables: with each on disk by itself, a fresh cloud would wait for the disk longer than it does anything else.
        with store.together():
            cloud = _opened(store, services, unwritten)
        failing.pop_all()
    return cloud


def _opened(store: Store, services: Sequence[Service], unwritten: Sequence[Service]) -> Cloud:
    clock = Clock(store)
    due, signals, commits = Due(store, clock), Signals(store), Commits(store)
    for service in services:
        if service.tables:
            store.define(service.tables)
    store.tidy()
    lateness = Lateness(store, clock)
    projects = Projects(store)
    known = (*unwritten, *services)
    roles = Roles(service.roles for service in known if service.roles is not None)
    agents = Agents(
        projects,
        {service.api: service.agent for service in known if service.agent},
        {form: role for one in known for form, role in {one.agent: one.agent_role, **one.other_agents}.items() if role},
    )
    cloud = Cloud(
        store=store,
        clock=clock,
        iam=Iam(store, clock, projects, lateness, DeclaredNames(services), roles, agents),
        operations=Operations(store, clock, signals),
        projects=projects,
        commits=commits,
        signals=signals,
        jobs=Jobs(store, commits),
        lateness=lateness,
        tokens=tokens.opened(store.folder),
        due=due,
        events=Events(),
        logs=Logs(store, clock, signals),
        metrics=Metrics(store, clock),
        usage=Usage(store, clock),
        offers=Offers(),
        agents=agents,
        workloads=Workloads(store.folder),
        ports=Ports(),
    )
    for service in services:
        _bind(cloud, service)
    cloud.jobs.recover()
    return cloud


def _bind(cloud: Cloud, service: Service) -> None:
    """Gives what a service declares to the parts of the cloud that will call it."""
    for kind, worker in service.workers.items():
        cut = partial(worker.cut or lro.cut, cloud)
        cloud.jobs.serve(service.api, kind, jobs.BoundWorker(partial(worker.run, cloud), cut, worker.again))
    for kind, listener in service.subscriptions.items():
        cloud.events.subscribe(kind, partial(listener, cloud))
    if service.log_listener is not None:
        cloud.logs.listen(partial(service.log_listener, cloud))
    if service.log_keeper is not None:
        cloud.logs.keep_if(partial(service.log_keeper, cloud))
    if service.gauges is not None:
        cloud.metrics.register_gauges(partial(service.gauges, cloud))
    for offer in service.offers(cloud) if service.offers else ():
        cloud.offers.add(offer)
    cloud.usage.know(service.api, service.skus, partial(service.payer, cloud) if service.payer else None)
    for kind, happening in service.due.items():
        cloud.due.serve(service.api, kind, partial(happening, cloud))
    if any(resource.soft_delete for resource in service.resources.values()):
        cloud.due.serve(service.api, standard.PURGE, lambda name, _: standard.remove(cloud, service.api, name))


def application(
    cloud: Cloud, services: Sequence[Service], base: str, key: str, publish: Callable[[str], object] = str
) -> App:
    """The ASGI application of a cloud. `key` is required by the control interface; `publish` is called with the profile in force."""
    dispatcher = Dispatcher(cloud, Router(services))
    cloud.offers.add(Requests(partial(_asked, dispatcher, base)))
    faults = Faults(cloud.clock.seconds)
    log = RequestLog()
    control = Control(dispatcher, faults, log, key, publish).app()

    def console() -> Asgi:
        """The console, created on first use, since loading its templates takes longer than most requests."""
        from localcloud.console.pages import Console, Switches
        from localcloud.console.views import Views

        def described() -> list[dict[str, Any]]:
            return [fault.described() for fault in faults.ordered]

        def advance(seconds: float) -> None:
            with cloud.store.transaction():
                cloud.clock.advance(seconds)

        switches = Switches(log.rows, described, lambda fault: faults.order(dict(fault)), faults.clear, advance)
        return Console(Views(dispatcher, base), switches, address.secret(cloud.tokens), _is_anothers).app()

    return App(dispatcher, faults, log, control, base, Sites(cloud, services), console)


def _is_anothers(scope: Mapping[str, Any]) -> bool:
    """Whether another user holds a request's connection: `groundwork open` gives a browser its address on a command line, which all can read."""
    client, server = scope.get("client"), scope.get("server")
    if client is None or server is None:
        return False
    return callers.anothers(f"ipv4:{client[0]}:{client[1]}", server[1])


def _asked(
    dispatcher: Dispatcher, base: str, principal: str, verb: str, path: str, body: bytes, content_type: str
) -> Reply:
    headers = {
        "authorization": f"Bearer {dispatcher.cloud.tokens.token(principal)}",
        "content-type": content_type,
        "user-agent": "local cloud",
    }
    return dispatcher.inside(base, verb, path, headers, body)


class DeclaredNames:
    """The resource names that services declare, for conditions."""

    def __init__(self, services: Sequence[Service]) -> None:
        self._kinds = {
            (service.api, collection): resource.kind
            for service in services
            for collection, resource in service.resources.items()
        }
        self._numbered = {service.api for service in services if service.numbered}

    def numbered(self, api: str) -> bool:
        """Whether an API's names hold the project's number."""
        return api in self._numbered

    def of(self, api: str, name: str) -> str:
        """The IAM type: "secretmanager.googleapis.com/Secret", "" for a name of no declared collection.

        Source: https://cloud.google.com/iam/docs/conditions-resource-attributes.
        """
        words = name.split("/")
        collection = ".".join(words[:6:2]) if words[2:3] == ["buckets"] else ".".join(words[::2])
        kind = self._kinds.get((api, collection), "")
        return f"{api}.googleapis.com/{kind}" if kind else ""
