"""What the RUN instructions of a Dockerfile mount: only what lies in the build's context, and in images.

podman mounts a folder by its path on this machine. Until it learned better (CVE-2024-1753, CVE-2024-9675), it followed links in images
and in the context, and dots in the names of caches, to any folder of its user's.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from localcloud.containers.workload import RuntimeProblem
from localcloud.engine import links
from localcloud.services.cloudbuild.builders import instructions
from localcloud.services.cloudbuild.builders.dockerfiles import PLATFORM

Fields = dict[str, list[str]]
_SOURCES = ("source", "src")
_TARGETS = ("target", "dst", "destination")
_WHOLE = frozenset({"", "/", "."})
_OWN = frozenset({"private", "rprivate"})
_IGNORED = (".dockerignore", ".containerignore")


def check(texts: Sequence[str], context: Path, *, follows_links: bool) -> None:
    """Raises RuntimeProblem for a mount of Dockerfiles that may lead out of the context, or out of an image if its links are followed."""
    for name in _IGNORED:
        if (context / name).is_symlink():
            raise RuntimeProblem(f"{name} is a link; put the file itself there.")
    for text in texts:
        for fields in _mounts(text):
            _check(fields, context, follows_links=follows_links)


def _mounts(text: str) -> Iterator[Fields]:
    """The fields of each mount, with every value that is given for one."""
    for reading in instructions.readings(text):
        for one in reading:
            for option in one.options:
                if option.startswith("--mount="):
                    fields: Fields = {}
                    for part in option.removeprefix("--mount=").split(","):
                        name, _, value = part.partition("=")
                        fields.setdefault(name.strip().lower(), []).append(value.strip())
                    yield fields


def _check(fields: Fields, context: Path, *, follows_links: bool) -> None:
    sources = [value for name in _SOURCES for value in fields.get(name, ())]
    places = [*sources, *fields.get("id", ()), *(value for name in _TARGETS for value in fields.get(name, ()))]
    for place in places:
        if ".." in place or "$" in PLATFORM.sub("", place):
            raise _refused(place, "write it out, without '..' and variables")
    if any(mode not in _OWN for mode in fields.get("bind-propagation", ())):
        raise _refused(fields["bind-propagation"][0], "leave bind-propagation out")
    for source in sources:
        if "from" in fields and follows_links and source not in _WHOLE:
            raise _refused(
                source,
                "podman would follow a link there to any folder of this machine: leave the source out, so that the whole image "
                "is mounted, and use what is below the target",
            )
        if "from" not in fields:
            try:
                links.resolved(context / os.path.normpath(f"/{source}").lstrip("/"), context)
            except links.LeadsOutside:
                raise _refused(source, "it leads out of the build's context") from None


def _refused(place: str, why: str) -> RuntimeProblem:
    return RuntimeProblem(f"The Dockerfile cannot mount {place[:100]!r} in a RUN instruction: {why}.")
