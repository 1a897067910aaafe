"""The logins in a configuration folder of gcloud's, as `gcloud auth login` leaves them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CLIENT = "32555940559.apps.googleusercontent.com"
"""gcloud's own client ID. Source: https://cloud.google.com/run/docs/authenticating/developers."""
_LOGINS, _TOKENS = "credentials.db", "access_tokens.db"


def store(folder: Path, account: str, secret: str) -> None:
    """Lets gcloud act as an account of the local cloud (simulated), and list it.

    With a refresh token, unlike with an access token, gcloud also prints identity tokens; and a login in this folder, unlike one
    in a file of its own, has an account that `gcloud auth list` and refusals name.
    """
    login = {
        "type": "authorized_user",
        "client_id": _CLIENT,
        "client_secret": "simulated",
        "refresh_token": secret,
        "token_uri": "https://oauth2.googleapis.com/token",
        "universe_domain": "googleapis.com",
    }
    value = json.dumps(login)
    folder.mkdir(mode=0o700, exist_ok=True)
    with _table(folder / _LOGINS) as database:
        database.execute("CREATE TABLE IF NOT EXISTS credentials (account_id TEXT PRIMARY KEY, value BLOB)")
        known = database.execute("SELECT value FROM credentials WHERE account_id = ?", (account,)).fetchone()
        if known == (value,):
            return
        database.execute("REPLACE INTO credentials VALUES (?, ?)", (account, value))
    if (folder / _TOKENS).exists():
        with _table(folder / _TOKENS) as database:
            if database.execute("SELECT 1 FROM sqlite_master WHERE name = 'access_tokens'").fetchone():
                database.execute("DELETE FROM access_tokens WHERE account_id = ?", (account,))


@contextmanager
def _table(file: Path) -> Iterator[sqlite3.Connection]:
    """A database that only its owner can read, in one transaction; gcloud may be using it."""
    file.touch(mode=0o600)
    database = sqlite3.connect(file, timeout=30)
    try:
        with database:
            yield database
    finally:
        database.close()
