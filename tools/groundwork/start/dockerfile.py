"""What a Dockerfile makes: an image, built from the folder that contains what it copies, and perhaps a service."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

from groundwork.display import on_one_line
from groundwork.start import needs
from groundwork.start.clue import Clue
from groundwork.start.code_file import CodeFile
from groundwork.start.needs import plain

NAME = re.compile(r"(?i)(?:.*/)?(?:dockerfile(?:\.(?P<after>[\w-]+))?|(?P<before>[\w-]+)\.dockerfile)")
_SERVES = re.compile(
    r"(?im)^[ \t]*(?:CMD|ENTRYPOINT)\b.*\b(?:uvicorn|gunicorn|hypercorn|fastapi|streamlit|flask|gradio|bentoml)\b"
)
_PORT = r"([1-9][0-9]{0,3}|[1-5][0-9]{4})"
_LISTENS = re.compile(
    rf"(?im)^[ \t]*(?:CMD|ENTRYPOINT)\b.*[\s\"'](?:--(?:server[.-])?port|--bind|-b)[\"',=\s]+(?:[\w.]*:)?{_PORT}\b"
)
_EXPOSES = re.compile(rf"(?im)^[ \t]*EXPOSE\s+{_PORT}(?:/tcp)?\s*(?:\n|\Z)")
_MOST_SOURCES = 200
"""Each may be a pattern that is looked for in all folders; people copy a dozen."""
_COPIES = re.compile(r"^[ \t]*(?:COPY|ADD)[ \t]+(.+)$", re.IGNORECASE | re.MULTILINE)


def clues(file: CodeFile) -> Iterator[Clue]:
    """The image, and the service that it is if it starts a web server or exposes a port; the server's own port comes first."""
    text, folder = file.text.replace("\\\n", " "), file.path.parent
    name = NAME.fullmatch(file.shown)
    named = name and (name["after"] or name["before"])
    image = plain(named or (folder.name if folder != file.root else "app"))
    context = on_one_line(_context(file, text).relative_to(file.root).as_posix())
    needed = needs.NeededImage(f"images/{image}", file.shown, "" if context == "." else context)
    yield Clue("Dockerfile", file.shown, f"image {image} in repository images", needed)
    serves, exposed = _SERVES.search(text), _EXPOSES.search(text)
    port = (serves and _LISTENS.search(text)) or exposed
    if serves or exposed:
        becomes = f"service {image} on Cloud Run, which runs as identity serve"
        yield Clue("Dockerfile", file.shown, becomes, needs.NeededService(image, port=int(port[1]) if port else 0))


def _context(file: CodeFile, text: str) -> Path:
    """The folder from the Dockerfile's up to the root that has most of what it copies; of several, the nearest to the file."""
    sources = set(itertools.islice(_sources(text), _MOST_SOURCES))
    above = [folder for folder in file.path.parents if folder.is_relative_to(file.root)]
    return max(above, key=lambda folder: sum(_has(folder, source) for source in sources))


def _sources(text: str) -> Iterator[str]:
    """What is copied out of the build's own folder; not from other images, addresses or variables."""
    for rest in _COPIES.findall(text):
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
