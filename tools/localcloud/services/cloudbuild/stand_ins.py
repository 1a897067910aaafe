"""Google's builder images that this machine's own tools stand in for."""

from __future__ import annotations

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
    name = image.partition("@")[0].removeprefix("docker.io/")
    head, _, tag = name.rpartition(":")
    return _BUILDERS.get(head if head and "/" not in tag else name)
