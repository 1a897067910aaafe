"""The content of Docker repositories: blobs by digest, stored once for all repositories, and manifests and tags by image."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localcloud.engine.cloud import Cloud
from localcloud.engine.store import file_pieces

API = "artifactregistry"
SWEEP = "unreferenced blobs"
INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_DAY = 86_400.0
TABLES = """
CREATE TABLE IF NOT EXISTS docker_blobs (
  digest TEXT PRIMARY KEY, size INTEGER NOT NULL, data BLOB, blob TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS docker_holds (
  repository TEXT NOT NULL, digest TEXT NOT NULL, since REAL NOT NULL, PRIMARY KEY (repository, digest)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS docker_manifests (
  repository TEXT NOT NULL, image TEXT NOT NULL, digest TEXT NOT NULL, media_type TEXT NOT NULL, body BLOB NOT NULL,
  size INTEGER NOT NULL, created TEXT NOT NULL, updated TEXT NOT NULL, PRIMARY KEY (repository, image, digest)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS docker_tags (
  repository TEXT NOT NULL, image TEXT NOT NULL, tag TEXT NOT NULL, digest TEXT NOT NULL,
  PRIMARY KEY (repository, image, tag)) WITHOUT ROWID;
"""
_COLUMNS = "image, digest, media_type, body, size, created, updated"


@dataclass(frozen=True)
class Blob:
    """A layer or config blob; small ones are stored in their database row."""

    digest: str
    size: int
    data: bytes | None
    path: Path | None

    def pieces(self) -> Iterator[bytes]:
        """Its content."""
        return iter((self.data or b"",)) if self.path is None else file_pieces(self.path)


@dataclass(frozen=True)
class Manifest:
    """One version of an image. `size` is that of the manifest with all that it names, in bytes; times are RFC 3339."""

    image: str
    digest: str
    media_type: str
    body: bytes
    size: int
    created: str
    updated: str

    @property
    def named(self) -> Mapping[str, Any]:
        """The manifest as JSON."""
        manifest: Mapping[str, Any] = json.loads(self.body)
        return manifest

    @property
    def references(self) -> set[str]:
        """The digests of the blobs and manifests that it names."""
        content = self.named
        parts = [content.get("config"), *content.get("layers", ()), *content.get("manifests", ())]
        return {part["digest"] for part in parts if isinstance(part, dict) and "digest" in part}


class Images:
    """The images of one repository, by its full name "projects/p/locations/l/repositories/r"."""

    def __init__(self, cloud: Cloud, repository: str) -> None:
        self._store, self._cloud, self.repository = cloud.store, cloud, repository

    def blob(self, digest: str) -> Blob | None:
        """A blob that this repository holds."""
        row = self._store.row(
            "SELECT size, data, blob FROM docker_blobs JOIN docker_holds USING (digest) WHERE repository = ? AND digest = ?",
            *(self.repository, digest),
        )
        if row is None:
            return None
        return Blob(digest, row[0], row[1], self._store.body(row[2], row[0]) if row[2] else None)

    def hold(self, digest: str, size: int, content: Path | bytes) -> None:
        """Stores a blob whose digest was verified; a file is moved. An existing blob is only referenced."""
        known = self._store.row("SELECT 1 FROM docker_blobs WHERE digest = ?", digest)
        if known is None:
            kept = self._store.keep(content)
            data, blob = (kept, None) if isinstance(kept, bytes) else (None, kept)
            self._store.sql("INSERT INTO docker_blobs VALUES (?, ?, ?, ?)", digest, size, data, blob)
        self._note(digest)

    def mount(self, digest: str, origin: str) -> bool:
        """Mounts a blob from another repository; False if that one does not have it."""
        exists = Images(self._cloud, origin).blob(digest) is not None
        if exists:
            self._note(digest)
        return exists

    def _note(self, digest: str) -> None:
        now = self._cloud.clock.seconds()
        self._store.sql("INSERT OR REPLACE INTO docker_holds VALUES (?, ?, ?)", self.repository, digest, now)
        self._cloud.due.after(API, SWEEP, self.repository, _DAY)

    def manifests(self, image: str | None = None) -> list[Manifest]:
        """All versions of an image, or of every image, oldest first."""
        clause, more = ("AND image = ?", (image,)) if image is not None else ("", ())
        rows = self._store.sql(
            f"SELECT {_COLUMNS} FROM docker_manifests WHERE repository = ? {clause} ORDER BY image, created, digest",  # noqa: S608
            *(self.repository, *more),
        )
        return [Manifest(*row) for row in rows]

    def manifest(self, image: str, reference: str) -> Manifest | None:
        """A version by its digest or by one of its tags."""
        digest = reference if ":" in reference else self.tags(image).get(reference, "")
        row = self._store.row(
            f"SELECT {_COLUMNS} FROM docker_manifests WHERE repository = ? AND image = ? AND digest = ?",  # noqa: S608
            *(self.repository, image, digest),
        )
        return Manifest(*row) if row else None

    def put(self, image: str, media_type: str, body: bytes) -> Manifest:
        """Stores a manifest whose parts have all been pushed."""
        now = self._cloud.clock.rfc3339()
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        before = self.manifest(image, digest)
        bare = Manifest(image, digest, media_type, body, 0, before.created if before else now, now)
        size = len(body) + sum(self._size(image, one) for one in bare.references)
        self._store.sql(
            "INSERT OR REPLACE INTO docker_manifests VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            *(self.repository, image, digest, media_type, body, size, bare.created, now),
        )
        return Manifest(image, digest, media_type, body, size, bare.created, now)

    def _size(self, image: str, digest: str) -> int:
        if (size := self.blob(digest)) is not None:
            return size.size
        child = self.manifest(image, digest)
        return child.size if child else 0

    def tags(self, image: str) -> dict[str, str]:
        """The tags of an image with the digests they stand for, sorted by tag."""
        rows = self._store.sql(
            "SELECT tag, digest FROM docker_tags WHERE repository = ? AND image = ? ORDER BY tag",
            *(self.repository, image),
        )
        return dict(rows)

    def tag(self, image: str, tag: str, digest: str) -> None:
        """Points a tag to a version."""
        self._store.sql("INSERT OR REPLACE INTO docker_tags VALUES (?, ?, ?, ?)", self.repository, image, tag, digest)

    def untag(self, image: str, tag: str) -> None:
        """Removes a tag; its version stays."""
        self._store.sql(
            "DELETE FROM docker_tags WHERE repository = ? AND image = ? AND tag = ?", self.repository, image, tag
        )

    def delete(self, image: str, digest: str) -> None:
        """Deletes a version and its tags; blobs that nothing refers to any more are deleted a day later."""
        key = (self.repository, image, digest)
        self._store.sql("DELETE FROM docker_tags WHERE repository = ? AND image = ? AND digest = ?", *key)
        self._store.sql("DELETE FROM docker_manifests WHERE repository = ? AND image = ? AND digest = ?", *key)
        self._cloud.due.after(API, SWEEP, self.repository, _DAY)

    def empty(self) -> None:
        """Deletes everything in the repository."""
        for table in ("docker_tags", "docker_manifests", "docker_holds"):
            self._store.sql(f"DELETE FROM {table} WHERE repository = ?", self.repository)  # noqa: S608
        _forget_unheld(self._cloud)

    @property
    def size(self) -> int:
        """The total size of the repository in bytes, counting each blob once."""
        row = self._store.row(
            "SELECT coalesce(sum(size), 0) FROM docker_blobs JOIN docker_holds USING (digest) WHERE repository = ?",
            self.repository,
        )
        return int(row[0]) + sum(len(one.body) for one in self.manifests())

    def sweep(self) -> None:
        """Deletes blobs that no manifest refers to and that were pushed more than a day ago."""
        referenced = {digest for one in self.manifests() for digest in one.references}
        until = self._cloud.clock.seconds() - _DAY
        for digest, since in self._store.sql(
            "SELECT digest, since FROM docker_holds WHERE repository = ?", self.repository
        ):
            if digest not in referenced and since <= until:
                self._store.sql("DELETE FROM docker_holds WHERE repository = ? AND digest = ?", self.repository, digest)
        _forget_unheld(self._cloud)


def swept(cloud: Cloud, repository: str, _moment: float) -> None:
    """The due queue's entry."""
    Images(cloud, repository).sweep()


def _forget_unheld(cloud: Cloud) -> None:
    gone = cloud.store.sql(
        "DELETE FROM docker_blobs WHERE digest NOT IN (SELECT digest FROM docker_holds) RETURNING blob"
    )
    for (blob,) in gone:
        if blob:
            cloud.store.drop(blob)
