"""Long-running operations: waiting until they are done."""

from __future__ import annotations

from localcloud.provider.retries import delays
from localcloud.provider.values import Object
from localcloud.provider.work import Problem, Unfinished, Work

_FIRST_LOOK_SECONDS = 0.05


def finished(work: Work, answer: Object, answered_with: str) -> Object:
    """What the call made: the answer itself, or the response of the operation that it answered with, once that is done.

    `answered_with` is the schema name of the answer. Raises Problem when the operation failed, Unfinished when it
    did not end in time.
    """
    return _wait(work, answer) if answered_with.endswith("Operation") else answer


def _wait(work: Work, operation: Object) -> Object:
    if operation.get("done"):
        return _result(work, operation)
    for delay in delays(_FIRST_LOOK_SECONDS, work.settings.poll_interval):
        if work.seconds_left() <= 0:
            break
        work.patience.wait(min(delay, work.settings.poll_interval))
        operation = work.request(
            "GET", work.url(work.row.api, work.row.version, f"{work.row.version}/{operation['name']}")
        ).body
        if operation.get("done"):
            return _result(work, operation)
    raise Unfinished(
        f"{work.row.type}: the operation {operation.get('name')} did not end within {work.seconds:.0f} seconds.",
        "It may still end. Plan again, or give it more time in the resource's timeouts block.",
    )


def _result(work: Work, operation: Object) -> Object:
    error = operation.get("error")
    if error:
        raise Problem(f"{work.row.type}: {error.get('message', 'the operation failed')} (code {error.get('code')})")
    response: Object = operation.get("response") or {}
    return response
