"""google_compute_image: an image by its name, its family or a filter, of Google's or of a project's own."""

from __future__ import annotations

from localcloud.provider.client import HttpError
from localcloud.provider.values import Object
from localcloud.provider.work import Problem, Work

_TEXTS = {
    "creation_timestamp": "creationTimestamp",
    "description": "description",
    "family": "family",
    "image_id": "id",
    "label_fingerprint": "labelFingerprint",
    "name": "name",
    "self_link": "selfLink",
    "source_disk": "sourceDisk",
    "source_disk_id": "sourceDiskId",
    "source_image_id": "sourceImageId",
    "status": "status",
}
_NUMBERS = {"archive_size_bytes": "archiveSizeBytes", "disk_size_gb": "diskSizeGb"}
_KEYS = {
    "image_encryption_key_sha256": "imageEncryptionKey",
    "source_disk_encryption_key_sha256": "sourceDiskEncryptionKey",
}


def read(work: Work) -> Object:
    """The image that is asked for; raises Problem for none, and for several without most_recent."""
    project = work.configured_project()
    try:
        found = _found(work, {"project": project})
    except HttpError as error:
        raise Problem(f"google_compute_image: the image cannot be read: {error}") from error
    return {
        **{name: str(found.get(field, "")) for name, field in _TEXTS.items()},
        **{name: int(found[field]) if field in found else None for name, field in _NUMBERS.items()},
        **{name: found.get(field, {}).get("sha256", "") for name, field in _KEYS.items()},
        "id": f"projects/{project}/global/images/{found['name']}",
        "labels": found.get("labels", {}),
        "licenses": found.get("licenses", []),
        "most_recent": bool(work.config.get("most_recent")),
        "project": project,
    }


def _found(work: Work, params: dict[str, str]) -> Object:
    if work.config.get("name"):
        return work.call("get", params | {"image": work.config["name"]})
    if work.config.get("family"):
        return work.call("getFromFamily", params | {"family": work.config["family"]})
    items = work.call("list", params, query={"filter": work.config["filter"]}).get("items", [])
    if len(items) == 1 or (items and work.config.get("most_recent")):
        return dict(max(items, key=lambda one: one["creationTimestamp"]))
    raise Problem(
        f"google_compute_image: the filter {work.config['filter']!r} finds {len(items)} images.",
        "Write one that finds exactly one image, or set most_recent = true.",
        "filter",
    )
