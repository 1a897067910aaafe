"""What a team's platform needs, as far as its files say it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal, TypeAlias

Settings: TypeAlias = Mapping[str, bool | int | str | dict[str, str]]


@dataclass(frozen=True)
class NeededImage:
    """An image by its address in the project, as repository/name; `dockerfile` is "" for one that a team's own build makes.

    `context` is the folder that it is built from, "" for the whole repository; `services` are those that run it, () for none but one of
    its name.
    """

    section: ClassVar = "repositories"
    address: str
    dockerfile: str = ""
    context: str = ""
    services: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its name in the environment file."""
        return plain(self.address.partition("/")[2])


@dataclass(frozen=True)
class BuiltImage:
    """An image that a team's own command builds from a Dockerfile, by its name alone."""

    section: ClassVar = ""
    name: str
    dockerfile: str


@dataclass(frozen=True)
class NeededRepository:
    """A repository of images besides `images`."""

    section: ClassVar = "repositories"
    name: str


@dataclass(frozen=True)
class NeededBucket:
    """A bucket by its full name, "" for one that is still to be made, and its user: DVC, a build that reads it, or training that writes to it."""

    section: ClassVar = "buckets"
    name: str
    user: Literal["dvc", "build", "training"]


@dataclass(frozen=True)
class PullsData:
    """A build that reads the buckets of DVC."""

    section: ClassVar = ""
    name: ClassVar = ""


@dataclass(frozen=True)
class NeededSecret:
    """A secret by its name in the environment file; `by_build`: the team's own builds read it."""

    section: ClassVar = "secrets"
    name: str
    by_build: bool = False


@dataclass(frozen=True)
class NeededService:
    """A service: its settings by their keys in the environment file, and its image's port, 0 if unknown; `by_build`: a build deploys it.

    `image` is the name of the image that a command deploys it with, "" for a service that a Dockerfile starts.
    """

    section: ClassVar = "services"
    name: str
    settings: Settings = field(default_factory=dict)
    port: int = 0
    image: str = ""
    by_build: bool = False

    @property
    def secrets(self) -> list[str]:
        """The secrets that its settings name."""
        mounted = self.settings.get("secrets")
        return list(mounted.values()) if isinstance(mounted, dict) else []


@dataclass(frozen=True)
class NeededTraining:
    """A training: its image as repository/name, or by its name alone, and its machine type, "" for what is unknown; `by_build`: a build submits it."""

    section: ClassVar = "training"
    name: ClassVar = "train"
    image: str = ""
    machine: str = ""
    by_build: bool = False


@dataclass(frozen=True)
class NeededBuild:
    """A team's own build: a name for it, and its file's path."""

    section: ClassVar = "builds"
    name: str
    file: str


Need: TypeAlias = (
    NeededImage
    | BuiltImage
    | NeededRepository
    | NeededBucket
    | PullsData
    | NeededSecret
    | NeededService
    | NeededTraining
    | NeededBuild
)
"""What a platform needs. `section` is the part of the environment file that has it, `name` its name; "" for what is in none."""


def plain(text: str) -> str:
    """A name in Google's form: lower-case letters, digits and dashes, starting with a letter."""
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40].rstrip("-")
    return name if name[:1].isalpha() else f"x-{name}".rstrip("-")
