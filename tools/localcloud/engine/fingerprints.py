"""Fingerprints, the older dialect's etags: one for each part of a resource that can be replaced on its own.

Where a schema has `labelFingerprint` it is of the labels, `fingerprint` of the resource, and a field whose message has a `fingerprint`
(metadata, tags) carries its own. They follow from the content, so that none has to be kept.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from localcloud.errors import CloudError
from localcloud.spec.json_text import Body

Schemas = Mapping[str, Any]
LABELS = "labelFingerprint"
OWN = "fingerprint"


def of(content: Any) -> str:
    """The fingerprint of some content: base64, as the clients decode it."""
    normalized = (
        {key: value for key, value in content.items() if key not in (OWN, LABELS, "kind")}
        if isinstance(content, Mapping)
        else content
    )
    digest = hashlib.sha256(json.dumps(normalized, sort_keys=True).encode()).digest()
    return base64.urlsafe_b64encode(digest[:8]).decode()


def added(body: Body, kind: str, schemas: Schemas, api: str) -> Body:
    """A body with the fingerprints that its schema has."""
    properties = schemas.get(kind, {}).get("properties", {})
    result = dict(body)
    for name, described in properties.items():
        inner = described.get("$ref", "")
        if OWN in schemas.get(inner, {}).get("properties", {}):
            part = dict(body.get(name) or {})
            marks = {"kind": f"{api}#{name}"} if "kind" in schemas[inner]["properties"] else {}
            result[name] = {
                **marks,
                OWN: of(part),
                **{key: value for key, value in part.items() if key not in (OWN, "kind")},
            }
    if LABELS in properties:
        result[LABELS] = of(body.get("labels") or {})
    if OWN in properties:
        result[OWN] = of(body)
    return result


def check(sent: Any, current: Any, what: str) -> None:
    """Refuses (412) a change with another fingerprint than the current one; a change without a fingerprint is accepted."""
    if sent and str(sent).rstrip("=") != of(current).rstrip("="):
        raise CloudError(
            412,
            "FAILED_PRECONDITION",
            f"Supplied fingerprint does not match current {what} fingerprint.",
            "conditionNotMet",
        )
