"""Recognises the standard verbs by a method's HTTP verb, path and name together, never by the name alone."""

from __future__ import annotations

from localcloud.spec.discovery import Method

RESOURCE, COLLECTION, CUSTOM = "resource", "collection", "custom"
_KNOWN = {
    ("get", "GET", RESOURCE): "get",
    ("list", "GET", COLLECTION): "list",
    ("create", "POST", COLLECTION): "create",
    ("create", "PUT", RESOURCE): "create at",
    ("patch", "PATCH", RESOURCE): "patch",
    ("update", "PUT", RESOURCE): "patch",
    ("update", "PATCH", RESOURCE): "patch",
    ("delete", "DELETE", RESOURCE): "delete",
    ("undelete", "POST", CUSTOM): "undelete",
    ("getIamPolicy", "GET", CUSTOM): "getIamPolicy",
    ("getIamPolicy", "POST", CUSTOM): "getIamPolicy",
    ("setIamPolicy", "POST", CUSTOM): "setIamPolicy",
    ("testIamPermissions", "POST", CUSTOM): "testIamPermissions",
    ("insert", "POST", COLLECTION): "insert",
    ("aggregatedList", "GET", COLLECTION): "aggregatedList",
}
NAMES = frozenset(name for name, _, _ in _KNOWN)
"""Names of methods that have a standard meaning: one of them in another shape is not understood."""


def verb(method: Method) -> str:
    """The standard verb that a method has the shape of, "" for none."""
    return _KNOWN.get((method.verb, method.http, _shape(method)), "")


def _shape(method: Method) -> str:
    last = method.flat_path.rpartition("/")[2]
    # In the older dialect a custom verb is a segment: …/disks/{disk}/setIamPolicy.
    if "}:" in last or last == method.verb:
        return CUSTOM
    return RESOURCE if last.endswith("}") else COLLECTION
