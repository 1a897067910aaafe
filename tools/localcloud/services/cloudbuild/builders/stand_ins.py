"""Google's builder images that this machine's own tools stand in for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

Tool = Literal["docker", "gcloud", "git", "gsutil"]
_BUILDERS: dict[str, Tool] = {
    "gcr.io/cloud-builders/docker": "docker",
    "gcr.io/cloud-builders/gcloud": "gcloud",
    "gcr.io/cloud-builders/gcloud-slim": "gcloud",
    "gcr.io/cloud-builders/git": "git",
    "gcr.io/cloud-builders/gsutil": "gsutil",
    "gcr.io/google.com/cloudsdktool/cloud-sdk": "gcloud",
    "gcr.io/google.com/cloudsdktool/google-cloud-cli": "gcloud",
    "google/cloud-sdk": "gcloud",
}


def tool(image: str) -> Tool | None:
    """The tool that stands in for a step's image; None if the image itself runs."""
    return _BUILDERS.get(_name(image))


def command(image: str, entrypoint: str, args: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """The program that such an image starts, and its arguments: the tool by default, but the Cloud SDK's images have no entrypoint."""
    if entrypoint or _name(image).startswith("gcr.io/cloud-builders/") or not args:
        return entrypoint or _BUILDERS[_name(image)], tuple(args)
    return args[0], tuple(args[1:])


def _name(image: str) -> str:
    """An image without its tag and digest."""
    name = image.partition("@")[0].removeprefix("docker.io/")
    head, _, tag = name.rpartition(":")
    return head if head and "/" not in tag else name
