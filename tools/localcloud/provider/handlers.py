"""The provider's answers to gRPC calls, by their path: from bytes to bytes, made from the message table, no generated code."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.provider.messages import PACKAGE, classes
from localcloud.provider.servicer import METHODS, Servicer

log = logging.getLogger(__name__)

# What asks the API, and may wait for it; the others only compute.
_ASKING = {"ReadResource", "ApplyResourceChange", "ImportResourceState", "ReadDataSource", "OpenEphemeralResource"}


@dataclass(frozen=True, slots=True)
class Handler:
    """Answers the calls of one method, given the message and where the call comes from; `waits` for others while it does."""

    answer: Callable[[bytes, str], bytes]
    waits: bool


def handlers(servicer: Servicer) -> Mapping[str, Handler]:
    """A handler for the path of every method."""
    return {
        f"/{PACKAGE}.Provider/{name}": Handler(_answering(servicer, name, function), name in _ASKING)
        for name, function in METHODS.items()
    }


def _answering(
    servicer: Servicer, name: str, function: Callable[[Servicer, Any, str], Any]
) -> Callable[[bytes, str], bytes]:
    kind = classes()[f"{name}.Request"]

    def answer(message: bytes, peer: str) -> bytes:
        try:
            found = function(servicer, kind.FromString(message), peer)
            return found if isinstance(found, bytes) else bytes(found.SerializeToString())
        except Exception:
            log.exception("%s failed", name)
            raise

    return answer
