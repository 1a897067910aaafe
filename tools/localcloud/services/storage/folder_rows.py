"""The table of folders: managed folders, and those of buckets with a hierarchical namespace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from localcloud.engine.store import Store
from localcloud.services.storage import rows
from localcloud.services.storage.listing import FOLDER, successor
from localcloud.services.storage.rows import ObjectVersion, Span

PLAIN, MANAGED = 0, 1
_COLUMNS = "bucket, managed, name, metageneration, created, updated"


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder; its `name` ends with a slash, times in microseconds."""

    bucket: str
    managed: int
    name: str
    metageneration: int
    created: int
    updated: int


def find(store: Store, bucket: str, managed: int, name: str) -> Folder | None:
    """The folder of that name, None when there is none."""
    row = store.row(
        f"SELECT {_COLUMNS} FROM storage_folders WHERE bucket = ? AND managed = ? AND name = ?",  # noqa: S608
        bucket, managed, name,
    )  # fmt: skip
    return None if row is None else Folder(*row)


def page(store: Store, bucket: str, managed: int, prefix: str, after: str, limit: int) -> list[Folder]:
    """Folders whose names start with `prefix` and come after `after`, in order."""
    end = successor(prefix)
    clause, params = ("", []) if end is None else ("AND name < ? ", [end])
    rows_ = store.sql(
        f"SELECT {_COLUMNS} FROM storage_folders WHERE bucket = ? AND managed = ? AND name >= ? AND name > ? {clause}"  # noqa: S608
        "ORDER BY name LIMIT ?",
        bucket, managed, prefix, after, *params, limit,
    )  # fmt: skip
    return [Folder(*row) for row in rows_]


def add(store: Store, folder: Folder) -> None:
    """Adds a folder; an existing one is unchanged."""
    values: tuple[Any, ...] = (folder.bucket, folder.managed, folder.name, folder.metageneration)
    store.sql(
        "INSERT OR IGNORE INTO storage_folders VALUES (?, ?, ?, ?, ?, ?)", *values, folder.created, folder.updated
    )


def change(store: Store, folder: Folder) -> None:
    """Stores a changed folder."""
    store.sql(
        "UPDATE storage_folders SET metageneration = ?, updated = ? WHERE bucket = ? AND managed = ? AND name = ?",
        folder.metageneration, folder.updated, folder.bucket, folder.managed, folder.name,
    )  # fmt: skip


def remove(store: Store, folder: Folder) -> None:
    """Removes a folder, but not its contents."""
    store.sql(
        "DELETE FROM storage_folders WHERE bucket = ? AND managed = ? AND name = ?",
        folder.bucket, folder.managed, folder.name,
    )  # fmt: skip


def rename(store: Store, bucket: str, managed: int, old: str, new: str) -> None:
    """Renames a folder and everything below it."""
    store.sql(
        "UPDATE storage_folders SET name = ? || substr(name, ?) WHERE bucket = ? AND managed = ? AND name >= ? AND name < ?",
        new, len(old) + 1, bucket, managed, old, successor(old),
    )  # fmt: skip


def stretch(store: Store, span: Span, limit: int) -> list[ObjectVersion]:
    """Object versions and folders of all kinds in order of name; folders have a row state of their own."""
    end = "" if span.end is None else "AND name < ? "
    names = store.sql(
        f"SELECT DISTINCT name FROM storage_folders WHERE bucket = ? AND name >= ? {end}ORDER BY name LIMIT ?",  # noqa: S608
        span.bucket, span.name, *([] if span.end is None else [span.end]), limit,
    )  # fmt: skip
    folders = [
        ObjectVersion(0, span.bucket, name, 0, 0, FOLDER, 0, None, 0, "", None)
        for (name,) in names
        if (name, 0) >= (span.name, span.generation)
    ]
    merged = [*rows.stretch(store, span, limit), *folders]
    return sorted(merged, key=lambda row: (row.name, row.generation))[:limit]


def ensure(store: Store, bucket: str, name: str, now: int) -> None:
    """Creates the plain folders that contain an object or folder of this name."""
    for at, letter in enumerate(name[:-1]):
        if letter == "/":
            add(store, Folder(bucket, PLAIN, name[: at + 1], 1, now, now))
