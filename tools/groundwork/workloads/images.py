"""Images in the project's repositories, newest first, and what their names mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from groundwork.errors import UsageProblem
from groundwork.google.cloud import CloudProblem
from groundwork.text import allowed
from groundwork.workloads.project import Project, last

# A commit, the ID of a build, a digest: whole, each is wider than what it says.
_LONG = re.compile(r"\b([0-9a-f]{8})(?:[0-9a-f]{32}|[0-9a-f]{56}|-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\b")


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
        return short(self.name)


def images(project: Project, repository: str = "") -> list[Image]:
    """The images of every Docker repository in the environment's region, or of one. Raises UsageProblem when there is none of that name."""
    repositories = _repositories(project)
    known = {last(name): name for name in repositories}
    if repository and repository not in known:
        raise UsageProblem(f"There is no repository {repository} in {project.here}; {allowed(known, repository)}")
    chosen = [known[repository]] if repository else repositories
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


def short(text: str) -> str:
    """An image or tag as lists show it: without registry and project, and with the beginning of a commit, build or digest."""
    return _LONG.sub(r"\1…", text.split("/", 2)[2] if text.count("/") > 1 else text)


def address(project: Project, image: str) -> str:
    """The image's full name without tag: a name goes to the only repository, or as in the file to `images`; REPOSITORY/NAME to another.

    Raises UsageProblem for an invalid name, or where it is not clear to which repository.
    """
    if ".pkg.dev/" in image:
        return image
    repositories = project.environment.repositories
    repository, slash, name = image.rpartition("/")
    if not slash:
        if len(repositories) != 1 and "images" not in repositories:
            raise UsageProblem(
                f"Say to which repository {image} goes, as in --image REPOSITORY/{image}: "
                f"{'there are ' + ', '.join(repositories) if repositories else 'the environment file has none'}."
            )
        repository, name = "images" if "images" in repositories else next(iter(repositories)), image
    if repository not in repositories:
        raise UsageProblem(f"There is no repository {repository}; {allowed(repositories, repository)}")
    if not re.fullmatch(r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*", name):
        raise UsageProblem(
            f"{name!r} is not a valid image name: use lower-case letters, digits and . _ - between them; choose one with --image."
        )
    return f"{repositories[repository].url}/{name}"


def deployable(project: Project, image: str) -> str:
    """The image that a deployment names: NAME or REPOSITORY/NAME of the environment, or a full name, by the digest that its tag has now.

    By its digest, since Cloud Run makes no new revision for a tag that it already has. What cannot be looked up stays as it is written.
    Raises UsageProblem when the environment has no such image.
    """
    bare, tag = _parted(image)
    host, slash, _ = image.partition("/")
    full = bool(slash) and ("." in host or ":" in host)
    name = bare if full else address(project, bare)
    own = next((one.name for one in project.environment.repositories.values() if name.startswith(f"{one.url}/")), "")
    if "@" in image or not own:
        return image if full else f"{name}{image.removeprefix(bare)}"
    try:
        candidates = images(project, own)
    except CloudProblem:
        return f"{name}:{tag}"
    for one in candidates:
        if one.name == name and tag in one.tags:
            return one.reference
    if full:
        return image
    known = {f"{one.short}:{each}" for one in candidates for each in one.tags}
    what = allowed(map(short, known), f"{short(name)}:{tag}") if known else "`groundwork builds submit` builds one."
    raise UsageProblem(f"There is no image {short(name)}:{tag} in {project.environment.place}; {what}")


def _parted(image: str) -> tuple[str, str]:
    """An image's name without tag and digest, and its tag, which is latest if it has none."""
    name = image.partition("@")[0]
    head, colon, tag = name.rpartition(":")
    return (head, tag) if colon and "/" not in tag else (name, "latest")
