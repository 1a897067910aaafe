"""Maps gRPC paths to the servicer's methods, bytes in and bytes out; messages come from the table, not from generated code."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.provider.protocol.messages import PACKAGE, classes
from localcloud.provider.protocol.servicer import METHODS, Servicer

log = logging.getLogger(__name__)

# These call the API and may block on it; the others only compute.
_BLOCKING = {"ReadResource", "ApplyResourceChange", "ImportResourceState", "ReadDataSource", "OpenEphemeralResource"}
# How many valid configurations are remembered; no run of Terraform has more.
_MOST_VALID = 100_000


@dataclass(frozen=True, slots=True)
class Handler:
    """Answers one method's calls, given the request's bytes and the peer's address; `blocks` on the API if it may wait for it."""

    answer: Callable[[bytes, str], bytes]
    blocks: bool


def handlers(servicer: Servicer) -> Mapping[str, Handler]:
    """Every method's handler, keyed by its gRPC path."""
    answers = {name: _answering(servicer, name, function) for name, function in METHODS.items()}
    answers["ValidateResourceConfig"] = _remembering(answers["ValidateResourceConfig"])
    return {f"/{PACKAGE}.Provider/{name}": Handler(answer, name in _BLOCKING) for name, answer in answers.items()}


def _answering(
    servicer: Servicer, name: str, function: Callable[[Servicer, Any, str], Any]
) -> Callable[[bytes, str], bytes]:
    kind = classes()[f"{name}.Request"]

    def answer(message: bytes, peer: str) -> bytes:
        try:
            response = function(servicer, kind.FromString(message), peer)
            return response if isinstance(response, bytes) else bytes(response.SerializeToString())
        except Exception:
            log.exception("%s failed", name)
            raise

    return answer


def _remembering(validate: Callable[[bytes, str], bytes]) -> Callable[[bytes, str], bytes]:
    """Answers at once for a configuration that was valid before: Terraform asks two times in a plan, and again in an apply.

    Only digests are kept, since configurations hold secrets.
    """
    valid: set[bytes] = set()

    def answer(message: bytes, peer: str) -> bytes:
        digest = hashlib.sha256(message).digest()
        if digest in valid:
            return b""
        response = validate(message, peer)
        if not response:
            if len(valid) >= _MOST_VALID:
                valid.clear()
            valid.add(digest)
        return response

    return answer
