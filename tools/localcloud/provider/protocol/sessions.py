"""Provider sessions: each provider block's settings, keyed by its connection."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field

from localcloud.provider.settings import Settings

_MOST = 256


@dataclass
class ProviderSession:
    """One provider block of one Terraform run. `stopped` is set when Terraform asks to stop."""

    settings: Settings | None = None
    stopped: threading.Event = field(default_factory=threading.Event)
    used: float = field(default_factory=time.monotonic)


class Sessions:
    """Sessions by connection: each provider block has its own, so that aliases and parallel runs stay separate.

    Terraform does not announce when it leaves, so the least recently used are evicted above a limit that no run reaches.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._began = time.monotonic()
        self._lock = threading.Lock()
        self._sessions: OrderedDict[str, ProviderSession] = OrderedDict()

    def __len__(self) -> int:
        return len(self._sessions)

    def of(self, peer: str) -> ProviderSession:
        """A connection's session; a new one without settings if there is none."""
        with self._lock:
            session = self._sessions.get(peer)
            if session is None:
                session = self._sessions[peer] = ProviderSession()
            self._sessions.move_to_end(peer)
            session.used = time.monotonic()
            self._forget()
            return session

    def configure(self, peer: str, settings: Settings) -> ProviderSession:
        """Starts a new session for the connection: a reused port belongs to another Terraform run."""
        with self._lock:
            self._sessions[peer] = ProviderSession(settings)
            self._sessions.move_to_end(peer)
            self._forget()
            return self._sessions[peer]

    def _forget(self) -> None:
        while len(self._sessions) > self._most:
            self._sessions.popitem(last=False)

    def idle_seconds(self) -> float:
        """Seconds since the last request."""
        with self._lock:
            return time.monotonic() - max([one.used for one in self._sessions.values()], default=self._began)
