"""Parses image names: their registry, whether it is one of this cloud, and the name without tag or digest."""

from __future__ import annotations


def is_ours(image: str) -> bool:
    """Whether an image is in a registry that the local cloud emulates."""
    return image.partition("/")[0].endswith("-docker.pkg.dev")


def full(image: str) -> str:
    """An image's name with its tag; so podman and docker never take it for the beginning of an id."""
    return image if "@" in image or ":" in image.rpartition("/")[2] else f"{image}:latest"


def qualified(image: str) -> str:
    """An image with its registry, which is Docker Hub where none is named: podman would take any image that ends in the same name."""
    head, slash, _ = image.partition("/")
    if slash and ("." in head or ":" in head or head == "localhost"):
        return image
    return f"docker.io/{image}" if slash else f"docker.io/library/{image}"


def bare(image: str) -> str:
    """An image's name without tag and digest."""
    name = image.partition("@")[0]
    head, colon, tag = name.rpartition(":")
    return head if colon and "/" not in tag else name


def repository(name: str) -> str:
    """The full name of an image's Artifact Registry repository."""
    host, project, folder, *_ = [*bare(name).split("/"), "", ""]
    return f"projects/{project}/locations/{host.removesuffix('-docker.pkg.dev')}/repositories/{folder}"
