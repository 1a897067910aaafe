"""gRPC for clients that speak nothing else: unary calls are transcoded to the REST calls that Google documents for them.

The types and the REST form of a method come from Google's client library of the service, the form of one that defines no REST calls from
the discovery document. Where that library is not installed, or a method streams, the answer is UNIMPLEMENTED and says so. Of the methods
that stream, only the tailing of logs and the pulling of messages are answered.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import grpc
from google.api_core import path_template, rest_helpers
from google.iam.v1 import iam_policy_pb2
from google.longrunning import operations_pb2
from google.protobuf import json_format
from google.protobuf.message import Message

from localcloud.server import client_libraries, documented_forms, log_messages, log_tail, message_stream, rest_calls
from localcloud.spec.discovery import versions

_METHOD = re.compile(r"/((?:[a-z][a-z0-9_]*\.)+)([A-Z]\w*)/([A-Z]\w*)")
_WORKERS = 32
_Parse = Callable[[bytes], Message]
_Stream = Callable[[Iterator[bytes], Any], Iterator[bytes]]
_Told = Callable[[Any], None]
# Services that every API carries under its own host: message module, REST suffixes by method.
_MIXINS: Mapping[str, tuple[Any, Mapping[str, tuple[str, str, str]]]] = {
    "google.longrunning.Operations": (
        operations_pb2,
        {
            "GetOperation": ("get", "name", ""),
            "CancelOperation": ("post", "name", ":cancel"),
            "DeleteOperation": ("delete", "name", ""),
            "WaitOperation": ("post", "name", ":wait"),
        },
    ),
    "google.iam.v1.IAMPolicy": (
        iam_policy_pb2,
        {
            "GetIamPolicy": ("get", "resource", ":getIamPolicy"),
            "SetIamPolicy": ("post", "resource", ":setIamPolicy"),
            "TestIamPermissions": ("post", "resource", ":testIamPermissions"),
        },
    ),
}


@dataclass(frozen=True)
class Unary:
    """A unary method: bytes to request, REST forms in the order in which they are tried, JSON to bytes."""

    host: str
    request: _Parse
    forms: tuple[Mapping[str, str], ...]
    answer: Callable[[str], bytes]


class Transcoder:
    """Serves gRPC on Unix sockets in a private folder, one for each API's host, by calling the local cloud at `base`."""

    def __init__(self, base: str) -> None:
        self._address = base.partition("://")[2]
        self._folder = Path(tempfile.mkdtemp(prefix="local-cloud-"))  # short: the name of a socket has its limit
        self._servers: dict[str, tuple[grpc.Server, str]] = {}
        self._pool = ThreadPoolExecutor(_WORKERS, "grpc")
        self._lock = threading.Lock()
        messages = message_stream.Streams(self._address)
        self._streams: Mapping[tuple[str, str], _Stream] = {
            (log_tail.HOST, log_tail.METHOD): log_tail.Tails(self._address).followed,
            (message_stream.HOST, message_stream.METHOD): messages.pulled,
        }
        self._told: Mapping[tuple[str, str], _Told] = {
            (message_stream.HOST, message_stream.ACKNOWLEDGE): messages.acknowledged,
            (message_stream.HOST, message_stream.MODIFY): messages.modified,
        }

    def socket(self, host: str) -> str:
        """The socket on which calls to a host are answered."""
        api = _api(host)
        host = (
            f"{api}.googleapis.com" if versions(api) else ""
        )  # one server per API: clients may name any number of hosts
        with self._lock:
            if host not in self._servers:
                path = str(self._folder / str(len(self._servers)))
                server = grpc.server(
                    self._pool,
                    handlers=(_Calls(self._address, host, self._streams, self._told),),
                    maximum_concurrent_rpcs=None,
                )
                server.add_insecure_port(f"unix:{path}")
                server.start()
                self._servers[host] = server, path
            return self._servers[host][1]

    def close(self) -> None:
        """Stops the running calls."""
        for server, _ in self._servers.values():
            server.stop(None)
        self._pool.shutdown(wait=False, cancel_futures=True)
        shutil.rmtree(self._folder, ignore_errors=True)


