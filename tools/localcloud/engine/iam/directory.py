"""The directory of users and groups, as far as the local cloud has been told of them.

Google knows every account and group. Here, any address is accepted until the list of known ones is set and closed; an address that is
known to be of another kind is always refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from localcloud.engine.store import Store
from localcloud.errors import CloudError, invalid

TABLES = """
CREATE TABLE IF NOT EXISTS directory (spelt TEXT PRIMARY KEY, kind TEXT NOT NULL, address TEXT NOT NULL) WITHOUT ROWID;
"""
_KINDS = {"users": "user", "groups": "group"}
_CLOSED = "closed"
_EMAIL = re.compile(r"[^@\s:/]+@[^@\s:/]+")
_ACCOUNTS = ".gserviceaccount.com"


class Directory:
    """Users and groups, by every spelling of their addresses."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, tuple[str, str]] | None = None
        store.define(TABLES)
        store.on_rollback(self._changed)

    def told(self) -> dict[str, Any]:
        """The known users, groups and aliases, and whether the list is complete."""
        rows = self._store.sql("SELECT spelt, kind, address FROM directory ORDER BY address, spelt")
        known: dict[str, Any] = {
            name: [address for spelt, one, address in rows if one == kind and spelt == address.lower()]
            for name, kind in _KINDS.items()
        }
        aliases = {spelt: address for spelt, kind, address in rows if spelt != address.lower() and kind != _CLOSED}
        return known | {"aliases": aliases, "closed": any(kind == _CLOSED for _, kind, _ in rows)}

    def tell(self, changes: Mapping[str, Any]) -> None:
        """Adds users, groups and aliases (spelling: address of a known one), and opens or closes the list; ValueError with a sentence."""
        if unknown := set(changes) - {*_KINDS, "aliases", "closed"}:
            raise ValueError(f"{min(unknown)} is not one of users, groups, aliases and closed.")
        for name, kind in _KINDS.items():
            for address in changes.get(name, ()):
                self._put(address, kind, address)
        for spelt, address in dict(changes.get("aliases", {})).items():
            entry = self._found(address)
            if entry is None:
                raise ValueError(f"{spelt} is an alias of {address}, which is not in the directory; add that one, too.")
            self._put(spelt, entry[0], entry[1])
        if "closed" in changes:
            self._changed()
            self._store.sql("DELETE FROM directory WHERE kind = ?", _CLOSED)
            if changes["closed"]:
                self._store.sql("INSERT INTO directory VALUES ('', ?, '')", _CLOSED)

    def forget(self) -> None:
        """Empties the directory, and accepts everybody again."""
        self._store.sql("DELETE FROM directory")
        self._changed()

    def member(self, member: str) -> str:
        """A user or group under its primary address; 400 for one of another kind, or an unknown one."""
        kind, _, address = member.partition(":")
        if kind not in _KINDS.values():
            return member
        if address.lower().endswith(_ACCOUNTS):
            raise _other_kind(member, "serviceAccount", address)
        entry = self._found(address)
        if entry is None:
            if self._found("") is None:
                return member
            raise invalid(f"{kind.title()} {address} does not exist.")
        if entry[0] != kind:
            raise _other_kind(member, *entry)
        return f"{kind}:{entry[1]}"

    def _found(self, spelt: str) -> tuple[str, str] | None:
        if self._known is None:
            rows = self._store.sql("SELECT spelt, kind, address FROM directory")
            self._known = {spelt: (kind, address) for spelt, kind, address in rows}
        return self._known.get(spelt.lower())

    def _changed(self) -> None:
        self._known = None

    def _put(self, spelt: str, kind: str, address: str) -> None:
        if not _EMAIL.fullmatch(spelt):
            raise ValueError(f"{spelt} is not an e-mail address.")
        self._store.sql("INSERT OR REPLACE INTO directory VALUES (?, ?, ?)", spelt.lower(), kind, address)
        self._changed()


def _other_kind(member: str, kind: str, address: str) -> CloudError:
    return invalid(f'Principal {member} is of type "{kind}". The principal should appear as "{kind}:{address}".')
