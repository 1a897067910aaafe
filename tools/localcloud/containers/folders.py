"""Buckets as folders of a container: copied in before it starts, and what it has written copied out.

On Google Cloud, Cloud Storage FUSE shows them as they are at every moment. Here a container sees a bucket that it may write to as it was when
it started; one that it only reads can be kept up to date, since nothing in it can lead our writes elsewhere.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from localcloud.containers.bucket import Bucket, BucketRefused
from localcloud.containers.workload import Mount

_AT_ONCE = 8


@dataclass(frozen=True)
class Folders:
    """The copies of buckets in a folder."""

    root: Path
    buckets: Sequence[Bucket]
    _seen: dict[Path, tuple[int, int]] = field(default_factory=dict)

    @property
    def mount(self) -> Mount:
        """The folder as a container sees it."""
        return Mount(self.root, "/gcs")

    def copy_in(self) -> list[str]:
        """Fetches every object that the account may read; sentences for what it may not. Blocks."""
        self.root.mkdir(mode=0o755, parents=True, exist_ok=True)
        refused: list[str] = []
        for bucket in self.buckets:
            folder = self.root / bucket.name
            folder.mkdir()
            folder.chmod(0o777)  # whatever user a container's program is
            try:
                listed = [name for name, _ in bucket.objects()]
            except BucketRefused as problem:
                refused.append(f"/gcs/{bucket.name} is empty for this job: {problem}")
                continue
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                refused += filter(None, pool.map(partial(self._fetch, bucket), listed))
        return refused

    def copy_out(self) -> list[str]:
        """Uploads what is new or changed since it was last looked at; sentences for what was refused. Blocks."""
        refused = []
        for bucket in self.buckets:
            for path in sorted((self.root / bucket.name).rglob("*")):
                if path.is_symlink() or not path.is_file() or self._seen.get(path) == _stamp(path):
                    continue
                name = path.relative_to(self.root / bucket.name).as_posix()
                stamp = _stamp(path)
                try:
                    bucket.put(name, path)
                    self._seen[path] = stamp
                except BucketRefused as problem:
                    refused.append(f"/gcs/{bucket.name}/{name} could not be written: {problem}")
        return refused

    def bring(self, name: str) -> None:
        """Fetches an object that has changed, or removes one that is gone, in buckets that no container writes to. Blocks."""
        for bucket in self.buckets:
            path = self.root / bucket.name / name
            arriving = self.root / f".{uuid.uuid4().hex}"
            try:
                bucket.fetch(name, arriving)
            except BucketRefused as problem:
                arriving.unlink(missing_ok=True)
                if problem.status == 404 and not name.endswith("/"):
                    path.unlink(missing_ok=True)
                continue
            if name.endswith("/") or name.startswith("/") or ".." in path.parts:
                arriving.unlink()
                continue
            self._make_folders(path.parent, self.root / bucket.name)
            arriving.chmod(0o644)
            arriving.replace(path)

    def _make_folders(self, folder: Path, root: Path) -> None:
        for one in reversed([folder, *folder.parents]):
            if one.is_relative_to(root) and one != root:
                one.mkdir(exist_ok=True)
                one.chmod(0o777)

    def _fetch(self, bucket: Bucket, name: str) -> str:
        root = self.root / bucket.name
        path = root / name
        if ".." in path.parts or name.startswith("/"):
            return f"gs://{bucket.name}/{name} is no path of a file."
        try:
            self._make_folders(path if name.endswith("/") else path.parent, root)
            if not name.endswith("/"):
                bucket.fetch(name, path)
                path.chmod(0o666)
                self._seen[path] = _stamp(path)
        except (BucketRefused, OSError) as problem:
            return f"/gcs/{bucket.name}/{name} cannot be read: {problem}"
        return ""


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size
