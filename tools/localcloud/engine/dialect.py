"""The two generations of Google's APIs: how each writes errors, how strict it is, and which resource a URL names.

RESOURCE_ORIENTED is what Google writes since 2016 (https://google.aip.dev/121). OLDER is the style of Compute, BigQuery and Storage:
several path parameters, `insert`, `errors[]`, nulls that mean something. Their standard verbs are in standard.py and older.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from localcloud.errors import CloudError, invalid
from localcloud.spec.conformance import mistyped
from localcloud.spec.discovery import Method, Param, snake
from localcloud.spec.json_text import Body

_REASONS = {
    400: "invalid",
    401: "required",
    403: "forbidden",
    404: "notFound",
    405: "methodNotAllowed",
    409: "conflict",
    411: "required",
    412: "conditionNotMet",
    416: "requestedRangeNotSatisfiable",
    429: "rateLimitExceeded",
    500: "internalError",
    501: "notImplemented",
    503: "backendError",
}
_OF_PARAMETERS = {"required", "invalidParameter"}


@dataclass(frozen=True, slots=True)
class Dialect:
    """One generation's ways.

    error      the JSON body of an error
    required   the 400 for a missing required query parameter
    mistyped   the 400 for a query parameter with a value of the wrong type
    unselected the 400 for a path in `fields` that responses do not have
    name       (method, path) -> the resource that a URL names, its project for a collection
    parent     (method, path) -> the parent of that resource or collection
    slashes    whether a path parameter may hold an encoded slash, as names of objects do
    older      whether bodies are read in the older way: null removes a field, and string formats are not checked
    """

    error: Callable[[CloudError], Body]
    required: Callable[[str], CloudError]
    mistyped: Callable[[Param, str], CloudError]
    unselected: Callable[[str], CloudError]
    name: Callable[[Method, str], str]
    parent: Callable[[Method, str], str]
    slashes: bool
    older: bool


def _status(error: CloudError) -> Body:
    body: Body = {"code": error.code, "message": error.message, "status": error.status}
    return {"error": body | ({"details": error.details} if error.details else {})}


def _unselected(path: str) -> CloudError:
    text = f"Error expanding 'fields' parameter. Cannot find matching fields for path '{path}'."
    return invalid("Request contains an invalid argument.", path, description=text)


def _name(_method: Method, path: str) -> str:
    return path if path.count("/") % 2 else path.rpartition("/")[0]


def _parent(_method: Method, path: str) -> str:
    return path.rpartition("/")[0] if path.count("/") % 2 == 0 else "/".join(path.split("/")[:-2])


RESOURCE_ORIENTED = Dialect(
    error=_status,
    required=lambda name: invalid(f"Missing required parameter: {name}", snake(name)),
    mistyped=mistyped,
    unselected=_unselected,
    name=_name,
    parent=_parent,
    slashes=False,
    older=False,
)


def _errors(error: CloudError) -> Body:
    reason = error.reason or _REASONS.get(error.code, "backendError")
    entry = {"message": error.message, "domain": "global", "reason": reason} | _location(error, reason)
    return {"error": {"code": error.code, "message": error.message, "errors": [entry]}}


def _location(error: CloudError, reason: str) -> dict[str, str]:
    """Which header or query parameter an error is about."""
    if error.code == 401:
        return {"locationType": "header", "location": "Authorization"}
    if reason == "conditionNotMet":
        return {"locationType": "header", "location": "If-Match"}
    if reason in _OF_PARAMETERS and error.details:
        return {"locationType": "parameter", "location": error.details[0]["fieldViolations"][0]["field"]}
    return {}


_TYPES = {"int64": "long", "uint64": "unsigned long", "uint32": "unsigned integer", "int32": "integer"}


def _older_mistyped(param: Param, value: str) -> CloudError:
    if param.enum:
        text = f"Invalid string value: '{value}'. Allowed values: [{', '.join(param.enum)}]"
    else:
        text = f"Invalid {_TYPES.get(param.format, param.type)} value: '{value}'."
    return invalid(text, param.name, "invalidParameter")


def _older_name(method: Method, path: str) -> str:
    """The words up to the last path parameter: what follows is a collection ("zones/z/disks") or a custom verb ("d/resize")."""
    return path.rsplit("/", method.trailing)[0] if method.trailing else path


def _older_parent(method: Method, path: str) -> str:
    """For a collection all but its last word, "global" included; for a resource, what is before its collection."""
    if method.trailing and method.verb in COLLECTION_VERBS:
        return path.rpartition("/")[0]
    return _older_name(method, path).rsplit("/", 2)[0]


COLLECTION_VERBS = frozenset({"insert", "list", "aggregatedList"})
OLDER = Dialect(
    error=_errors,
    required=lambda name: invalid(f"Required parameter: {name}", name, "required"),
    mistyped=_older_mistyped,
    unselected=lambda path: invalid(f"Invalid field selection {path}", "fields", reason="invalidParameter"),
    name=_older_name,
    parent=_older_parent,
    slashes=True,
    older=True,
)
