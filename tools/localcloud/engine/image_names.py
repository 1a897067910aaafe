"""Parses image names: whether they are in a registry of this cloud, and the name without tag or digest."""

from __future__ import annotations


def is_ours(image: str) -> bool:
    """Whether an image is in a registry that the local cloud emulates."""
    return image.partition("/")[0].endswith("-docker.pkg.dev")


def full(image: str) -> str:
    """An image's name with its tag; so podman and docker never take it for the beginning of an id."""
    return image if "@" in image or ":" in image.rpartition("/")[2] else f"{image}:latest"


def bare(image: str) -> str:
    """An image's name without tag and digest."""
    name = image.partition("@")[0]
    head, colon, tag = name.rpartition(":")
    return head if colon and "/" not in tag else name
