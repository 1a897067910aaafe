"""Injects the faults that were ordered for a call."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any

from localcloud.engine import lro
from localcloud.engine.dispatch import Dispatcher, Outcome, json_reply
from localcloud.engine.router import Target
from localcloud.errors import not_found
from localcloud.server.fault_rules import Fault, Faults

Body = Mapping[str, Any]


class Dropped(Exception):
    """The connection is to be dropped before anything is done."""


async def disturbed(
    faults: Faults, dispatcher: Dispatcher, target: Target, run: Callable[[], Awaitable[Outcome]]
) -> Outcome | None:
    """The outcome of a call under the faults in force; None when its connection is to be dropped."""
    striking = faults.striking(target.method.id)
    try:
        refused = await before(striking, dispatcher, target)
    except Dropped:
        return None
    if refused is not None:
        return refused
    outcome = _after(faults, dispatcher, await run(), striking)
    if any(fault.kind == "drop" for fault in striking):
        return None
    return _veiled(faults, dispatcher, outcome, target)


async def before(striking: Sequence[Fault], dispatcher: Dispatcher, target: Target | None = None) -> Outcome | None:
    """Does what the faults that hit a request do before it is answered; the outcome that they have for it. Raises Dropped."""
    for fault in striking:
        if fault.kind == "latency":
            await asyncio.sleep(fault.seconds)
        elif fault.kind == "error":
            return dispatcher.failed(fault.error(), target)
        elif fault.kind == "drop" and not fault.after:
            raise Dropped
    return None


def _after(faults: Faults, dispatcher: Dispatcher, outcome: Outcome, striking: Sequence[Fault]) -> Outcome:
    call, body = outcome.call, outcome.body
    if call is None or not isinstance(body, Mapping):
        return outcome
    for fault in striking:
        if fault.kind == "late":
            for path in _paths(call.path, body.get("response", body)):
                faults.hide(call.service.api, path, fault.seconds)
        elif fault.kind == "pending" and "done" in body:
            pending = dispatcher.cloud.operations.postpone(call.service.api, body["name"], fault.seconds)
            outcome = json_reply(outcome, lro.shown(pending))
    return outcome


def _veiled(faults: Faults, dispatcher: Dispatcher, outcome: Outcome, target: Target) -> Outcome:
    """The outcome without what is not visible yet: 404 for it, or a list that lacks it."""
    call = outcome.call
    if call is None or target.method.http != "GET":
        return outcome
    api = call.service.api
    path = f"b/{call.params['bucket']}/o/{call.params['object']}" if "object" in call.params else call.path
    if faults.hidden(api, path):
        return dispatcher.failed(not_found(f"{path} was not found."), target)
    if not isinstance(outcome.body, Mapping):
        return outcome
    visible = {
        key: [one for one in value if not any(faults.hidden(api, path) for path in _paths(call.path, one))]
        if isinstance(value, list)
        else value
        for key, value in outcome.body.items()
    }
    return outcome if visible == outcome.body else json_reply(outcome, visible)


def _paths(path: str, item: Any) -> Iterator[str]:
    """How a later URL may name an item of the collection at `path`: by its full name, or by collection and last word."""
    if isinstance(item, Mapping) and isinstance(item.get("name"), str):
        yield item["name"]
        last = item["name"] if path.startswith("b/") else item["name"].rpartition("/")[2]
        yield f"{path}/{last}"
