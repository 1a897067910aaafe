"""The Dockerfiles that a team's own commands build, and the names that these give to the images."""

from __future__ import annotations

import itertools
import os
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from groundwork.start import addresses, needs
from groundwork.start.code_file import CodeFile
from groundwork.start.needs import plain

_COMMAND = re.compile(
    r"\b(?:(?:docker|podman)\s+(?:buildx\s+)?build|gcloud\s+(?:beta\s+|alpha\s+)?(?:builds\s+submit|run\s+deploy))\s+([^;&|\n]+)"
)
_TAG, _FILE, _SOURCE = ("-t", "--tag"), ("-f", "--file"), ("--source",)
_OTHERS = (
    "--build-arg", "--cache-from", "--config", "--label", "--platform", "--project", "--region", "--secret",
    "--substitutions", "--target", "--timeout",
)  # fmt: skip
"""Flags with a value of which nothing is said here."""


def in_script(file: CodeFile, text: str, folder: str = "") -> Iterator[needs.BuiltImage]:
    """What the commands of a shell script build, which runs in a folder of the code.

    `gcloud run deploy` builds if it has a source, and gives the image the service's name.
    """
    for found in _COMMAND.findall(text.replace("\\\n", " ")):
        try:
            words = shlex.split(found, comments=True)
        except ValueError:
            words = found.split()
        yield from _built(file, words, folder)


def _built(file: CodeFile, words: Sequence[str], folder: str) -> Iterator[needs.BuiltImage]:
    parts = [part for word in words for part in (word.split("=", 1) if word.startswith("--") else [word])]
    flags = list(itertools.pairwise(["", *parts]))
    tags, files, sources = ([word for flag, word in flags if flag in one] for one in (_TAG, _FILE, _SOURCE))
    given = (*_TAG, *_FILE, *_SOURCE, *_OTHERS)
    others = [word for flag, word in flags if flag not in given and not word.startswith("-")]
    names, places = (others[:1], sources) if sources else (tags, others or ["."])
    dockerfile = next(filter(None, (_found(file, folder, one) for one in files or places)), "")
    for name in (addresses.image(one).rpartition("/")[2] for one in names):
        if dockerfile and name:
            yield needs.BuiltImage(plain(name), dockerfile)


def sentence(built: needs.BuiltImage) -> str:
    """What a build of a Dockerfile says of its image."""
    return f"image {built.name} is built from {built.dockerfile}"


def _found(file: CodeFile, folder: str, named: str) -> str:
    """The path of a Dockerfile, named itself or by its folder, from the root or from the file that names it; "" for none."""
    for base in (file.root, file.path.parent):
        path = Path(os.path.normpath(base / folder / named))
        path = path / "Dockerfile" if path.is_dir() else path
        if path.is_file() and path.is_relative_to(file.root):
            return CodeFile(file.root, path).shown
    return ""
