"""The provider on a gRPC server: handlers made from the message table, no generated code."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import grpc

from localcloud.provider.messages import PACKAGE, classes
from localcloud.provider.servicer import METHODS, Servicer

log = logging.getLogger(__name__)


_REFUSED = "The provider of a local cloud works for the user who started it, and for nobody else."


def add_to(server: grpc.Server, base: str, token: str, admits: Callable[[str], bool]) -> Servicer:
    """Serves the provider of a local cloud at `base`, acting with `token` where a provider block names none.

    `admits` says of a connection whether it may ask anything at all.
    """
    servicer = Servicer(base, token)
    handlers = {name: _handler(servicer, name, function, admits) for name, function in METHODS.items()}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(f"{PACKAGE}.Provider", handlers),))
    return servicer


def _handler(
    servicer: Servicer, name: str, function: Callable[[Servicer, Any, str], Any], admits: Callable[[str], bool]
) -> Any:
    kind = classes()[f"{name}.Request"]

    def handle(raw: bytes, context: grpc.ServicerContext) -> Any:
        # A connection that has ended meanwhile may have given its address to another one.
        if not admits(context.peer()) or not context.is_active():
            context.abort(grpc.StatusCode.PERMISSION_DENIED, _REFUSED)
        try:
            return function(servicer, kind.FromString(raw), context.peer())
        except Exception:
            log.exception("%s failed", name)
            raise

    return grpc.unary_unary_rpc_method_handler(handle, response_serializer=_serialized)


def _serialized(answer: Any) -> bytes:
    found: bytes = answer if isinstance(answer, bytes) else answer.SerializeToString()
    return found
