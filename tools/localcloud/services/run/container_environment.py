"""The environment of a container: variables, secrets and volumes, read as the service account that it runs as."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from localcloud.containers.bucket import BucketClient
from localcloud.containers.folders import Folders, remove_folder
from localcloud.containers.workload import Mount
from localcloud.engine.cloud import Cloud
from localcloud.engine.interfaces import Secrets
from localcloud.engine.service import Body
from localcloud.errors import CloudError
from localcloud.services.run import names, templates

FOLDER = "run"
_WEEK = 7 * 86_400


@dataclass(frozen=True, slots=True)
class SecretValues:
    """The current values of a template's secrets: (secret, version) -> value."""

    values: Mapping[tuple[str, str], bytes]


def read_secrets(cloud: Cloud, full: str, template: Body) -> SecretValues:
    """The secrets that a template refers to, read as its service account. Raises CloudError with Cloud Run's messages."""
    place = names.RunName.of(full)
    principal = f"serviceAccount:{template['serviceAccount']}"
    values: dict[tuple[str, str], bytes] = {}
    for secret, version, field_ in templates.secrets_of(template):
        parent = secret if secret.startswith("projects/") else f"projects/{place.project}/secrets/{secret}"
        name = f"{parent}/versions/{version}"
        offer = cloud.offers.get(Secrets)
        try:
            if offer is not None:
                values[secret, version] = offer.access(principal, name)
        except CloudError as problem:
            raise _unreadable(cloud, problem, name, field_, template["serviceAccount"]) from None
    return SecretValues(values)


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


def variables(container: Body, secrets: SecretValues) -> dict[str, str]:
    """A container's environment variables, with the values of secrets."""
    values: dict[str, str] = {}
    for one in container.get("env", []):
        reference = one.get("valueSource", {}).get("secretKeyRef")
        if reference is None:
            values[one["name"]] = one.get("value", "")
        else:
            value = secrets.values.get((reference["secret"], reference.get("version") or "latest"), b"")
            values[one["name"]] = value.decode("utf-8", "replace")
    return values


@dataclass(frozen=True)
class Volumes:
    """The volumes of one instance, in its own folder, which only this user can read."""

    folder: Path
    sources: Mapping[str, tuple[Path, bool]] = field(default_factory=dict)
    buckets: tuple[Folders, ...] = ()
    """Copies of the buckets that are mounted writable."""
    read_only: tuple[Folders, ...] = ()
    """Copies of the buckets that are mounted read-only."""

    def mounts(self, container: Body) -> tuple[Mount, ...]:
        return tuple(
            Mount(source / one.get("subPath", ""), one["mountPath"], read_only)
            for one in container.get("volumeMounts", [])
            for source, read_only in (self.sources[one["name"]],)
        )

    def copy_out(self) -> list[str]:
        """Uploads what was written to the buckets; returns a sentence for each failure. Blocks."""
        return [sentence for one in self.buckets for sentence in one.copy_out()]

    def bring(self, bucket: str, name: str) -> None:
        """Updates an object in the copies of a bucket mounted read-only. Blocks."""
        for one in self.read_only:
            if any(each.name == bucket for each in one.buckets):
                one.bring(name)

    def remove(self) -> None:
        """Deletes the instance's volumes from disk."""
        remove_folder(self.folder)


def volumes(cloud: Cloud, identity: str, template: Body, secrets: SecretValues) -> Volumes:
    """Creates the volumes of a new instance of a revision, or of an attempt at a task."""
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
            folders = _bucket(cloud, place, volume, template["serviceAccount"])
            buckets[read_only].append(folders)
            place = folders.root / volume["gcs"]["bucket"]
        place.chmod(0o777 if not read_only else 0o755)  # the container's program may run as any user
        sources[volume["name"]] = place, read_only
    return Volumes(folder, sources, tuple(buckets[False]), tuple(buckets[True]))


def _bucket(cloud: Cloud, place: Path, volume: Body, account: str) -> Folders:
    """A copy of a bucket, read as the service account."""
    week = int(cloud.clock.seconds()) + _WEEK
    token = cloud.tokens.token(f"serviceAccount:{account}", week)
    folders = Folders(place, [BucketClient(volume["gcs"]["bucket"], cloud.workloads.address, token)])
    if refused := folders.copy_in():
        raise CloudError(400, "FAILED_PRECONDITION", f"The volume {volume['name']} cannot be mounted: {refused[0]}")
    return folders


def _files(place: Path, source: Body, secrets: SecretValues) -> None:
    """Writes secrets as files, readable by everyone in the container; outside it, the parent folder protects them."""
    for item in source.get("items") or [{"path": source["secret"].rpartition("/")[2]}]:
        version = str(item.get("version") or "latest")
        target = (place / item["path"]).resolve()
        if place.resolve() not in target.parents:
            raise CloudError(400, "FAILED_PRECONDITION", f"The path {item['path']!r} leads out of its volume.")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(secrets.values.get((source["secret"], version), b""))
        target.chmod(item.get("mode") or source.get("defaultMode") or 0o444)
