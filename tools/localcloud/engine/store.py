"""The store: resources, policies and operations in SQLite, large bodies as files beside it."""

from __future__ import annotations

import errno
import logging
import os
import sqlite3
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from localcloud.engine import deferred, state_folder
from localcloud.engine.deferred import Deferred
from localcloud.engine.derived import Derived
from localcloud.engine.state_folder import StateFolder, Untrusted
from localcloud.errors import CloudError, already_exists, damaged, disk_problem
from localcloud.spec import json_text

_log = logging.getLogger("localcloud")
Rows = list[Any]
IN_ROW = 64 * 1024
_PIECE = 1 << 20
# Locked for good: a second server would not see what this one writes.
_PRAGMAS = (
    "locking_mode=EXCLUSIVE",
    "journal_mode=WAL",
    "synchronous=FULL",
    "cache_size=-8192",
    "wal_autocheckpoint=4000",
)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS resources (
  service TEXT NOT NULL, parent TEXT NOT NULL, collection TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (service, name)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS resources_listed ON resources (service, collection, parent, name);
CREATE TABLE IF NOT EXISTS policies (
  service TEXT NOT NULL, resource TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (service, resource)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS operations (
  service TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (service, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""
Mark = tuple[int, int, deferred.Mark]


class Store:
    """One folder on disk: `cloud.db` and `blobs/`. Used by one thread.

    `writes[service]` grows with every change of that service's resources: what was derived from them is stale then.
    Writes belong to the transaction that the server opens around one request or several; it is on disk when they are answered.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._state = StateFolder(folder)
        self._blobs = self._state.bodies
        self._state.check()
        self._blobs.mkdir(parents=True, exist_ok=True)
        self._dropped: list[Path] = []
        self._added: list[Path] = []
        self.deferred = Deferred()
        self._on_rollback: list[Callable[[], None]] = []
        self._on_commit: list[Callable[[], None]] = []
        self.writes: defaultdict[str, int] = defaultdict(int)
        self.derived = Derived(self.writes)
        self.database = self._state.database
        self._db = sqlite3.connect(self.database, isolation_level=None, cached_statements=512)
        for pragma in _PRAGMAS:
            self._db.execute(f"PRAGMA {pragma}")
        self._inode = self.database.stat().st_ino
        verdict = self._db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            self.close()
            raise Untrusted(state_folder.damage(folder, " ".join(str(verdict).split())))
        self._db.execute("BEGIN")
        self.define(_SCHEMA)
        self._db.execute("COMMIT")

    def close(self) -> None:
        """Makes the deferred writes, checkpoints the log and closes the database."""
        with suppress(CloudError, sqlite3.Error, OSError):  # the folder may be gone
            self.settle()
            self.fold()
        self._db.close()

    @property
    def changes(self) -> int:
        """How many rows were changed since the start."""
        return self._db.total_changes

    def settle(self) -> None:
        """Makes the deferred writes."""
        if self.deferred.pending:
            with self.together():
                self.deferred.make()

    def fold(self) -> None:
        """Checkpoints the log into the database, so that one file holds all changes; if the folder was moved, its log moves with it."""
        if self.in_place:
            self._state.fold(self._db)

    @property
    def in_place(self) -> bool:
        """Whether the database file in the folder is still the open one."""
        try:
            return os.stat(self.database).st_ino == self._inode  # noqa: PTH116 - asked with every transaction
        except OSError:
            return False

    # Resources: one JSON body per full name and service.

    def get(self, service: str, name: str) -> dict[str, Any] | None:
        """The body stored under a full resource name, None when there is none."""
        row = self._db.execute("SELECT body FROM resources WHERE service = ? AND name = ?", (service, name)).fetchone()
        return None if row is None else json_text.written(row[0])

    def insert(self, service: str, name: str, body: dict[str, Any]) -> None:
        """Adds a new resource; ALREADY_EXISTS (409) when the name is taken."""
        try:
            self._write(service, name, body, "INSERT")
        except sqlite3.IntegrityError:
            raise already_exists(f"Resource '{name}' already exists.") from None

    def put(self, service: str, name: str, body: dict[str, Any]) -> None:
        """Adds or replaces a resource."""
        self._write(service, name, body, "INSERT OR REPLACE")

    def delete(self, service: str, name: str) -> bool:
        """Removes one resource, but nothing below it (see delete_below); False when there was none."""
        self.writes[service] += 1
        cursor = self._db.execute("DELETE FROM resources WHERE service = ? AND name = ?", (service, name))
        return cursor.rowcount > 0

    def delete_below(self, service: str, name: str) -> int:
        """Removes everything whose name starts with `name/`; returns how many."""
        self.writes[service] += 1
        low, high = f"{name}/", f"{name}0"  # "0" follows "/"
        cursor = self._db.execute(
            "DELETE FROM resources WHERE service = ? AND name > ? AND name < ?", (service, low, high)
        )
        return cursor.rowcount

    def list(
        self, service: str, parent: str, collection: str, after: str = "", limit: int | None = None
    ) -> list[tuple[str, dict[str, Any]]]:
        """(name, body) of a collection, sorted by name, beginning after the name `after`.

        A `-` segment in `parent` ("projects/p/locations/-") means every value.
        """
        wild = "-" in parent.split("/")
        clause = "parent GLOB ?" if wild else "parent = ?"
        wanted = "/".join("*" if word == "-" else word for word in parent.split("/")) if wild else parent
        rows = self._db.execute(
            f"SELECT name, body FROM resources WHERE service = ? AND collection = ? AND {clause} AND name > ? "  # noqa: S608
            "ORDER BY name LIMIT ?",
            (service, collection, wanted, after, -1 if limit is None else limit),
        )
        depth = parent.count("/")
        return [(name, json_text.written(body)) for name, body in rows if not wild or name.count("/") == depth + 2]

    def _write(self, service: str, name: str, body: dict[str, Any], how: str) -> None:
        self.writes[service] += 1
        parent, collection = place(name)
        self._db.execute(
            f"{how} INTO resources (service, parent, collection, name, body) VALUES (?, ?, ?, ?, ?)",
            (service, parent, collection, name, json_text.write(body)),
        )

    def define(self, ddl: str) -> None:
        """Creates a service's own tables, in the transaction that is open; the DDL must say IF NOT EXISTS, and has no other semicolons."""
        for statement in ddl.split(";"):
            self._db.execute(statement)

    def sql(self, query: str, *params: Any) -> Rows:
        """Runs one statement on a service's own tables; the rows as tuples."""
        return self._db.execute(query, params).fetchall()

    def row(self, query: str, *params: Any) -> Any:
        """The first row of one statement as a tuple, None when there is none."""
        return self._db.execute(query, params).fetchone()

    def changed(self, query: str, *params: Any) -> int:
        """Runs one writing statement; how many rows it touched."""
        return self._db.execute(query, params).rowcount

    def next(self, counter: str, start: int = 1) -> int:
        """The next value of a lasting counter; the first is `start`."""
        row = self._db.execute(
            "INSERT INTO counters VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value",
            (counter, start),
        ).fetchone()
        return int(row[0])

    def keep(self, data: bytes | Path) -> bytes | str:
        """Keeps a body: ≤ 64 KiB comes back as bytes for the row, larger as the name of a synced file under blobs/.

        A Path is moved, not copied.
        """
        if isinstance(data, bytes) and len(data) <= IN_ROW:
            return data
        if isinstance(data, Path) and data.stat().st_size <= IN_ROW:
            return data.read_bytes()
        name = uuid.uuid4().hex
        target = self.blob(name)
        self._added.append(target)
        try:
            if isinstance(data, Path):
                data.rename(target)
            else:
                target.write_bytes(data)
            sync(target)
            sync(self._blobs)
        except OSError as problem:
            raise self.explain(problem) from None
        return name

    def blob(self, name: str) -> Path:
        """The file behind a name that `keep` gave."""
        return self._blobs / name

    def drop(self, name: str) -> None:
        """Removes a kept file once the change that gave it up is on disk."""
        self._dropped.append(self.blob(name))

    def body(self, name: str, size: int) -> Path:
        """The kept file of that many bytes; 400 (FAILED_PRECONDITION) when it is gone or has another size."""
        path = self.blob(name)
        try:
            size_on_disk = path.stat().st_size
        except OSError as problem:
            raise damaged(f"The file {path}, which held {size} bytes of content, cannot be read ({problem}).") from None
        if size_on_disk != size:
            raise damaged(f"The file {path} is damaged: it has {size_on_disk} bytes of content, not {size}.")
        return path

    def tidy(self) -> None:
        """Removes what was arriving when a server was killed, and sets files aside that no row names.

        Rows name them in columns called `blob`; called once all tables are defined.
        """
        blobs: set[str] = set()
        for (table,) in self.sql("SELECT name FROM sqlite_master WHERE type = 'table'"):
            if any(column[1] == "blob" for column in self.sql(f'PRAGMA table_info("{table}")')):
                blobs |= {name for (name,) in self.sql(f'SELECT blob FROM "{table}" WHERE blob IS NOT NULL')}  # noqa: S608
        if moved := self._state.tidy(blobs):
            _log.warning("%d bodies that belong to no object were set aside in %s.", len(moved), moved[0].parent)

    def spool(self) -> Path:
        """A path for a body that is still arriving, on the blobs' own disk."""
        return self._blobs / f"incoming-{uuid.uuid4().hex}"

    # Transactions: the server's business, not a service's.

    def begin(self) -> None:
        """Opens the transaction that holds one or several requests."""
        self._db.execute("BEGIN")

    def commit(self) -> None:
        """Puts the transaction on disk; raises 400 (FAILED_PRECONDITION) and keeps nothing when the disk refuses."""
        try:
            if not self.in_place:
                raise FileNotFoundError(errno.ENOENT, "the database was removed or replaced", str(self.database))
            self._db.execute("COMMIT")
        except (sqlite3.Error, OSError) as problem:
            self.rollback()
            raise self.explain(problem) from None
        self._state.unfolded()
        self.deferred.committed()
        self._added.clear()
        _remove(self._dropped)
        for listener in self._on_commit:
            listener()

    def rollback(self) -> None:
        """Forgets the transaction, its files included."""
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")
        self.deferred.rolled_back()
        self._dropped.clear()
        _remove(self._added)
        self._forgotten()

    def savepoint(self) -> Mark:
        """Marks where a request begins inside the transaction."""
        self._db.execute("SAVEPOINT request")
        return len(self._added), len(self._dropped), self.deferred.mark()

    def release(self) -> None:
        """Accepts what the request did since its savepoint."""
        self._db.execute("RELEASE request")

    def undo(self, mark: Mark) -> None:
        """Takes back what the request did since its savepoint, or everything when SQLite has ended the transaction itself."""
        if not self._db.in_transaction:
            self.rollback()
            return
        self._db.execute("ROLLBACK TO request")
        self._db.execute("RELEASE request")
        added = self._added[mark[0] :]
        del self._added[mark[0] :], self._dropped[mark[1] :]
        self.deferred.undo(mark[2])
        _remove(added)
        self._forgotten()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A transaction of its own, on disk at the end of the block."""
        self.begin()
        try:
            yield
        except BaseException:
            self.rollback()
            raise
        self.commit()

    @contextmanager
    def together(self) -> Iterator[None]:
        """All the writes of a block or none of them, also in a read, which has no transaction of its own."""
        if not self.open:
            with self.transaction():
                yield
            return
        mark = self.savepoint()
        try:
            yield
        except BaseException:
            self.undo(mark)
            raise
        self.release()

    def empty(self) -> None:
        """Forgets everything, the services' own tables and the bodies included."""
        self.settle()
        tables = self.sql("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        self.begin()
        for (table,) in tables:
            self.sql(f'DELETE FROM "{table}"')  # noqa: S608 - the name is from the schema
        self.commit()
        self._state.empty()
        self._forgotten()

    @property
    def open(self) -> bool:
        """Whether a transaction is open; SQLite ends one by itself when a disk fails."""
        return self._db.in_transaction

    def on_rollback(self, forget: Callable[[], None]) -> None:
        """Registers a memory that must be dropped when writes are taken back."""
        self._on_rollback.append(forget)

    def on_commit(self, listener: Callable[[], None]) -> None:
        """Registers what is to hear that a transaction is on disk."""
        self._on_commit.append(listener)

    def explain(self, problem: Exception) -> CloudError:
        """A SQLite or file error as the answer that names the disk."""
        if state_folder.is_damage(problem):
            return damaged(state_folder.damage(self.folder, problem))
        return disk_problem(problem, str(self.folder))

    def _forgotten(self) -> None:
        for service in self.writes:
            self.writes[service] += 1
        for forget in self._on_rollback:
            forget()


def file_pieces(path: Path) -> Iterator[bytes]:
    """The content of a file in pieces of at most 1 MiB."""
    with path.open("rb") as stream:
        while piece := stream.read(_PIECE):
            yield piece


def sync(path: Path) -> None:
    """Waits until a file's content or a folder's names are on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def place(name: str) -> tuple[str, str]:
    """A full name's parent and collection: "projects/p/secrets/s" → ("projects/p", "secrets")."""
    words = name.rsplit("/", 2)
    return (words[0], words[1]) if len(words) == 3 else ("", words[0])


def _remove(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
    paths.clear()
