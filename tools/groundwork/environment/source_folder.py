"""Which files of a folder are sent to Google as a source: those that git and .gcloudignore do not exclude."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from groundwork.errors import UsageProblem

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

_IGNORES = (".gcloudignore", ".gitignore")
_NEVER = ".git\n.gcloudignore\n.gitignore\n"
"""Excluded by `gcloud builds submit` by default (https://cloud.google.com/sdk/gcloud/reference/topic/gcloudignore)."""


def source_files(folder: Path, never: str = "") -> list[Path]:
    """The files of a folder that are sent, by relative path, without the patterns of `never`. Raises UsageProblem if there are none."""
    with readable():
        found = sorted(_files(folder, folder, _exclusions(folder, never)))
    if not found:
        raise UsageProblem(f"There is nothing in {folder} that .gcloudignore and .gitignore do not exclude.")
    return found


def _exclusions(folder: Path, never: str) -> GitIgnoreSpec:
    import re2
    from pathspec import GitIgnoreSpec

    file = next((folder / name for name in _IGNORES if _is_own(folder, name)), None)
    lines = _lines(file) if file else []
    included = (line.partition(":")[2] for line in lines if line.startswith("#!include:"))
    more = [line for name in included if _is_own(folder, name) for line in _lines(folder / name)]
    try:
        return GitIgnoreSpec.from_lines([*_NEVER.splitlines(), *more, *lines, *never.splitlines()])
    except (ValueError, re.error, re2.error) as error:
        raise UsageProblem(f"{file} has a pattern that cannot be read: {error}") from None


def _is_own(folder: Path, name: str) -> bool:
    """Whether a name is that of a file in the folder itself: a repository's author chooses it, and would choose any file of the user's."""
    file = folder / name
    return file.is_file() and file.resolve(strict=True).parent == folder.resolve()


def _lines(file: Path) -> list[str]:
    return file.read_text("utf-8", "replace").splitlines()


@contextmanager
def readable() -> Iterator[None]:
    """Raises UsageProblem for a file or folder that cannot be read."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            raise
        raise UsageProblem(
            f"{error.filename} cannot be read: {error.strerror}. Exclude it in .gcloudignore if it is not needed."
        ) from None


def _files(folder: Path, top: Path, excluded: GitIgnoreSpec) -> Iterator[Path]:
    """The files below a folder that git would include; excluded folders are not entered, and links that lead out of the folder are skipped."""
    for path in folder.iterdir():
        inside = path.relative_to(top)
        is_folder = path.is_dir() and not path.is_symlink()
        name = os.fsencode(inside).decode("utf-8", "replace")
        if excluded.match_file(f"{name}/" if is_folder else name):
            continue
        if path.is_symlink() and _leads_out(path, top):
            continue
        if is_folder:
            yield from _files(path, top, excluded)
        elif path.is_symlink() or path.is_file():  # git ignores sockets and pipes too
            if name != inside.as_posix():
                raise UsageProblem(
                    f"{name} cannot be sent, since its name is not UTF-8: rename it, or exclude it in .gcloudignore."
                )
            yield inside


def _leads_out(link: Path, top: Path) -> bool:
    """Whether a link leads out of the folder, or in a circle: after one on its way, Python resolves nothing unless it is strict."""
    try:
        return not link.resolve(strict=True).is_relative_to(top.resolve())
    except FileNotFoundError:
        return not link.resolve().is_relative_to(top.resolve())
    except (OSError, RuntimeError):  # Python before 3.13 raises RuntimeError for a circle
        return True
