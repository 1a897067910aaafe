"""StreamingPull of Pub/Sub, by which clients subscribe over gRPC: a subscription's messages, as they come.

A stream pulls again each second, as its caller, and passes on what the client acknowledges in it.
Source: https://cloud.google.com/pubsub/docs/pull#streamingpull_api.
"""

from __future__ import annotations

import importlib
import json
import queue
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import grpc
from google.protobuf import json_format
from google.protobuf.message import DecodeError

from localcloud.server import rest_calls

HOST = "pubsub.googleapis.com"
METHOD = "/google.pubsub.v1.Subscriber/StreamingPull"
_MOST_STREAMS = 8
_MOST_MESSAGES = 100
_PAUSE = 1.0
_LONGEST = 3600


class Streams:
    """The streams of the local cloud at `address`; each keeps a thread busy, so that there are few at a time."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._free = threading.BoundedSemaphore(_MOST_STREAMS)

    def pulled(self, requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        """Responses until the client ends the call, it is an hour old, or its caller may no longer pull."""
        if not self._free.acquire(blocking=False):
            text = f"The local cloud serves {_MOST_STREAMS} streams of messages at a time."
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, text)
        try:
            yield from _Stream(self._address, requests, context).responses()
        finally:
            self._free.release()


class _Stream:
    """One stream; its client's requests are read in a thread of their own, with None at the end."""

    def __init__(self, address: str, requests: Iterator[bytes], context: grpc.ServicerContext) -> None:
        self._address, self._requests, self._context = address, requests, context
        self._received: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._subscription = ""
        self._deadline = 0
        """Seconds for which the client wants each message; 0 for as long as the subscription says."""

    def responses(self) -> Iterator[bytes]:
        if not self._context.add_callback(lambda: self._received.put(None)):
            return
        threading.Thread(target=self._read, daemon=True).start()
        until = time.monotonic() + _LONGEST
        pause: float | None = None  # until the first request, which names the subscription
        while time.monotonic() < until:
            try:
                request = self._received.get(timeout=pause)
            except queue.Empty:
                response = self._pulled()
                pause = 0 if response else _PAUSE
                if response:
                    yield response
                continue
            if request is None:
                return
            self._take(request)
            pause = 0
        self._context.abort(grpc.StatusCode.UNAVAILABLE, "The stream is an hour old, the longest that one may last.")

    def _read(self) -> None:
        with suppress(grpc.RpcError):  # the call has ended
            for request in self._requests:
                self._received.put(request)
        self._received.put(None)

    def _take(self, data: bytes) -> None:
        """Passes a request's acknowledgments on; the first names the subscription."""
        try:
            request = _message("StreamingPullRequest").FromString(data)
        except DecodeError:
            self._context.abort(grpc.StatusCode.INVALID_ARGUMENT, "The request is no StreamingPullRequest.")
        self._subscription = self._subscription or request.subscription
        self._deadline = request.stream_ack_deadline_seconds or self._deadline
        if request.ack_ids:
            self._asked("acknowledge", ackIds=list(request.ack_ids))
        for seconds, ack in zip(request.modify_deadline_seconds, request.modify_deadline_ack_ids, strict=False):
            self._asked("modifyAckDeadline", ackIds=[ack], ackDeadlineSeconds=seconds)

    def _pulled(self) -> bytes:
        """A response with the messages that there are, leased for as long as the client wants; empty if there are none."""
        answer = self._asked("pull", maxMessages=_MOST_MESSAGES, returnImmediately=True)
        messages = answer.get("receivedMessages", [])
        if not messages:
            return b""
        if self._deadline:
            acks = [one["ackId"] for one in messages]
            self._asked("modifyAckDeadline", ackIds=acks, ackDeadlineSeconds=self._deadline)
        response = _message("StreamingPullResponse")()
        data: bytes = json_format.ParseDict({"receivedMessages": messages}, response).SerializeToString()
        return data

    def _asked(self, verb: str, **body: Any) -> dict[str, Any]:
        target = f"/v1/{quote(self._subscription)}:{verb}"
        text = rest_calls.asked(self._address, HOST, self._context, "POST", target, json.dumps(body))
        answer: dict[str, Any] = json.loads(text or "{}")
        return answer


def _message(name: str) -> Any:
    return getattr(importlib.import_module("google.pubsub_v1.types"), name).pb()
