"""Names that all of Monitoring shares, and how Google words what is wrong with a field."""

from __future__ import annotations

import re

from localcloud.engine.service import Body, Call
from localcloud.errors import CloudError, invalid

API = "monitoring"
_SECONDS = re.compile(r"(\d{1,9})(?:\.0{1,9})?s")


def missing(field: str) -> CloudError:
    """400 for a field that was not sent."""
    return invalid(f"Request was missing field {field}.", field)


def wrong(field: str, value: object, why: str) -> CloudError:
    """400 for a field with a value that is not accepted."""
    return invalid(f'Field {field} had an invalid value of "{value}": {why}', field)


def seconds(value: str, field: str) -> int:
    """The whole seconds of a duration ("300s"); 400 for any other."""
    match = _SECONDS.fullmatch(value)
    if match is None:
        raise wrong(field, value, "must be a whole number of seconds, such as 300s.")
    return int(match[1])


def changed_by(call: Call) -> Body:
    """A MutationRecord: the caller, now."""
    return {"mutateTime": call.cloud.clock.rfc3339(), "mutatedBy": call.principal.partition(":")[2]}
