"""Packs a folder as a build's source, without what git or .gcloudignore excludes, and uploads it to the project's bucket for sources."""

from __future__ import annotations

import tarfile
import tempfile
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from groundwork.environment import source_folder
from groundwork.environment.source_folder import readable
from groundwork.errors import UsageProblem
from groundwork.google.cloud import CloudProblem
from groundwork.google.official import asking
from groundwork.workloads.project import Project


@dataclass(frozen=True)
class SourceArchive:
    """A packed folder in Cloud Storage: `generation` identifies this very object; `files` and `size` (bytes) describe its content."""

    bucket: str
    object: str
    generation: str
    files: int
    size: int


def bucket_of(project: Project) -> str:
    """The environment's bucket for sources, else the one that Google's tools use, created if necessary."""
    environment = project.environment
    return environment.sources_bucket if environment.builds else f"{project.id}_cloudbuild"


def source_files(folder: Path) -> list[Path]:
    """The files of a folder that a build gets, by relative path. Raises UsageProblem if there are none."""
    if not folder.is_dir():
        raise UsageProblem(f"{folder} is not a folder: name the one with the Dockerfile or cloudbuild.yaml in it.")
    return source_folder.source_files(folder)


def uploaded(project: Project, folder: Path) -> SourceArchive:
    """Uploads the folder to the bucket for sources, which is created if necessary."""
    files = source_files(folder)
    bucket = bucket_of(project)
    if not project.environment.builds:
        _make_bucket(project, bucket)
    name = f"source/{datetime.now(UTC):%Y%m%d%H%M%S}-{uuid.uuid4().hex}.tgz"
    with tempfile.TemporaryFile() as packed:
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            for file in files:
                with readable():
                    archive.add(folder / file, file.as_posix(), recursive=False)
        size = packed.tell()
        packed.seek(0)
        blob = project.cloud.storage().bucket(bucket).blob(name)
        with asking(f"upload of {folder} to gs://{bucket}"):
            blob.upload_from_file(packed, size=size, content_type="application/x-tar", if_generation_match=0)
    return SourceArchive(bucket, name, str(blob.generation), len(files), size)


def _make_bucket(project: Project, bucket: str) -> None:
    """Creates the bucket as `gcloud builds submit` does, but with uniform access, no public access, and sources deleted after a month."""
    body = {
        "name": bucket,
        "location": project.region,
        "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}, "publicAccessPrevention": "enforced"},
        "lifecycle": {"rule": [{"action": {"type": "Delete"}, "condition": {"age": 30}}]},
        "softDeletePolicy": {"retentionDurationSeconds": "0"},
    }
    try:
        project.cloud.request("GET", "storage", f"v1/b/{bucket}")
    except CloudProblem as problem:
        if problem.code != 404:
            raise
        project.cloud.request("POST", "storage", "v1/b", params={"project": project.id}, json=body)
