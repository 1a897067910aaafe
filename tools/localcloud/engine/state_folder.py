"""Checks that a state folder still holds everything that was acknowledged; the server refuses to start without it."""

from __future__ import annotations

import errno
import sqlite3
from contextlib import suppress
from pathlib import Path

DATABASE = "cloud.db"
BODIES = "blobs"
ASIDE = "set-aside"
_LOG = f"{DATABASE}-wal"
_UNFOLDED = f"{DATABASE}-unfolded"
_ARRIVING = "incoming-"
_NO_SPACE = (errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EFBIG, errno.EIO)
_DISK_CODES = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN)
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class Untrusted(Exception):
    """What the state folder lacks, and what to do, as a sentence."""


class StateFolder:
    """The files beside the database: its log, a marker for changes that only the log has, and bodies of objects."""

    def __init__(self, folder: Path) -> None:
        self.path = folder
        self.database = folder / DATABASE
        self.bodies = folder / BODIES
        self._mark = folder / _UNFOLDED
        self._marked = self._mark.exists()

    def check(self) -> None:
        """Raises Untrusted when a file with acknowledged changes is missing. To be called before the database is opened."""
        if _size(self.database) == 0:
            leftovers = [
                self.path / _LOG,
                self.path / "secrets.key",
                *(self.bodies.iterdir() if self.bodies.is_dir() else ()),
            ]
            for one in leftovers:
                if _size(one) and not one.name.startswith(_ARRIVING):
                    raise Untrusted(
                        f"The local cloud's database {self.database} is missing or empty, but {one} is there: put the database "
                        f"back, or remove the folder {self.path} to start over."
                    )
        elif self._marked and _size(self.path / _LOG) == 0:
            raise Untrusted(
                f"The log {self.path / _LOG} is missing or empty, and with it the last changes of the local cloud: put it back, "
                f"or remove {self._mark} to go on with what {self.database} holds."
            )

    def unfolded(self) -> None:
        """Marks that the log holds a change that the database does not hold yet; a transaction may have changed nothing."""
        if not self._marked and _size(self.path / _LOG):
            self._marked = True
            with suppress(OSError):  # the change is on disk; only that its log went would not be noticed
                self._mark.touch()

    def fold(self, db: sqlite3.Connection) -> None:
        """Checkpoints the log into the database and empties it."""
        if not self._marked:
            return
        busy, frames, folded = db.execute("PRAGMA wal_checkpoint(FULL)").fetchone()
        if busy or frames != folded:
            return
        self._mark.unlink(missing_ok=True)
        self._marked = False
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    def tidy(self, bodies: set[str]) -> list[Path]:
        """Removes incomplete uploads of a killed server; moves bodies that no row names aside, and returns their new paths.

        Such a body was never acknowledged, or its object is deleted; but a database that is not the one they were written
        for would name none of them.
        """
        moved = []
        for body in list(self.bodies.iterdir()):
            if body.name.startswith(_ARRIVING):
                body.unlink()
            elif body.name not in bodies:
                (self.path / ASIDE).mkdir(exist_ok=True)
                moved.append(body.replace(self.path / ASIDE / body.name))
        return moved

    def empty(self) -> None:
        """Removes all bodies, including those that were moved aside."""
        for folder in (self.bodies, self.path / ASIDE):
            for body in folder.iterdir() if folder.is_dir() else ():
                body.unlink()


def is_damage(problem: BaseException) -> bool:
    """Whether SQLite reports a damaged file."""
    return isinstance(problem, sqlite3.Error) and getattr(problem, "sqlite_errorcode", 0) & 0xFF in _DAMAGED


def disk_refused(problem: BaseException) -> bool:
    """Whether an exception means that the disk is full, read-only or failing, or the database damaged."""
    if isinstance(problem, sqlite3.Error):
        return is_damage(problem) or getattr(problem, "sqlite_errorcode", 0) & 0xFF in _DISK_CODES
    return isinstance(problem, OSError) and problem.errno in _NO_SPACE


def damage(folder: Path, cause: object) -> str:
    """The sentence about a damaged database."""
    return (
        f"The local cloud's database {folder / DATABASE} is damaged ({cause}): put back a copy of the folder, or remove {folder} "
        "to start over."
    )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