class _Calls(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Every method of a host; `told` is called with the requests of a method that have succeeded."""

    def __init__(
        self,
        address: str,
        host: str,
        streams: Mapping[tuple[str, str], _Stream],
        told: Mapping[tuple[str, str], _Told],
    ) -> None:
        self._address, self._host, self._streams, self._told = address, host, streams, told

    def service(self, details: Any) -> Any:
        name = details.method
        if stream := self._streams.get((self._host, name)):
            return grpc.stream_stream_rpc_method_handler(stream)
        method = _method(name, self._host)
        if method is None:
            return grpc.unary_unary_rpc_method_handler(lambda _, context: context.abort(*_unknown(name)))
        told = self._told.get((self._host, name))
        return grpc.unary_unary_rpc_method_handler(lambda data, context: self._called(method, told, data, context))

    def _called(self, method: Unary, told: _Told | None, data: bytes, context: grpc.ServicerContext) -> bytes:
        try:
            request = method.request(data)
            verb, target, body = _rest(method, request)
        except ValueError as problem:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(problem))
        text = rest_calls.asked(self._address, method.host, context, verb, target, body)
        if told:
            told(request)
        return method.answer(text or "{}")


def _api(host: str) -> str:
    return re.sub(r"^[a-z0-9-]+-(?=[a-z]+\.googleapis)", "", host).partition(".")[0]


def _unknown(name: str) -> tuple[grpc.StatusCode, str]:
    return grpc.StatusCode.UNIMPLEMENTED, (
        f"The local cloud does not answer {name} over gRPC: it streams, has no REST form that is certain, or Google's client "
        'library for it is not installed beside the local cloud. Use REST instead (transport="rest" in Google\'s Python clients).'
    )


def _rest(method: Unary, request: Message) -> tuple[str, str, str | None]:
    """Verb, target and body of a request; ValueError when none of the method's forms fits its names, or an Any's type is unknown."""
    transcoded = path_template.transcode([dict(one) for one in method.forms], message=request)  # type: ignore[no-untyped-call]
    query = json_format.MessageToDict(transcoded["query_params"]) if "query_params" in transcoded else {}
    pairs = rest_helpers.flatten_query_params(query, strict=True)  # type: ignore[no-untyped-call]
    try:
        body = json_format.MessageToJson(transcoded["body"], indent=None) if "body" in transcoded else None
    except TypeError as unknown:
        raise ValueError(str(unknown)) from unknown
    target = transcoded["uri"]  # quoted by transcode
    return transcoded["method"].upper(), f"{target}?{urlencode(pairs)}" if pairs else target, body


@lru_cache(maxsize=1024)
def _method(name: str, host: str) -> Unary | None:
    """A gRPC method's REST equivalent; None if it is not known."""
    parts = _METHOD.fullmatch(name)
    if parts is None:
        return None
    service, method = f"{parts[1]}{parts[2]}", parts[3]
    if service in _MIXINS:
        return _mixin(service, method, host)
    package = parts[1].rstrip(".")
    for transport in client_libraries.transports(package, parts[2]):
        if messages := transport.methods().get(method):
            request, response = messages
            if transport.rest:
                forms = transport.forms(method)
            else:
                descriptors = request.DESCRIPTOR, response.DESCRIPTOR
                forms = documented_forms.forms(_api(transport.host), package.rpartition(".")[2], method, *descriptors)
            answer = log_messages.listed if name == log_messages.LIST else _answer(response)
            if forms:
                return Unary(transport.host, request.FromString, forms, answer)
    return None


def _mixin(service: str, method: str, host: str) -> Unary | None:
    module, methods = _MIXINS[service]
    if method not in methods or not host:
        return None
    verb, field, suffix = methods[method]
    body = {"body": "*"} if verb == "post" else {}
    forms = tuple(
        {"method": verb, "uri": f"/{version}/{{{field}=**}}{suffix}", **body} for version in versions(_api(host))
    )
    request = getattr(module, f"{method}Request")
    answer = getattr(module, f"{method}Response", None) or _plain_answer(method)
    return Unary(host, request.FromString, forms, _answer(answer)) if forms else None


def _plain_answer(method: str) -> Any:
    from google.iam.v1 import policy_pb2
    from google.protobuf import empty_pb2

    if method.endswith("IamPolicy"):
        return policy_pb2.Policy
    return operations_pb2.Operation if method in {"GetOperation", "WaitOperation"} else empty_pb2.Empty


def _answer(response: Any) -> Callable[[str], bytes]:
    def answer(text: str) -> bytes:
        data: bytes = json_format.Parse(text, response(), ignore_unknown_fields=True).SerializeToString()
        return data

    return answer
