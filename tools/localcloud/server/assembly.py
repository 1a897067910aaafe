"""Puts the parts together: from a folder and the registry to an application."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from localcloud.engine.clock import Clock
from localcloud.engine.cloud import Cloud
from localcloud.engine.dispatch import Dispatcher
from localcloud.engine.iam import Iam
from localcloud.engine.operations import Operations
from localcloud.engine.projects import Projects
from localcloud.engine.router import Router
from localcloud.engine.service import Service
from localcloud.engine.store import Store
from localcloud.server.app import App
from localcloud.server.control import Control
from localcloud.server.fault_rules import Faults
from localcloud.server.request_log import RequestLog
from localcloud.services import SERVICES


def opened(folder: Path, services: Sequence[Service] = SERVICES) -> Cloud:
    """The cloud whose state lies in a folder; makes what is not there yet."""
    with ExitStack() as failing:
        store = failing.enter_context(closing(Store(folder)))
        for service in services:
            if service.tables:
                store.define(service.tables)
        store.tidy()
        clock = Clock(store)
        projects = Projects(store)
        kinds = Kinds(services)
        cloud = Cloud(store, clock, Iam(store, clock, projects, kinds.of), Operations(store, clock), projects)
        failing.pop_all()
    return cloud


def application(cloud: Cloud, services: Sequence[Service], base: str, key: str) -> App:
    """The ASGI application over a cloud. `key` opens the control interface."""
    dispatcher = Dispatcher(cloud, Router(services))
    faults = Faults(cloud.clock.seconds)
    log = RequestLog()
    return App(dispatcher, faults, log, Control(dispatcher, faults, log, key).app(), base)


class Kinds:
    """The IAM type of a resource name, for conditions: "secretmanager.googleapis.com/Secret"."""

    def __init__(self, services: Sequence[Service]) -> None:
        self._kinds = {
            (service.api, collection): resource.kind
            for service in services
            for collection, resource in service.resources.items()
        }

    def of(self, api: str, name: str) -> str:
        """The type, "" for a name of no declared collection.

        Source: https://cloud.google.com/iam/docs/conditions-resource-attributes.
        """
        words = name.split("/")
        collection = ".".join(words[:6:2]) if words[2:3] == ["buckets"] else ".".join(words[::2])
        kind = self._kinds.get((api, collection), "")
        return f"{api}.googleapis.com/{kind}" if kind else ""
