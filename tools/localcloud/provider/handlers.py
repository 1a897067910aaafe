"""The provider on a gRPC server: handlers made from the message table, no generated code."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import grpc

from localcloud.provider.messages import PACKAGE, classes
from localcloud.provider.servicer import METHODS, Servicer

log = logging.getLogger(__name__)


def add_to(server: grpc.Server, base: str, token: str) -> Servicer:
    """Serves the provider of a local cloud at `base`, acting with `token` where a provider block names none."""
    servicer = Servicer(base, token)
    handlers = {name: _handler(servicer, name, function) for name, function in METHODS.items()}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(f"{PACKAGE}.Provider", handlers),))
    return servicer


def _handler(servicer: Servicer, name: str, function: Callable[[Servicer, Any, str], Any]) -> Any:
    def handle(request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return function(servicer, request, context.peer())
        except Exception:
            log.exception("%s failed", name)
            raise

    return grpc.unary_unary_rpc_method_handler(
        handle, request_deserializer=classes()[f"{name}.Request"].FromString, response_serializer=_serialized
    )


def _serialized(answer: Any) -> bytes:
    found: bytes = answer if isinstance(answer, bytes) else answer.SerializeToString()
    return found
