"""Polls long-running operations until they are done."""

from __future__ import annotations

from localcloud.provider import paths
from localcloud.provider.retries import delays
from localcloud.provider.values import Object
from localcloud.provider.work import Problem, Unfinished, Work

_FIRST_POLL_SECONDS = 0.05


def finished(work: Work, answer: Object, answered_with: str) -> Object:
    """A call's result: the answer itself or, if the answer is an operation, that operation's response once it is done.

    `answered_with` is the answer's schema name. Raises Problem if the operation failed, Unfinished if it did not end in time.
    """
    return _wait(work, answer) if answered_with.endswith("Operation") else answer


def _wait(work: Work, operation: Object) -> Object:
    if _done(operation):
        return _result(work, operation)
    for delay in delays(_FIRST_POLL_SECONDS, work.settings.poll_interval):
        if work.seconds_left() <= 0:
            break
        work.patience.wait(min(delay, work.settings.poll_interval))
        name = paths.relative(operation.get("selfLink", "")) or operation["name"]
        url = work.url(work.row.api, work.row.version, f"{work.row.version}/{name}")
        operation = work.request("GET", url).body
        if _done(operation):
            return _result(work, operation)
    raise Unfinished(
        f"{work.row.type}: the operation {operation.get('name')} did not end within {work.seconds:.0f} seconds.",
        "It may still end. Plan again, or give it more time in the resource's timeouts block.",
    )


def _done(operation: Object) -> bool:
    """Whether it has ended; Compute Engine's have a status instead."""
    return bool(operation.get("done")) or operation.get("status") == "DONE"


def _result(work: Work, operation: Object) -> Object:
    error = operation.get("error")
    if error:
        error = (error.get("errors") or [error])[0]
        raise Problem(f"{work.row.type}: {error.get('message', 'the operation failed')} (code {error.get('code')})")
    response: Object = operation.get("response") or {}
    return response
