"""Validates pushed manifests: size, type and digests, and that everything they refer to was pushed before."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request

from localcloud.services.artifactregistry.images import INDEXES, Images, Manifest
from localcloud.spec import json_text

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_MOST_BYTES = 4 << 20
_TYPES = {
    *INDEXES,
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
}


class RegistryError(Exception):
    """An answer in the protocol's own words."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


async def whole(request: Request) -> bytes:
    """The body of a request; 413 for one that is too large for a manifest."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _MOST_BYTES:
            raise RegistryError(413, "MANIFEST_INVALID", f"A manifest has at most {_MOST_BYTES} bytes.")
    return bytes(body)


def check(images: Images, image: str, media_type: str, body: bytes) -> None:
    """Raises RegistryError for what is no manifest, or names what the repository does not have."""
    if media_type not in _TYPES:
        raise RegistryError(
            400, "MANIFEST_INVALID", f"{media_type or 'A manifest without type'} is not a manifest of an image."
        )
    try:
        content = json_text.read(body)
        parts = content["manifests"] if media_type in INDEXES else [content["config"], *content["layers"]]
        digests = [checked_digest(part["digest"]) for part in parts]
        for other in Manifest(image, "", media_type, body, 0, "", "").references:
            checked_digest(other)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise RegistryError(400, "MANIFEST_INVALID", "The manifest cannot be read.") from None
    for digest in digests:
        child: Any = images.manifest(image, digest) if media_type in INDEXES else images.blob(digest)
        if child is None:
            code = "MANIFEST_UNKNOWN" if media_type in INDEXES else "MANIFEST_BLOB_UNKNOWN"
            raise RegistryError(404, code, f"The manifest names {digest}, which was not pushed to this repository.")


def checked_digest(text: str) -> str:
    """The digest itself; 400 for a text that is none."""
    if not DIGEST.fullmatch(text):
        raise RegistryError(400, "DIGEST_INVALID", f"{text[:80]!r} is not a sha256 digest.")
    return text
