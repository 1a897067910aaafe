"""What Google's Python client libraries say of a gRPC method: its messages, and the REST calls that stand for it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import google.cloud
import grpc
from google.iam.v1 import iam_policy_pb2


@dataclass(frozen=True)
class Transport:
    """A service ("google.pubsub.v1.Publisher") in a library.

    rest  the base of its REST transport, None where it has none
    host  the API's host by default
    """

    service: str
    grpc: Any
    rest: Any
    host: str

    def methods(self) -> Mapping[str, tuple[Any, Any]]:
        """The protobuf classes of the request and the response of each unary method."""
        own = f"/{self.service}/"
        return {
            name.removeprefix(own): (_request(serializer, name.removeprefix(own)), _plain(deserializer.__self__))
            for name, (serializer, deserializer) in _Recorder(self.grpc).recorded().items()
            if name.startswith(own)
        }

    def forms(self, method: str) -> tuple[Mapping[str, str], ...]:
        """The REST calls that the library defines for a method, in the order in which they are tried."""
        base: Any = getattr(self.rest, f"_Base{method}", None)
        return tuple(base._get_http_options()) if hasattr(base, "_get_http_options") else ()  # noqa: SLF001


def transports(proto: str, service: str) -> Iterator[Transport]:
    """The transports of a service ("Publisher") in a protobuf package ("google.pubsub.v1"), from the installed libraries."""
    for package in _packages(proto):
        for module in pkgutil.iter_modules(package.__path__):
            where = f"{package.__name__}.{module.name}.transports"
            try:
                transport = getattr(importlib.import_module(f"{where}.grpc"), f"{service}GrpcTransport")
            except (ImportError, AttributeError):
                continue
            try:
                rest = getattr(importlib.import_module(f"{where}.rest_base"), f"_Base{service}RestTransport")
            except ModuleNotFoundError:
                rest = None
            yield Transport(f"{proto}.{service}", transport, rest, transport.DEFAULT_HOST)


def _packages(proto: str) -> Iterator[Any]:
    """Where a library may keep a protobuf package.

    google.pubsub.v1 is in google.pubsub_v1, google.logging.v2 in google.cloud.logging_v2, google.api.serviceusage.v1 in
    google.cloud.service_usage_v1.
    """
    head, _, version = proto.rpartition(".")
    plain = f"{head.rpartition('.')[2]}{version}"
    installed = [module.name for module in pkgutil.iter_modules(google.cloud.__path__)]
    alike = [f"google.cloud.{name}" for name in installed if name.replace("_", "") == plain]
    for name in dict.fromkeys(
        (f"{head}_{version}", f"{head.replace('google.', 'google.cloud.', 1)}_{version}", *alike)
    ):
        try:
            yield importlib.import_module(f"{name}.services")
        except ImportError:
            continue


def _request(serializer: Any, method: str) -> Any:
    """The class whose serializer it is; that of a shared message, as those of IAM, does not name it."""
    owner = getattr(serializer, "__self__", None)
    return getattr(iam_policy_pb2, f"{method}Request") if owner is None else _plain(owner)


def _plain(kind: Any) -> Any:
    return kind.pb() if hasattr(kind, "pb") else kind


class _Recorder(grpc.Channel):  # type: ignore[misc]
    """A channel that only notes how a library would write and read each unary method."""

    def __init__(self, transport: Any) -> None:
        self._found: dict[str, tuple[Any, Any]] = {}
        self._transport = transport(channel=self)
        # The libraries log through a channel of their own, which asks this one only when a call is made.
        self._transport._logged_channel = self  # noqa: SLF001
        self._transport._stubs.clear()  # noqa: SLF001 - made by the other one

    def recorded(self) -> Mapping[str, tuple[Any, Any]]:
        """Serializer and deserializer of each unary method by its full name."""
        for name, attribute in vars(type(self._transport)).items():
            if isinstance(attribute, property) and name not in {"grpc_channel", "operations_client"}:
                getattr(self._transport, name)
        return self._found

    def unary_unary(
        self, method: str, request_serializer: Any = None, response_deserializer: Any = None, **_: Any
    ) -> Callable[..., None]:
        self._found[method] = request_serializer, response_deserializer
        return lambda *_, **__: None

    def unary_stream(self, *_: Any, **__: Any) -> Callable[..., None]:
        return lambda *_, **__: None

    stream_unary = stream_stream = unary_stream

    def subscribe(self, *_: Any, **__: Any) -> None: ...

    def unsubscribe(self, *_: Any) -> None: ...

    def close(self) -> None: ...

    def __enter__(self) -> _Recorder:
        return self

    def __exit__(self, *_: object) -> None: ...
