"""Requests to the local cloud's REST APIs on behalf of a gRPC call: with its credentials, and with a refusal as its status."""

from __future__ import annotations

import http.client
import json

import grpc

_PASSED = ("authorization", "x-goog-user-project", "x-goog-request-params")
_CODES = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.NOT_FOUND,
    409: grpc.StatusCode.ABORTED,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    499: grpc.StatusCode.CANCELLED,
    501: grpc.StatusCode.UNIMPLEMENTED,
    503: grpc.StatusCode.UNAVAILABLE,
    504: grpc.StatusCode.DEADLINE_EXCEEDED,
}


def asked(address: str, host: str, context: grpc.ServicerContext, verb: str, target: str, body: str | None) -> str:
    """The answer's text; an error ends the gRPC call."""
    headers = {name: value for name, value in context.invocation_metadata() if name in _PASSED}
    connection = http.client.HTTPConnection(address, timeout=600)
    try:
        connection.request(verb, target, body, {**headers, "Host": host, "Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read().decode()
    finally:
        connection.close()
    if answer.status >= 300:
        _refused(context, answer.status, text)
    return text


def _refused(context: grpc.ServicerContext, status: int, text: str) -> None:
    try:
        error = json.loads(text)["error"]
    except (ValueError, KeyError, TypeError):
        error = {}
    name = error.get("status", "")
    code = getattr(grpc.StatusCode, name, None) or _CODES.get(status, grpc.StatusCode.UNKNOWN)
    context.abort(code, error.get("message") or f"HTTP {status}")
