"""Waits for long-running operations, in either of Google's two forms."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from groundwork.errors import GroundworkError
from groundwork.google.cloud import GoogleCloud

_WAITS = (0.2, 0.5, 1, 2, 5, *(10,) * 60)


def finish(cloud: GoogleCloud, api: str, version: str, operation: Mapping[str, Any], doing: str) -> None:
    """Wait for a long-running operation to end; returns at once for a response that is not an operation.

    `doing` completes the error message "Google could not …". Raises GroundworkError when it failed or takes more than ten minutes.
    """
    path = f"{version}/{operation.get('name', '')}"
    if "operationType" in operation:  # Compute Engine's
        path = str(operation["selfLink"]).partition("/compute/")[2]
    elif "operations/" not in str(operation.get("name", "")):
        return
    for seconds in _WAITS:
        if operation.get("done") or operation.get("status") == "DONE":
            break
        time.sleep(seconds)
        operation = cloud.request("GET", api, path)
    else:
        raise GroundworkError(f"Google was asked to {doing} and has not finished after ten minutes: check again later.")
    if problem := operation.get("error"):
        text = problem.get("message") or (problem.get("errors") or [{}])[0].get("message", "no reason given")
        raise GroundworkError(f"Google could not {doing}: {text}")
