"""Folders of this machine that stand in for GitHub repositories: named by the user, and read when a push is reported."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from localcloud.engine.cloud import Cloud
from localcloud.errors import failed_precondition, invalid
from localcloud.services.cloudbuild.git import Git

TABLES = """
CREATE TABLE IF NOT EXISTS cloudbuild_folders (remote TEXT PRIMARY KEY, folder TEXT NOT NULL, refs TEXT NOT NULL) WITHOUT ROWID;
"""
_REMOTE = re.compile(
    r"(?:https://|ssh://git@|git@)?(?P<host>[a-z0-9.-]+\.[a-z]+)[/:](?P<path>[\w.-]+/[\w./-]+?)(?:\.git)?/?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Push:
    """A branch or tag, and its commits at the last look and now; `old` is "" for a new one, and the same as `new` where nothing was pushed."""

    remote: str
    ref: str
    old: str
    new: str


def remote(url: str) -> str:
    """A repository's address without scheme and suffix, "github.com/owner/name"; 400 if it is not a repository's."""
    match = _REMOTE.fullmatch(url.strip())
    if match is None:
        raise invalid(
            f"{url!r} is not the address of a git repository, such as https://github.com/OWNER/NAME.git.", "remote_uri"
        )
    return f"{match['host']}/{match['path']}".lower()


def name(cloud: Cloud, url: str, folder: str) -> None:
    """Sets the folder that stands in for a repository; its existing commits are not pushes. 400 if it has no repository."""
    path = Path(folder)
    if not path.is_absolute() or not path.is_dir():
        raise invalid(f"{folder!r} is not a folder on this machine; give its absolute path.", "folder")
    refs = Git(path).refs()
    cloud.store.sql(
        "INSERT OR REPLACE INTO cloudbuild_folders VALUES (?, ?, ?)", remote(url), str(path), json.dumps(refs)
    )


def all_(cloud: Cloud) -> dict[str, str]:
    """Every repository with the folder that stands in for it."""
    return dict(cloud.store.sql("SELECT remote, folder FROM cloudbuild_folders ORDER BY remote"))


def find(cloud: Cloud, url: str) -> Git:
    """The git repository in the folder that stands in for a repository; 400 with the command to set one if there is none."""
    row = cloud.store.row("SELECT folder FROM cloudbuild_folders WHERE remote = ?", remote(url))
    if row is None:
        raise failed_precondition(
            f"No folder of this machine stands in for {url}: name one with `groundwork local repository {url} FOLDER`."
        )
    return Git(Path(row[0]))


def pushed(cloud: Cloud, only: str = "") -> Iterator[Push]:
    """Every branch and tag of all folders, or of one, that was there or has been pushed since the last call, which is remembered."""
    only_remote = remote(only) if only else ""
    if only_remote:
        find(cloud, only)
    rows = cloud.store.sql("SELECT remote, folder, refs FROM cloudbuild_folders WHERE ? IN ('', remote)", only_remote)
    for known, folder, text in rows:
        before, now = json.loads(text), Git(Path(folder)).refs()
        cloud.store.sql("UPDATE cloudbuild_folders SET refs = ? WHERE remote = ?", json.dumps(now), known)
        yield from (Push(known, ref, before.get(ref, ""), commit) for ref, commit in sorted(now.items()))
