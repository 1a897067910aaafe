"""Packs a folder as a build's source, without what git or .gcloudignore excludes, and uploads it to the project's bucket for sources."""

from __future__ import annotations

import os
import re
import tarfile
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

from groundwork.errors import UsageProblem
from groundwork.google.cloud import CloudProblem
from groundwork.google.official import asking
from groundwork.workloads.project import Project

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

_IGNORES = (".gcloudignore", ".gitignore")
_NEVER = ".git\n.gcloudignore\n.gitignore\n"
"""Excluded by `gcloud builds submit` by default (https://cloud.google.com/sdk/gcloud/reference/topic/gcloudignore)."""


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


def chosen(folder: Path) -> list[Path]:
    """The files of a folder that a build gets, by relative path. Raises UsageProblem if there are none."""
    if not folder.is_dir():
        raise UsageProblem(f"{folder} is not a folder: name the one with the Dockerfile or cloudbuild.yaml in it.")
    with _readable():
        found = sorted(_files(folder, folder, _left_out(folder)))
    if not found:
        raise UsageProblem(f"There is nothing in {folder} that .gcloudignore and .gitignore do not exclude.")
    return found


def _left_out(folder: Path) -> GitIgnoreSpec:
    import re2
    from pathspec import GitIgnoreSpec

    file = next((folder / name for name in _IGNORES if _is_own(folder, name)), None)
    lines = _lines(file) if file else []
    included = (line.partition(":")[2] for line in lines if line.startswith("#!include:"))
    more = [line for name in included if _is_own(folder, name) for line in _lines(folder / name)]
    try:
        return GitIgnoreSpec.from_lines([*_NEVER.splitlines(), *more, *lines])
    except (ValueError, re.error, re2.error) as error:
        raise UsageProblem(f"{file} has a pattern that cannot be read: {error}") from None


def _is_own(folder: Path, name: str) -> bool:
    """Whether a name is that of a file in the folder itself: a repository's author chooses it, and would choose any file of the user's."""
    file = folder / name
    return file.is_file() and file.resolve().parent == folder.resolve()


def _lines(file: Path) -> list[str]:
    return file.read_text("utf-8", "replace").splitlines()


@contextmanager
def _readable() -> Iterator[None]:
    """Raises UsageProblem for a file or folder that cannot be read."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            raise
        raise UsageProblem(
            f"{error.filename} cannot be read: {error.strerror}. Exclude it in .gcloudignore if the build does not need it."
        ) from None


def _files(folder: Path, top: Path, left_out: GitIgnoreSpec) -> Iterator[Path]:
    """The files below a folder that git would include; excluded folders are not entered, and links that lead out of the folder are left out."""
    for path in folder.iterdir():
        inside = path.relative_to(top)
        is_folder = path.is_dir() and not path.is_symlink()
        name = os.fsencode(inside).decode("utf-8", "replace")
        if left_out.match_file(f"{name}/" if is_folder else name):
            continue
        if path.is_symlink() and not (path.parent / path.readlink()).resolve().is_relative_to(top.resolve()):
            continue
        if is_folder:
            yield from _files(path, top, left_out)
        elif path.is_symlink() or path.is_file():  # git ignores sockets and pipes too
            if name != inside.as_posix():
                raise UsageProblem(
                    f"{name} cannot be sent, since its name is not UTF-8: rename it, or exclude it in .gcloudignore."
                )
            yield inside


def uploaded(project: Project, folder: Path) -> SourceArchive:
    """Uploads the folder to the bucket for sources, which is created if necessary."""
    files = chosen(folder)
    bucket = bucket_of(project)
    if not project.environment.builds:
        _make_bucket(project, bucket)
    name = f"source/{datetime.now(UTC):%Y%m%d%H%M%S}-{uuid.uuid4().hex}.tgz"
    with tempfile.TemporaryFile() as packed:
        _pack(folder, files, packed)
        size = packed.tell()
        packed.seek(0)
        blob = project.cloud.storage().bucket(bucket).blob(name)
        with asking(f"upload of {folder} to gs://{bucket}"):
            blob.upload_from_file(packed, size=size, content_type="application/x-tar", if_generation_match=0)
    return SourceArchive(bucket, name, str(blob.generation), len(files), size)


def _pack(folder: Path, files: list[Path], into: IO[bytes]) -> None:
    with tarfile.open(fileobj=into, mode="w:gz") as archive:
        for file in files:
            with _readable():
                archive.add(folder / file, file.as_posix(), recursive=False)


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
