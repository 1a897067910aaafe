"""What disks, snapshots and images are made of: each other, in whatever project they are, if the caller may use them there.

Source: https://cloud.google.com/compute/docs/reference/rest/v1 (disks.insert, snapshots.insert, images.insert).
"""

from __future__ import annotations

from localcloud.engine import gate
from localcloud.engine.service import Body, Call
from localcloud.errors import not_found

_USES = {
    "disks": "compute.disks.useReadOnly",
    "snapshots": "compute.snapshots.useReadOnly",
    "images": "compute.images.useReadOnly",
}


def stored(call: Call, name: str, permission: str = "") -> Body:
    """A disk, snapshot or image of its full name: 403 without the permission to use it, or the one that is given, and 404 without it."""
    check(call, name, permission)
    found = call.cloud.store.get(call.service.api, name)
    if found is None:
        raise not_found(f"The resource '{name}' was not found")
    return found


def check(call: Call, name: str, permission: str = "") -> None:
    """403 for what the caller may not use; what belongs to no project of this cloud, as Google's images, is everybody's."""
    words = name.split("/")
    owner = words[1] if words[0] == "projects" and len(words) > 2 else ""
    needed = permission or next((one for kind, one in _USES.items() if kind in words), "")
    if not needed or call.cloud.projects.find(owner) is None:
        return
    if not call.cloud.iam.allowed(call.principal, needed, call.service.api, name, owner):
        raise gate.refusal(call, needed, name)
