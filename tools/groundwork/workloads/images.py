"""Images in the project's repositories, newest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from groundwork.errors import UsageProblem
from groundwork.google.cloud import CloudProblem
from groundwork.text import allowed
from groundwork.workloads.project import Project, last


@dataclass(frozen=True)
class Image:
    """One version of an image; `name` is everything before the tag, `size` is in bytes, 0 if unknown."""

    repository: str
    name: str
    digest: str
    tags: tuple[str, ...]
    size: int
    pushed: str

    @property
    def reference(self) -> str:
        """The reference to exactly this version."""
        return f"{self.name}@{self.digest}"

    @property
    def short(self) -> str:
        """The name without its registry and project."""
        return self.name.split("/", 2)[-1]


def images(project: Project, repository: str = "") -> list[Image]:
    """The images of every Docker repository in the environment's region, or of one. Raises UsageProblem when there is none of that name."""
    there = _repositories(project)
    known = {last(name): name for name in there}
    if repository and repository not in known:
        raise UsageProblem(f"There is no repository {repository} in {project.here}; {allowed(known, repository)}")
    chosen = [known[repository]] if repository else there
    found = [
        _image(last(name), entry)
        for name in chosen
        for entry in project.cloud.pages("artifactregistry", f"v1/{name}/dockerImages", "dockerImages")
    ]
    return sorted(found, key=lambda image: image.pushed, reverse=True)


def _repositories(project: Project) -> list[str]:
    """Full names of the Docker repositories; for a caller who may not list them, those of the environment file."""
    path = f"v1/{project.here}/repositories"
    try:
        found = list(project.cloud.pages("artifactregistry", path, "repositories"))
    except CloudProblem as problem:
        if problem.code != 403 or problem.switched_off or not project.environment.repositories:
            raise
        return [f"{project.here}/repositories/{name}" for name in project.environment.repositories]
    return [str(entry["name"]) for entry in found if entry.get("format", "DOCKER") == "DOCKER"]


def _image(repository: str, entry: Mapping[str, Any]) -> Image:
    name, _, digest = str(entry.get("uri", "")).partition("@")
    return Image(
        repository,
        name,
        digest,
        tuple(map(str, entry.get("tags", ()))),
        int(entry.get("imageSizeBytes") or 0),
        str(entry.get("uploadTime", "")),
    )
