"""Secret payloads: stored apart from the resources, encrypted on disk, and erased when a version is destroyed."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import google_crc32c

from localcloud.engine.store import Store, sync
from localcloud.errors import damaged

TABLES = """
CREATE TABLE IF NOT EXISTS secret_payloads (
  secret TEXT NOT NULL, number INTEGER NOT NULL, sealed BLOB, PRIMARY KEY (secret, number)) WITHOUT ROWID;
"""
_NONCE = 12
_BITS = 256
_KEY = "secrets.key"
_REMEDY = "put back the file that the folder had, or reset the local cloud and set its secrets again."


def add(store: Store, secret: str, data: bytes) -> int:
    """Stores a payload as the newest version of a secret; returns its number, counted from 1 and never reused."""
    number = newest(store, secret) + 1
    sealed = _seal(store, f"{secret}/{number}", data)
    store.sql("INSERT INTO secret_payloads VALUES (?, ?, ?)", secret, number, sealed)
    return number


def read(store: Store, secret: str, number: int) -> bytes:
    """The payload of a version that was not erased; LookupError when it was."""
    row = store.row("SELECT sealed FROM secret_payloads WHERE secret = ? AND number = ?", secret, number)
    if row is None or row[0] is None:
        raise LookupError(f"{secret}/versions/{number} holds no payload any more.")
    return _open(store, f"{secret}/{number}", row[0])


def newest(store: Store, secret: str) -> int:
    """The number of a secret's newest version, whatever its state; 0 when it has none."""
    row = store.row("SELECT MAX(number) FROM secret_payloads WHERE secret = ?", secret)
    return row[0] or 0


def wipe(store: Store, secret: str, number: int) -> None:
    """Erases a payload; its number stays taken."""
    store.sql("UPDATE secret_payloads SET sealed = NULL WHERE secret = ? AND number = ?", secret, number)


def wipe_all(store: Store, secret: str) -> None:
    """Erases every payload of a secret, and its numbers."""
    store.sql("DELETE FROM secret_payloads WHERE secret = ?", secret)


def checksum(data: bytes) -> int:
    """CRC32C as Secret Manager computes it."""
    return int(google_crc32c.value(data))


def _seal(store: Store, owner: str, data: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(_key(store)).encrypt(nonce, data, owner.encode())


def _open(store: Store, owner: str, sealed: bytes) -> bytes:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(_key(store)).decrypt(sealed[:_NONCE], sealed[_NONCE:], owner.encode())
    except InvalidTag:
        raise damaged(f"{store.folder / _KEY} does not open {owner}: {_REMEDY}") from None


def _key(store: Store) -> bytes:
    """The key of one state folder, made on first use: no value lies readable in the database, its log or a copy of them."""
    path = store.folder / _KEY
    key = path.read_bytes() if path.exists() else b""
    if len(key) == _BITS // 8:
        return key
    if store.row("SELECT 1 FROM secret_payloads WHERE sealed IS NOT NULL LIMIT 1"):
        state = f"holds {len(key)} bytes instead of {_BITS // 8}" if key else "is missing or empty"
        raise damaged(f"{path} {state}, and without it no secret can be opened: {_REMEDY}")
    key = secrets.token_bytes(_BITS // 8)
    _write_synced(path, key)
    return key


def _write_synced(path: Path, key: bytes) -> None:
    fresh = path.with_suffix(".new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
        stream.write(key)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(path)
    sync(path.parent)
