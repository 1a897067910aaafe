"""The images that a Dockerfile starts or copies from, with the arguments of the build filled in.

Each must be known before the build: podman and docker would take a few hexadecimal digits for the beginning of an image's id, and a
digest for any image that they have, whether or not the build's account may pull it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from localcloud.containers.workload import RuntimeProblem

_COMMENT = re.compile(r"^[ \t]*#.*\n?", re.MULTILINE)
_CONTINUED = re.compile(r"[\\`][ \t]*\r?\n")
_ARG = re.compile(r"\s*ARG\s+(.+)", re.IGNORECASE)
_FROM = re.compile(r"\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?\s*", re.IGNORECASE)
_COPIES = re.compile(r"\s*(?:ONBUILD\s+)?(?:COPY|ADD|RUN)\s+((?:--\S+\s+)+)", re.IGNORECASE)
_COPIED = re.compile(r"(?:--|[=,])from=([^\s,]+)")
_VARIABLE = re.compile(r"\$\{(\w+)(?::([-+])([^}$]*))?\}|\$(\w+)")
# Docker's own: their values hold no digest, and next to other letters no beginning of an id.
_PLATFORM = re.compile(r"\$\{?(?:TARGET|BUILD)(?:PLATFORM|OS|ARCH|VARIANT)\}?")
_QUOTES = re.compile(r"[\"'\\]")
_ID = re.compile(r"(?:sha256:)?[0-9a-f]*", re.IGNORECASE)


def images(text: str, arguments: Mapping[str, str]) -> frozenset[str]:
    """The names of the images, among them those of stages; `arguments` are the build's own.

    Raises RuntimeProblem for one that depends on what is not known here, or is the beginning of an id.
    """
    stages: list[str] = []
    found = set()
    for name, stage in _references(text, arguments):
        known = {*stages, *map(str, range(len(stages)))}
        if stage is not None:
            stages.append(stage.lower())
        if name.lower() in known:
            continue
        left = _PLATFORM.sub("", name)
        if "$" in left or _ID.fullmatch(left):
            raise RuntimeProblem(
                f"The Dockerfile uses the image {name[:100]!r}, which could mean any image on this machine: write its whole name with its "
                "tag, as in python:3.12."
            )
        if left == name:
            found.add(name)
    return frozenset(found)


def _references(text: str, arguments: Mapping[str, str]) -> Iterator[tuple[str, str | None]]:
    """Each name and, for one that a stage starts from, the stage's name."""
    values: dict[str, str] = {}
    begun = False
    for line in _CONTINUED.sub(" ", _COMMENT.sub("", text)).splitlines():
        if (start := _FROM.fullmatch(line)) is not None:
            begun = True
            yield _QUOTES.sub("", _filled(start[1], values)), start[2] or ""
        elif (copies := _COPIES.match(line)) is not None:
            yield from ((_QUOTES.sub("", name), None) for name in _COPIED.findall(copies[1]))
        elif not begun and (declared := _ARG.fullmatch(line)) is not None:
            for word in declared[1].split():
                name, _, default = word.partition("=")
                values[name] = arguments.get(name, _QUOTES.sub("", _filled(default, values)))


def _filled(text: str, values: Mapping[str, str]) -> str:
    """The text with its variables replaced, but for those of the platform."""

    def value(found: re.Match[str]) -> str:
        if _PLATFORM.fullmatch(found[0]):
            return found[0]
        own = values.get(found[1] or found[4], "")
        if found[2] == "+":
            return found[3] if own else ""
        return own or found[3] or ""

    return _VARIABLE.sub(value, text)
