"""Finds the folder that a Dockerfile expects to be built from: the one that contains what it copies."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

NAME = re.compile(r"(?i)dockerfile(?:\.(?P<after>[\w-]+))?|(?P<before>[\w-]+)\.dockerfile")
_COPIES = re.compile(r"^[ \t]*(?:COPY|ADD)[ \t]+(.+)$", re.IGNORECASE | re.MULTILINE)


def context(root: Path, file: Path, text: str) -> Path:
    """The folder from the Dockerfile's up to `root` that has most of what it copies; of several, the nearest to the file."""
    sources = set(_sources(text))
    above = [folder for folder in (file.parent, *file.parent.parents) if folder.is_relative_to(root)]
    return max(above, key=lambda folder: sum(_has(folder, source) for source in sources))


def _sources(text: str) -> Iterator[str]:
    """What is copied out of the build's own folder; not from other images, addresses or variables."""
    for rest in _COPIES.findall(text.replace("\\\n", " ")):
        flags = re.match(r"(?:--\S+\s+)*", rest)
        start = flags.end() if flags else 0
        if "--from=" not in rest[:start]:
            yield from (
                source.strip("/") or "."
                for source in _words(rest[start:])[:-1]
                if not re.search(r"://|[$]|<<|[*]{2}", source) and ".." not in PurePosixPath(source).parts
            )


def _words(text: str) -> list[str]:
    if text.startswith("["):
        with suppress(ValueError):
            return [str(word) for word in json.loads(text)]
    return text.split()


def _has(folder: Path, source: str) -> bool:
    """Whether a folder has it; a whole folder is worth copying if there is more in it than Dockerfiles."""
    with suppress(OSError, ValueError):
        if source == ".":
            return any(not NAME.fullmatch(path.name) for path in folder.iterdir())
        return (folder / source).exists() or any(folder.glob(source))
    return False
