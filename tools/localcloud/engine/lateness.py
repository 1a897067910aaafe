"""Eventual consistency, simulated by named profiles on the cloud's clock and kept across restarts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.engine.clock import Clock
from localcloud.engine.store import Store

TABLES = """
CREATE TABLE IF NOT EXISTS late (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, api TEXT NOT NULL, name TEXT NOT NULL, at REAL NOT NULL, body TEXT);
CREATE INDEX IF NOT EXISTS late_named ON late (kind, api, name);
CREATE TABLE IF NOT EXISTS late_profile (name TEXT NOT NULL);
"""
_FORGOTTEN = 3600.0


@dataclass(frozen=True)
class Profile:
    """How many seconds of the clock each kind of change takes to become visible.

    `services`: an API that was enabled refuses with SERVICE_DISABLED, though Service Usage lists it as enabled.
    `policies`: a policy that was set is read back, but decides as the one before it.
    `accounts`: a new service account cannot be named in policies.
    `pools`: a new identity pool or provider exchanges no tokens.
    `lists`: per API, a list lacks what was made and still has what was deleted; "" is every other API.
    """

    services: float
    policies: float
    accounts: float
    pools: float
    lists: Mapping[str, float] = field(default_factory=dict)

    def list_of(self, api: str) -> float:
        """The delay of an API's lists."""
        return self.lists.get(api, self.lists.get("", 0))


# Cloud Storage lists buckets and objects as they are (https://cloud.google.com/storage/docs/consistency); IAM and Secret Manager
# say that theirs are late (https://cloud.google.com/iam/docs/service-account-overview, "eventually consistent",
# https://cloud.google.com/secret-manager/docs/overview). Policies: https://cloud.google.com/iam/docs/access-change-propagation.
# Pools: "up to 5 minutes", says the documentation of google-github-actions/auth.
PROFILES = {
    "as-google": Profile(
        services=180, policies=150, accounts=20, pools=300, lists={"storage": 0, "serviceusage": 0, "iam": 60, "": 30}
    )
}


class Lateness:
    """Changes that are not visible yet under the profile in force; without a profile nothing is delayed or recorded."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        store.define(TABLES)
        self.name = ""
        self._load()
        store.on_rollback(self._load)

    @property
    def profile(self) -> Profile | None:
        """The profile in force."""
        return PROFILES.get(self.name)

    def choose(self, name: str) -> None:
        """Activates a profile, "" for none (a write); KeyError for an unknown name."""
        if name:
            PROFILES[name]
        self._store.sql("DELETE FROM late_profile")
        self._store.sql("INSERT INTO late_profile VALUES (?)", name)
        self._store.sql("DELETE FROM late")
        self.name = name

    def note(self, kind: str, api: str, name: str, body: Any = None) -> None:
        """Records a change: "made", "gone" or "policy" (with the previous policy)."""
        if not self.name:
            return
        now = self._clock.seconds()
        self._store.sql("DELETE FROM late WHERE at < ?", now - _FORGOTTEN)
        text = None if body is None else json.dumps(body)
        self._store.sql(
            "INSERT INTO late (kind, api, name, at, body) VALUES (?, ?, ?, ?, ?)", kind, api, name, now, text
        )

    def fresh(self, api: str, name: str, delay: Callable[[Profile], float]) -> bool:
        """Whether a resource was created less than the profile's delay ago."""
        profile = self.profile
        return profile is not None and bool(
            self._store.row(
                "SELECT 1 FROM late WHERE kind = 'made' AND api = ? AND name = ? AND at > ?",
                api,
                name,
                self._since(delay(profile)),
            )
        )

    def gone(self, api: str, seconds: float) -> list[tuple[str, Any]]:
        """The resources that were deleted less than `seconds` ago, by name."""
        rows = self._store.sql(
            "SELECT name, body FROM late WHERE kind = 'gone' AND api = ? AND at > ?", api, self._since(seconds)
        )
        return [(name, json.loads(body)) for name, body in rows]

    def deciding(self, api: str, resource: str) -> Any:
        """The previous policy, while it still decides in place of the stored one; None when the stored one does."""
        profile = self.profile
        row = profile and self._store.row(
            "SELECT body FROM late WHERE kind = 'policy' AND api = ? AND name = ? AND at > ? ORDER BY id LIMIT 1",
            *(api, resource, self._since(profile.policies)),
        )
        return json.loads(row[0]) if row else None

    @property
    def policies_on_their_way(self) -> int:
        """The number of policies that are not in force yet; when it changes, cached decisions are stale."""
        if not self.name:
            return 0
        late = self._since(PROFILES[self.name].policies)
        return int(self._store.row("SELECT count(*) FROM late WHERE kind = 'policy' AND at > ?", late)[0])

    def _since(self, seconds: float) -> float:
        return self._clock.seconds() - seconds

    def _load(self) -> None:
        row = self._store.row("SELECT name FROM late_profile")
        self.name = row[0] if row else ""
