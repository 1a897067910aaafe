"""A hint in a team's file at what its platform needs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Clue:
    """A hint in a file: what it is, the file's path, the name it gives, and what it would become.

    `section` is the part of the environment file that it goes into, "" if it is only reported. `port` is a service's, 0 if unknown. `context`
    is the folder that an image is built from, "" for the whole repository. `image` (with its repository) and `machine` are a training's, ""
    if unknown. `region` and `project` are those that the file names, "" for none. `settings` are a service's, as YAML by key.
    """

    what: str
    file: str
    name: str
    becomes: str
    section: str = ""
    port: int = 0
    context: str = ""
    image: str = ""
    machine: str = ""
    region: str = ""
    project: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)


def plain(text: str) -> str:
    """A name in Google's form: lower-case letters, digits and dashes, starting with a letter."""
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40].rstrip("-")
    return name if name[:1].isalpha() else f"x-{name}".rstrip("-")
