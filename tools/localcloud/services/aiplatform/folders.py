"""/gcs/BUCKET inside a job: the buckets that it names, copied in before it starts, and what it has written copied out when it ends.

On Google Cloud Storage FUSE shows every bucket there. Here only those appear whose name a job's arguments, variables or output directory say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from localcloud.containers.bucket import Bucket, BucketRefused
from localcloud.containers.workload import Mount
from localcloud.engine.service import Body
from localcloud.services.aiplatform.specs import Pool

_NAMED = re.compile(r"/gcs/([a-z0-9][a-z0-9._-]{1,220}[a-z0-9])")
_AT_ONCE = 8


def named(spec: Body, pools: Iterable[Pool]) -> list[str]:
    """The buckets that a job names."""
    texts = [spec.get("baseOutputDirectory", {}).get("outputUriPrefix", "").replace("gs://", "/gcs/", 1)]
    for pool in pools:
        texts += [*pool.program.get("command", []), *pool.program.get("args", []), *pool.variables.values()]
    return sorted({found for text in texts for found in _NAMED.findall(text)})


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
        """Uploads what is new or changed; sentences for what was refused. Blocks."""
        refused = []
        for bucket in self.buckets:
            for path in sorted((self.root / bucket.name).rglob("*")):
                if path.is_symlink() or not path.is_file() or self._seen.get(path) == _stamp(path):
                    continue
                name = path.relative_to(self.root / bucket.name).as_posix()
                try:
                    bucket.put(name, path)
                except BucketRefused as problem:
                    refused.append(f"/gcs/{bucket.name}/{name} could not be written: {problem}")
        return refused

    def _fetch(self, bucket: Bucket, name: str) -> str:
        root = self.root / bucket.name
        path = root / name
        if ".." in path.parts or name.startswith("/"):
            return f"gs://{bucket.name}/{name} is no path of a file."
        try:
            for folder in reversed([path if name.endswith("/") else path.parent, *path.parents]):
                if folder.is_relative_to(root) and folder != root:
                    folder.mkdir(exist_ok=True)
                    folder.chmod(0o777)
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
