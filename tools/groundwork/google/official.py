"""Turns the errors of Google's client libraries into those that plain requests raise."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from groundwork.google.cloud import CloudProblem
from groundwork.google.transport import refused_login, unanswered

if TYPE_CHECKING:
    from google.api_core.exceptions import GoogleAPICallError

# The REST clients put this before Google's message.
_ADDRESS = re.compile(r"^(?:GET|POST|PUT|PATCH|DELETE) https?://\S+: ")


def said(problem: GoogleAPICallError) -> str:
    """Google's own message, without the address that was called."""
    return _ADDRESS.sub("", str(problem.message))


@contextmanager
def asking(call: str) -> Iterator[None]:
    """Around a call of an official client, described by `call`. Raises CloudProblem, PermissionProblem."""
    from google.api_core.exceptions import GoogleAPICallError, RetryError
    from google.auth.exceptions import GoogleAuthError
    from requests.exceptions import RequestException

    try:
        yield
    except GoogleAPICallError as problem:
        status = problem.grpc_status_code.name if problem.grpc_status_code else ""
        raise CloudProblem(call, int(problem.code or 0), status, said(problem), problem.reason or "") from None
    except (RetryError, RequestException) as problem:
        raise CloudProblem(call, 0, "UNREACHABLE", unanswered(problem)) from None
    except GoogleAuthError as problem:
        raise refused_login(problem) from None
