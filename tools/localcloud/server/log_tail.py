"""TailLogEntries of Cloud Logging, which clients call over gRPC: the entries that match a filter, as they are written.

A tail reads the list of entries again each second, as its caller. Source: https://cloud.google.com/logging/docs/view/streaming-live-tailing.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from localcloud.engine.logs import FIRST, Mark, micros
from localcloud.server import log_messages, rest_calls
from localcloud.services.logging import entries

HOST = "logging.googleapis.com"
METHOD = "/google.logging.v2.LoggingServiceV2/TailLogEntries"
_LIST = "/v2/entries:list"
_MOST_TAILS = 8
_PAGE = 1000
_PAUSE = 1.0
_LATE = 10_000_000
"""Microseconds by which an entry may be older than the newest one, and is still shown."""
_LONGEST = 3600


class Tails:
    """The tails of the local cloud at `address`; each keeps a thread busy, so that there are few at a time."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._free = threading.BoundedSemaphore(_MOST_TAILS)

    def followed(self, requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        """Responses until the client ends the call, it is an hour old, or its caller may no longer read."""
        try:
            request = log_messages.request(next(requests, b""))
        except DecodeError:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "The request is no TailLogEntriesRequest.")
        if not self._free.acquire(blocking=False):
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, f"The local cloud follows {_MOST_TAILS} tails at a time.")
        try:
            yield from _Tail(self._address, list(request.resource_names), request.filter, context).responses()
        finally:
            self._free.release()


class _Tail:
    """One tail: `_newest` is the time of the newest entry, in microseconds, `_seen` what was read about that time."""

    def __init__(self, address: str, names: list[str], text: str, context: grpc.ServicerContext) -> None:
        self._address, self._names, self._filter, self._context = address, names, text, context
        self._newest = 0
        self._seen: dict[tuple[str, str], int] = {}

    def responses(self) -> Iterator[bytes]:
        ended = threading.Event()
        if not self._context.add_callback(ended.set):
            return
        newest = self._listed(orderBy="timestamp desc", pageSize=1, filter="")
        self._newest = micros(newest[0]["timestamp"]) if newest else 0
        self._fresh()
        self._context.send_initial_metadata(())  # from now on nothing is missed
        until = time.monotonic() + _LONGEST
        while time.monotonic() < until:
            if ended.wait(_PAUSE):
                return
            if found := self._fresh():
                yield log_messages.tailed(found)
        self._context.abort(grpc.StatusCode.OUT_OF_RANGE, "The tail is an hour old, the longest that one may last.")

    def _fresh(self) -> list[dict[str, Any]]:
        """The entries that have been written since the last call."""
        since: Mark = (self._newest - _LATE, "") if self._newest else FIRST
        token = entries.token_after(self._names, self._filter, since)
        found = self._listed(orderBy="timestamp asc", pageSize=_PAGE, filter=self._filter, pageToken=token)
        fresh = [one for one in found if (one["logName"], one["insertId"]) not in self._seen]
        self._seen |= {(one["logName"], one["insertId"]): micros(one["timestamp"]) for one in fresh}
        self._newest = max([self._newest, *(self._seen[one["logName"], one["insertId"]] for one in fresh)])
        self._seen = {key: moment for key, moment in self._seen.items() if moment >= self._newest - _LATE}
        return fresh

    def _listed(self, **query: Any) -> list[dict[str, Any]]:
        body = json.dumps({"resourceNames": self._names, **query})
        text = rest_calls.asked(self._address, HOST, self._context, "POST", _LIST, body)
        found: list[dict[str, Any]] = json.loads(text).get("entries", [])
        return found
