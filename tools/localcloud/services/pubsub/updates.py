"""Updates of topics and subscriptions: the mask is required, and what a PATCH may not name is refused in Pub/Sub's words."""

from __future__ import annotations

from localcloud.engine import standard
from localcloud.engine.service import Body, Call, Resource
from localcloud.errors import invalid
from localcloud.spec import fields
from localcloud.spec.discovery import snake


def patched(call: Call, resource: Resource) -> Body:
    """The resource with the masked fields changed; 400 without a mask, or where it names a field that is fixed."""
    request = f"Update{resource.kind}Request"
    mask = fields.paths(call.params.get("updateMask") or call.body.get("updateMask", ""))
    if not mask:
        raise invalid(
            f"The update_mask in the {request} must be set, and must contain a non-empty paths list.", "update_mask"
        )
    fixed = {"name", *map(snake, resource.immutable)}
    for path in map(snake, mask):
        if path in fixed:
            raise invalid(
                f"Invalid update_mask provided in the {request}: the '{path}' field in the {resource.kind} is not mutable.",
                "update_mask",
            )
    return standard.patch(call, resource)
