"""Buckets mounted as folders of a container: copied in before it starts and copied out when it has written to them.

On Google Cloud, Cloud Storage FUSE shows the current content. Here a container sees a writable bucket as it was when the container
started; a read-only one can be kept up to date, since the container cannot redirect writes to it with links.
"""

from __future__ import annotations

import os
import shutil
import stat
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO

from localcloud.containers.bucket import NAME, BucketClient, BucketRefused
from localcloud.containers.workload import Mount

_AT_ONCE = 8


@dataclass(frozen=True)
class Folders:
    """Copies of buckets in a folder."""

    root: Path
    buckets: Sequence[BucketClient]
    _seen: dict[Path, tuple[int, int]] = field(default_factory=dict)

    @property
    def mount(self) -> Mount:
        """The mount for a container."""
        return Mount(self.root, "/gcs")

    def copy_in(self) -> list[str]:
        """Downloads every object that the account may read; returns a sentence for each failure. Blocks."""
        self.root.mkdir(mode=0o755, parents=True, exist_ok=True)
        refused: list[str] = []
        for bucket in self.buckets:
            if not NAME.fullmatch(bucket.name):
                refused.append(f"{bucket.name!r} is not a valid bucket name.")
                continue
            folder = self.root / bucket.name
            folder.mkdir()
            folder.chmod(0o777)  # the container's program may run as any user
            try:
                listed = [name for name, _ in bucket.objects()]
            except BucketRefused as problem:
                refused.append(f"/gcs/{bucket.name} is empty for this job: {problem}")
                continue
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                refused += filter(None, pool.map(partial(self._fetch, bucket), listed))
        return refused

    def copy_out(self) -> list[str]:
        """Uploads files that are new or changed since the last call; returns a sentence for each failure. Blocks."""
        refused = []
        for bucket in self.buckets:
            for name, stream in opened(self.root / bucket.name):
                path, stamp = self.root / bucket.name / name, _stamp(os.fstat(stream.fileno()))
                if self._seen.get(path) == stamp:
                    continue
                try:
                    bucket.put(name, stream)
                    self._seen[path] = stamp
                except BucketRefused as problem:
                    refused.append(f"/gcs/{bucket.name}/{name} could not be written: {problem}")
                except UnicodeEncodeError:
                    refused.append(
                        f"/gcs/{bucket.name} has a file whose name is not UTF-8, which object names must be."
                    )
        return refused

    def bring(self, name: str) -> None:
        """Updates or removes one object in read-only copies after it has changed. Blocks."""
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

    def _fetch(self, bucket: BucketClient, name: str) -> str:
        root = self.root / bucket.name
        path = root / name
        if ".." in path.parts or name.startswith("/"):
            return f"gs://{bucket.name}/{name} is not a valid file path."
        try:
            self._make_folders(path if name.endswith("/") else path.parent, root)
            if not name.endswith("/"):
                bucket.fetch(name, path)
                path.chmod(0o666)
                self._seen[path] = _stamp(path.stat())
        except (BucketRefused, OSError) as problem:
            return f"/gcs/{bucket.name}/{name} cannot be read: {problem}"
        return ""


def remove_folder(folder: Path) -> None:
    """Removes a folder that others have filled. What cannot be removed remains: others' files, and folders that are too deep for Python."""
    with suppress(RecursionError):
        shutil.rmtree(folder, ignore_errors=True)


def opened(folder: Path) -> Iterator[tuple[str, BinaryIO]]:
    """The files below a folder, opened, with their relative paths.

    Links are never followed, even if a container replaces a folder by one meanwhile: each file is opened relative to its open folder.
    """
    for at, _, names, handle in os.fwalk(folder):
        for name in sorted(names):
            with suppress(OSError):  # a link, or deleted meanwhile
                # Without O_NONBLOCK, opening a named pipe would block.
                handle_ = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=handle)
                with os.fdopen(handle_, "rb") as stream:
                    if stat.S_ISREG(os.fstat(handle_).st_mode):
                        yield Path(at, name).relative_to(folder).as_posix(), stream


def _stamp(status: os.stat_result) -> tuple[int, int]:
    return status.st_mtime_ns, status.st_size
