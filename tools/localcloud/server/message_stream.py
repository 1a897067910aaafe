"""StreamingPull of Pub/Sub, by which clients subscribe over gRPC: a subscription's messages, as they come.

A stream pulls again each second, as its caller, as many as its client wants to have outstanding, and passes on what the client acknowledges in it.
Source: https://cloud.google.com/pubsub/docs/pull#streamingpull_api.
"""

from __future__ import annotations

import importlib
import json
import queue
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import quote

import grpc
from google.protobuf import json_format
from google.protobuf.message import DecodeError

from localcloud.server import rest_calls

HOST = "pubsub.googleapis.com"
METHOD = "/google.pubsub.v1.Subscriber/StreamingPull"
ACKNOWLEDGE = "/google.pubsub.v1.Subscriber/Acknowledge"
MODIFY = "/google.pubsub.v1.Subscriber/ModifyAckDeadline"
_MOST_STREAMS = 8
_MOST_MESSAGES = 100
_LARGEST = 10 * 2**20
"""The size of a message at most. Source: https://cloud.google.com/pubsub/quotas#resource_limits."""
_LEASE = 10
"""Seconds for which a subscription leases a message unless it or the client says otherwise."""
_PAUSE = 1.0
_LONGEST = 3600


class Streams:
    """The streams of the local cloud at `address`; each keeps a thread busy, so that there are few at a time."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._free = threading.BoundedSemaphore(_MOST_STREAMS)
        self._open: dict[int, _Stream] = {}

    def pulled(self, requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        """Responses until the client ends the call, it is an hour old, or its caller may no longer pull."""
        if not self._free.acquire(blocking=False):
            text = f"The local cloud serves {_MOST_STREAMS} streams of messages at a time."
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, text)
        stream = _Stream(self._address, requests, context)
        self._open[id(stream)] = stream
        try:
            yield from stream.responses()
        finally:
            del self._open[id(stream)]
            self._free.release()

    def acknowledged(self, request: Any) -> None:
        """Notes what a client has acknowledged in a call of its own, as newer ones do."""
        self._leased(request.ack_ids, 0)

    def modified(self, request: Any) -> None:
        """Notes for how long a client wants messages by a call of its own."""
        self._leased(request.ack_ids, request.ack_deadline_seconds)

    def _leased(self, acks: Iterable[str], seconds: int) -> None:
        for stream in list(self._open.values()):
            stream.note(_Lease(tuple(acks), seconds))


class _Lease(NamedTuple):
    """Messages, by their acknowledgment IDs, and for how many seconds from now a client has them; zero if no longer."""

    acks: tuple[str, ...]
    seconds: int


class Outstanding:
    """What a client has received, and neither acknowledged, nor refused, nor lost by its lease; and how much of it the client wants at most."""

    def __init__(self) -> None:
        self._messages, self._bytes = 0, 0
        self._held: dict[str, tuple[int, float]] = {}

    def limit(self, messages: int, size: int) -> None:
        """Sets how many messages and bytes are wanted at most; zero leaves it as it was, at first without a limit."""
        self._messages, self._bytes = messages or self._messages, size or self._bytes

    def add(self, ack: str, size: int, until: float) -> None:
        """Counts a message that is sent, until a moment."""
        self._held[ack] = size, until

    def lease(self, acks: Iterable[str], until: float) -> None:
        """Counts messages until another moment."""
        for ack in acks:
            if ack in self._held:
                self._held[ack] = self._held[ack][0], until

    def room(self, now: float) -> int:
        """How many messages may be sent at once without exceeding a limit; one at a time where the next may be larger than what is left."""
        self._held = {ack: (size, until) for ack, (size, until) in self._held.items() if until > now}
        most = min(_MOST_MESSAGES, self._messages - len(self._held)) if self._messages > 0 else _MOST_MESSAGES
        if self._bytes > 0:
            left = self._bytes - sum(size for size, _ in self._held.values())
            most = min(most, max(left // _LARGEST, 1)) if left > 0 else 0
        return max(most, 0)


class _Stream:
    """One stream; its client's requests are read in a thread of their own, with None at the end."""

    def __init__(self, address: str, requests: Iterator[bytes], context: grpc.ServicerContext) -> None:
        self._address, self._requests, self._context = address, requests, context
        self._received: queue.SimpleQueue[bytes | _Lease | None] = queue.SimpleQueue()
        self._subscription = ""
        self._deadline = 0
        """Seconds for which the client wants each message; 0 for as long as the subscription says."""
        self._outstanding = Outstanding()

    def responses(self) -> Iterator[bytes]:
        if not self._context.add_callback(lambda: self._received.put(None)):
            return
        threading.Thread(target=self._read, daemon=True).start()
        until = time.monotonic() + _LONGEST
        wait: float | None = None  # for the first request, which names the subscription
        while time.monotonic() < until:
            if not self._handled(wait):
                return
            response = self._pulled()
            if response:
                yield response
            wait = 0 if response else _PAUSE  # also if the client sends nothing after its first request
        self._context.abort(grpc.StatusCode.UNAVAILABLE, "The stream is an hour old, the longest that one may last.")

    def note(self, lease: _Lease) -> None:
        """Takes a lease that was changed outside of the stream, which has no messages before its first request."""
        if self._subscription:
            self._received.put(lease)

    def _read(self) -> None:
        with suppress(grpc.RpcError):  # the call has ended
            for request in self._requests:
                self._received.put(request)
        self._received.put(None)

    def _handled(self, wait: float | None) -> bool:
        """Takes all that was received, after at most so many seconds without anything; whether the call goes on."""
        with suppress(queue.Empty):
            while (received := self._received.get(timeout=wait)) is not None:
                if isinstance(received, _Lease):
                    self._outstanding.lease(received.acks, time.monotonic() + received.seconds)
                else:
                    self._take(received)
                wait = 0
            return False
        return True

    def _take(self, data: bytes) -> None:
        """Passes a request's acknowledgments on; the first names the subscription."""
        try:
            request = _message("StreamingPullRequest").FromString(data)
        except DecodeError:
            self._context.abort(grpc.StatusCode.INVALID_ARGUMENT, "The request is no StreamingPullRequest.")
        self._subscription = self._subscription or request.subscription
        self._deadline = request.stream_ack_deadline_seconds or self._deadline
        self._outstanding.limit(request.max_outstanding_messages, request.max_outstanding_bytes)
        if request.ack_ids:
            self._asked("acknowledge", ackIds=list(request.ack_ids))
            self._outstanding.lease(request.ack_ids, time.monotonic())
        for seconds, ack in zip(request.modify_deadline_seconds, request.modify_deadline_ack_ids, strict=False):
            self._asked("modifyAckDeadline", ackIds=[ack], ackDeadlineSeconds=seconds)
            self._outstanding.lease([ack], time.monotonic() + seconds)

    def _pulled(self) -> bytes:
        """A response with the messages that there are, leased for as long as the client wants; empty if there are none."""
        room = self._outstanding.room(time.monotonic())
        answer = self._asked("pull", maxMessages=room, returnImmediately=True) if room else {}
        messages = answer.get("receivedMessages", [])
        if not messages:
            return b""
        if self._deadline:
            acks = [one["ackId"] for one in messages]
            self._asked("modifyAckDeadline", ackIds=acks, ackDeadlineSeconds=self._deadline)
        response = json_format.ParseDict({"receivedMessages": messages}, _message("StreamingPullResponse")())
        until = time.monotonic() + (self._deadline or _LEASE)
        for one in response.received_messages:
            self._outstanding.add(one.ack_id, one.message.ByteSize(), until)
        data: bytes = response.SerializeToString()
        return data

    def _asked(self, verb: str, **body: Any) -> dict[str, Any]:
        target = f"/v1/{quote(self._subscription)}:{verb}"
        text = rest_calls.asked(self._address, HOST, self._context, "POST", target, json.dumps(body))
        answer: dict[str, Any] = json.loads(text or "{}")
        return answer


def _message(name: str) -> Any:
    return getattr(importlib.import_module("google.pubsub_v1.types"), name).pb()
