"""Names in Cloud Run: ids of revisions and executions, and the hosts of services."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.engine.cloud import Cloud
from localcloud.spec import timestamps

API = "run"
SERVICE_ID = r"[a-z](?:[a-z0-9-]{0,47}[a-z0-9])?"
JOB_ID = r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
# Google's region codes at the end of the older form of hosts; other regions use their initials here.
_CODES = {
    "asia-east1": "de",
    "asia-northeast1": "an",
    "asia-southeast1": "as",
    "australia-southeast1": "ts",
    "europe-north1": "lz",
    "europe-west1": "ew",
    "europe-west2": "nw",
    "europe-west3": "ey",
    "europe-west4": "ez",
    "us-central1": "uc",
    "us-east1": "ue",
    "us-east4": "uk",
    "us-west1": "uw",
}
_SUFFIX = "bcdfghjklmnpqrstvwxz"
_OLDER = re.compile(
    r"(?:(?P<tag>[a-z0-9-]+)---)?(?P<name>[a-z][a-z0-9-]*)-(?P<hash>[a-z2-7]{10})-[a-z]{2}\.a\.run\.app"
)
_NEWER = re.compile(
    r"(?:(?P<tag>[a-z0-9-]+)---)?(?P<name>[a-z][a-z0-9-]*)-(?P<number>\d{6,20})\.(?P<region>[a-z]+-[a-z0-9-]+)\.run\.app"
)


@dataclass(frozen=True, slots=True)
class RunName:
    """The parts of the full name of a service or job, or of something inside one."""

    project: str
    region: str
    name: str

    @classmethod
    def of(cls, full: str) -> RunName:
        """Parses "projects/p/locations/r/services/s/…"."""
        words = full.split("/")
        return cls(words[1], words[3], words[5] if len(words) > 5 else "")


def service(full: str) -> str:
    """The full name of the service of a revision, by the revision's full name."""
    return "/".join(full.split("/")[:6])


def revision(name: str, generation: int) -> str:
    """The id of the revision for a service's generation: "api-00002-dkv"."""
    return f"{name}-{generation:05d}-{_letters(f'{name} {generation}', 3)}"


def execution(name: str, number: int) -> str:
    """The id of a job's execution: "train-b7xkq"."""
    return f"{name}-{_letters(f'{name} {number}', 5)}"


def _letters(text: str, count: int) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return "".join(_SUFFIX[byte % len(_SUFFIX)] for byte in digest[:count])


def hosts(cloud: Cloud, full: str) -> tuple[str, str]:
    """The newer and the older host of a service."""
    place = RunName.of(full)
    newer = f"{place.name}-{cloud.projects.number(place.project)}.{place.region}.run.app"
    return newer, f"{place.name}-{_hash(cloud, place)}-{_code(place.region)}.a.run.app"


def etag(body: Mapping[str, Any]) -> str:
    """The entity tag of a resource: when it was last changed, as a protobuf Timestamp, and its name."""
    moment = timestamps.parse(body["updateTime"])
    changed = b"\x08" + _varint(int(moment.timestamp())) + b"\x10" + _varint(moment.microsecond * 1000)
    return f'"{_base64(changed)}/{_base64(body["name"].encode())}"'


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _varint(number: int) -> bytes:
    groups = [number & 0x7F]
    while number := number >> 7:
        groups.append(number & 0x7F)
    return bytes(group | 0x80 for group in groups[:-1]) + bytes(groups[-1:])


def _hash(cloud: Cloud, place: RunName) -> str:
    digest = hashlib.sha256(f"{cloud.projects.number(place.project)} {place.region}".encode()).digest()
    return base64.b32encode(digest).decode().lower()[:10]


def _code(region: str) -> str:
    return _CODES.get(region) or "".join(word[0] for word in region.split("-"))[:2]


@dataclass(frozen=True, slots=True)
class HostTarget:
    """What a host refers to: a service by its full name, and a traffic tag ("" = by percentage)."""

    service: str
    tag: str


def resolve(cloud: Cloud, host: str) -> HostTarget | None:
    """The service and tag that a host (without port) belongs to; None if there is no such service."""
    newer = _NEWER.fullmatch(host)
    if newer is not None:
        project = cloud.projects.by_number(int(newer["number"]))
        full = f"projects/{project}/locations/{newer['region']}/services/{newer['name']}"
        return HostTarget(full, newer["tag"] or "") if project and cloud.store.get(API, full) else None
    older = _OLDER.fullmatch(host)
    if older is None:
        return None
    for (full,) in cloud.store.sql("SELECT service FROM run_hosts WHERE host = ?", host.rpartition("---")[2]):
        return HostTarget(full, older["tag"] or "")
    return None
