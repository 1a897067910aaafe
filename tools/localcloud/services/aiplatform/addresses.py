"""Objects by their gs:// addresses, as an account reads and writes them."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localcloud.containers.bucket import BucketClient
from localcloud.engine.cloud import Cloud
from localcloud.errors import failed_precondition
from localcloud.spec import patterns

_WEEK = 604_800
_WILD = re.compile(r"\*\*|\*|\?")
_PATTERNS = {"**": ".*", "*": "[^/]*", "?": "[^/]"}


@dataclass(frozen=True)
class Files:
    """Cloud Storage as a principal; downloads go to a folder of this machine. All of it blocks, and may raise BucketRefused."""

    cloud: Cloud
    principal: str
    folder: Path

    def matching(self, addresses: Iterable[str]) -> list[tuple[str, Path]]:
        """Downloads the objects at addresses that may have wildcards: (address, file) pairs."""
        found: dict[str, Path] = {}
        for address in addresses:
            bucket, _, pattern = address.removeprefix("gs://").partition("/")
            if not _WILD.search(pattern):
                names = [pattern]
            else:
                test = matcher(pattern)
                listed = client(self.cloud, self.principal, bucket).objects(_WILD.split(pattern)[0])
                names = [name for name, _ in listed if test.fullmatch(name)]
            if not names:
                raise failed_precondition(f"{address} matches no object.")
            found |= {f"gs://{bucket}/{name}": self.fetched(f"gs://{bucket}/{name}") for name in names}
        return list(found.items())

    def fetched(self, address: str) -> Path:
        """Downloads an object to a file of its own."""
        bucket, _, name = address.removeprefix("gs://").partition("/")
        path = self.folder / uuid.uuid4().hex
        client(self.cloud, self.principal, bucket).fetch(name, path)
        return path

    def put(self, address: str, path: Path) -> None:
        """Uploads a file as an object."""
        bucket, _, name = address.removeprefix("gs://").partition("/")
        with path.open("rb") as stream:
            client(self.cloud, self.principal, bucket).put(name, stream)


def client(cloud: Cloud, principal: str, bucket: str) -> BucketClient:
    """A client of a bucket that acts as a principal, for as long as a job may last."""
    token = cloud.tokens.token(principal, int(cloud.clock.seconds()) + _WEEK)
    return BucketClient(bucket, cloud.workloads.address, token)


def matcher(pattern: str) -> Any:
    """The regular expression for a pattern with Cloud Storage's wildcards, in RE2: it takes no longer for many of them."""
    literals = [re.escape(one) for one in _WILD.split(pattern)]
    wild = [_PATTERNS[one] for one in _WILD.findall(pattern)]
    try:
        return patterns.compiled("".join(literal + one for literal, one in zip(literals, [*wild, ""], strict=True)))
    except patterns.BadPattern:
        raise failed_precondition(f"{pattern[:200]!r} has too many wildcards.") from None
