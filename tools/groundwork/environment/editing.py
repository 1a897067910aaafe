"""Edits a YAML file in place: comments and order are kept, concurrent edits are not lost, and nobody sees a half-written file."""

from __future__ import annotations

import fcntl
import io
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import CommentMark, ReusedAnchorWarning, YAMLError
from ruamel.yaml.tokens import CommentToken
from ruamel.yaml.util import load_yaml_guess_indent

from groundwork.errors import GroundworkError


def edit(
    path: Path,
    change: Callable[[CommentedMap], bool],
    check: Callable[[str], object] = lambda _text: None,
    *,
    dry_run: bool = False,
) -> bool:
    """Reads the file, lets `change` modify its mapping and, if that returns true, replaces the file; returns what `change` returned.

    `check` sees the new text before it is written, and refuses it by raising. With `dry_run` nothing is written.
    """
    with _locked(path), warnings.catch_warnings():
        warnings.simplefilter("ignore", ReusedAnchorWarning)  # YAML allows it
        former = read(path)
        end = "\r\n" if "\r\n" in former else "\n"
        plain = former.replace(end, "\n")
        yaml = _round_trip(plain)
        document = yaml.load(plain)
        if not change(document):
            return False
        text = io.StringIO()
        yaml.dump(document, text)
        if not _says(text.getvalue(), document):
            raise GroundworkError(f"{path.name} is formatted in a way that cannot be edited safely: edit it by hand.")
        check(text.getvalue())
        if not dry_run:
            _replace(path, text.getvalue().replace("\n", end))
    return True


def read(path: Path) -> str:
    """The file's text, with its line endings."""
    return path.read_bytes().decode("utf-8")


def restore(path: Path, ours: str, former: str) -> bool:
    """Restores the former text if the file is still as we left it; False if somebody else has edited it since."""
    with _locked(path):
        if read(path) != ours:
            return False
        _replace(path, former)
    return True


def parted(document: CommentedMap, name: str) -> CommentedMap | None:
    """The mapping of that name, prepared so that adding and removing entries does not move the comments below it.

    ruamel.yaml keeps them with the last entry if that has a comment of its own or is more than a line.
    """
    entries: CommentedMap | None = document.get(name)
    below = list(document)[list(document).index(name) + 1 :] if entries else []
    token = _last_comment(entries) if entries and below else None
    if token is not None:
        own, _, rest = token.value.partition("\n")
        token.value = own + "\n"
        slot = document.ca.items.setdefault(below[0], [None, None, None, None])
        slot[1] = [CommentToken(line, CommentMark(0)) for line in rest.splitlines(keepends=True)] + (slot[1] or [])
    return entries


def emptied(document: CommentedMap, name: str) -> None:
    """Empties the mapping of that name, leaving {} in its line."""
    document[name] = inline({})
    if name in document.ca.items:
        document.ca.items[name][3:] = [None]


def _last_comment(entries: CommentedMap) -> Any:
    """The comment that is attached to the last line of a mapping, if there is one."""
    key = next(reversed(entries))
    value = entries[key]
    inner = _last_comment(value) if isinstance(value, CommentedMap) and value else None
    return inner or (entries.ca.items.get(key) or [None, None, None])[2]


def _says(text: str, document: CommentedMap) -> bool:
    """Whether parsing the text gives the document."""
    try:
        return bool(YAML().load(text) == document)
    except YAMLError:
        return False


def _round_trip(text: str) -> YAML:
    """A parser and writer that keeps quotes and, if recognisable, the text's indentation."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    try:
        _, indent, offset = load_yaml_guess_indent(text)
    except IndexError:  # a dash alone on its line
        indent, offset = None, None
    if offset is None:
        yaml.indent(mapping=indent or 2, sequence=4, offset=2)
    else:
        yaml.indent(mapping=2, sequence=indent, offset=offset)
    return yaml


def inline(fields: Mapping[str, Any]) -> CommentedMap:
    """A mapping written in flow style, on one line: {role: viewer}."""
    entry = CommentedMap(fields)
    entry.fa.set_flow_style()
    return entry


def _replace(path: Path, text: str) -> None:
    path = path.resolve()  # keep a symbolic link
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
    """Locks the folder: the file itself is replaced, so a lock on it would protect nothing."""
    folder = os.open(path.resolve().parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
