"""The environment of a container: variables, secrets and volumes, each read as the account that it runs as."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from localcloud.containers.bucket import BucketClient
from localcloud.containers.folders import Folders
from localcloud.containers.workload import Mount
from localcloud.engine.cloud import Cloud
from localcloud.engine.interfaces import Secrets
from localcloud.engine.service import Body
from localcloud.errors import CloudError
from localcloud.services.run import names, templates

FOLDER = "run"
_WEEK = 7 * 86_400


@dataclass(frozen=True, slots=True)
class Read:
    """A template's secrets as they are now: (secret, version) -> value."""

    values: Mapping[tuple[str, str], bytes]


def read(cloud: Cloud, full: str, template: Body) -> Read:
    """The secrets that a template names, read as its account. Raises CloudError in Cloud Run's words."""
    place = names.RunName.of(full)
    principal = f"serviceAccount:{template['serviceAccount']}"
    found: dict[tuple[str, str], bytes] = {}
    for secret, version, field_ in templates.secrets_of(template):
        name = f"{_full(secret, place.project)}/versions/{version}"
        offer = cloud.offers.get(Secrets)
        try:
            if offer is not None:
                found[secret, version] = offer.access(principal, name)
        except CloudError as problem:
            raise _unreadable(cloud, problem, name, field_, template["serviceAccount"]) from None
    return Read(found)


def _full(secret: str, project: str) -> str:
    return secret if secret.startswith("projects/") else f"projects/{project}/secrets/{secret}"


def _unreadable(cloud: Cloud, problem: CloudError, name: str, where: str, account: str) -> CloudError:
    shown = cloud.projects.numbered(name)
    if problem.code == 403:
        text = (
            f"{where}: Permission denied on secret: {shown} for Revision service account {account}. The service account used must be "
            "granted the 'Secret Manager Secret Accessor' role (roles/secretmanager.secretAccessor) at the secret, project or higher "
            "level."
        )
    else:
        text = f"{where}: Secret {shown} was not found"
    return CloudError(400, "FAILED_PRECONDITION", text, "SECRETS_ACCESS_CHECK_FAILED")


def variables(container: Body, secrets: Read) -> dict[str, str]:
    """A container's own variables."""
    found: dict[str, str] = {}
    for one in container.get("env", []):
        reference = one.get("valueSource", {}).get("secretKeyRef")
        if reference is None:
            found[one["name"]] = one.get("value", "")
        else:
            value = secrets.values.get((reference["secret"], reference.get("version") or "latest"), b"")
            found[one["name"]] = value.decode("utf-8", "replace")
    return found


@dataclass(frozen=True)
class Volumes:
    """The volumes of one instance, in a folder of its own that only this user reads."""

    folder: Path
    sources: Mapping[str, tuple[Path, bool]] = field(default_factory=dict)
    buckets: tuple[Folders, ...] = ()
    """The copies of buckets that may be written to."""
    shown: tuple[Folders, ...] = ()
    """The copies of those that are only read."""

    def mounts(self, container: Body) -> tuple[Mount, ...]:
        """What of them a container sees, and where."""
        return tuple(
            Mount(source / one.get("subPath", ""), one["mountPath"], read_only)
            for one in container.get("volumeMounts", [])
            for source, read_only in (self.sources[one["name"]],)
        )

    def copy_out(self) -> list[str]:
        """Brings what was written into the buckets; sentences for what was refused. Blocks."""
        return [sentence for one in self.buckets for sentence in one.copy_out()]

    def bring(self, bucket: str, name: str) -> None:
        """Shows an object of a bucket that is only read as it is now. Blocks."""
        for one in self.shown:
            if any(each.name == bucket for each in one.buckets):
                one.bring(name)

    def remove(self) -> None:
        """Takes them off the disk."""
        shutil.rmtree(self.folder, ignore_errors=True)


def volumes(cloud: Cloud, identity: str, template: Body, secrets: Read) -> Volumes:
    """Makes the volumes of a new instance of a revision, or of an attempt at a task."""
    folder = cloud.store.folder / FOLDER / identity
    sources: dict[str, tuple[Path, bool]] = {}
    buckets: dict[bool, list[Folders]] = {True: [], False: []}
    for volume in template.get("volumes", []):
        place = folder / volume["name"]
        place.mkdir(parents=True, mode=0o700)
        folder.chmod(0o700)
        if "secret" in volume:
            _files(place, volume["secret"], secrets)
        read_only = templates.read_only(volume)
        if "gcs" in volume:
            found = _bucket(cloud, place, volume, template["serviceAccount"])
            buckets[read_only].append(found)
            place = found.root / volume["gcs"]["bucket"]
        place.chmod(0o777 if not read_only else 0o755)  # whatever user a container's program is
        sources[volume["name"]] = place, read_only
    return Volumes(folder, sources, tuple(buckets[False]), tuple(buckets[True]))


def _bucket(cloud: Cloud, place: Path, volume: Body, account: str) -> Folders:
    """A bucket's copy, read as the account."""
    week = int(cloud.clock.seconds()) + _WEEK
    token = cloud.tokens.token(f"serviceAccount:{account}", week)
    found = Folders(place, [BucketClient(volume["gcs"]["bucket"], cloud.workloads.address, token)])
    if refused := found.copy_in():
        raise CloudError(400, "FAILED_PRECONDITION", f"The volume {volume['name']} cannot be mounted: {refused[0]}")
    return found


def _files(place: Path, source: Body, secrets: Read) -> None:
    """Secrets as files: the folder above is this user's alone, and in the container everybody may read them."""
    for item in source.get("items") or [{"path": source["secret"].rpartition("/")[2]}]:
        version = str(item.get("version") or "latest")
        target = (place / item["path"]).resolve()
        if place.resolve() not in target.parents:
            raise CloudError(400, "FAILED_PRECONDITION", f"The path {item['path']!r} leads out of its volume.")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(secrets.values.get((source["secret"], version), b""))
        target.chmod(item.get("mode") or source.get("defaultMode") or 0o444)
