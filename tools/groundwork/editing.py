"""Edit a YAML file in place: comments and order stay, two editors at once lose nothing, nobody sees it half written."""

from __future__ import annotations

import fcntl
import io
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from groundwork.splicing import spliced


def edit(path: Path, change: Callable[[CommentedMap], bool]) -> bool:
    """Read the file, let `change` work on its mapping and, where that answers True, replace it; what `change` answered."""
    with _locked(path):
        former = read(path)
        document = _round_trip().load(former)
        if not change(document):
            return False
        _replace(path, _written(former, document))
    return True


def read(path: Path) -> str:
    """The file's text with the line ends that it has."""
    return path.read_bytes().decode("utf-8")


def restore(path: Path, ours: str, former: str) -> bool:
    """Put the former text back where the file still reads as we left it; False when somebody else has edited it since."""
    with _locked(path):
        if read(path) != ours:
            return False
        _replace(path, former)
    return True


def _written(former: str, document: CommentedMap) -> str:
    """The text that says what the document says: the former one with the places changed, else written anew, comments kept."""
    with suppress(YAMLError, LookupError, ValueError):
        text = spliced(former, _round_trip().load(former), document)
        if _round_trip().load(text) == document:
            return text
    anew = io.StringIO()
    _round_trip().dump(document, anew)
    return anew.getvalue()


def _round_trip() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def inline(fields: Mapping[str, Any]) -> CommentedMap:
    """A mapping that is written in one line: {role: viewer}."""
    entry = CommentedMap(fields)
    entry.fa.set_flow_style()
    return entry


def _replace(path: Path, text: str) -> None:
    path = path.resolve()  # a link stays one
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        Path(name).chmod(path.stat().st_mode & 0o777)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the folder: the file itself is replaced, so a lock on it would guard nothing."""
    folder = os.open(path.resolve().parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
