"""Provider sessions: the settings of each provider block, told apart by its connection."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field

from localcloud.provider.settings import Settings

_MOST = 256


@dataclass
class ProviderSession:
    """One provider block of one terraform run. `stopped` is set when that run asks to stop."""

    settings: Settings | None = None
    stopped: threading.Event = field(default_factory=threading.Event)
    used: float = field(default_factory=time.monotonic)


class Sessions:
    """Sessions by connection: every provider block has its own, so that aliases and parallel runs do not mix.

    Terraform does not say good-bye. The least recently used sessions are forgotten beyond a number that no run reaches.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._began = time.monotonic()
        self._lock = threading.Lock()
        self._sessions: OrderedDict[str, ProviderSession] = OrderedDict()

    def __len__(self) -> int:
        return len(self._sessions)

    def of(self, peer: str) -> ProviderSession:
        """The session of a connection; a new one without settings when it is unknown."""
        with self._lock:
            session = self._sessions.get(peer)
            if session is None:
                session = self._sessions[peer] = ProviderSession()
            self._sessions.move_to_end(peer)
            session.used = time.monotonic()
            self._forget()
            return session

    def configure(self, peer: str, settings: Settings) -> ProviderSession:
        """A new session for the connection: a port that is used again is another terraform."""
        with self._lock:
            self._sessions[peer] = ProviderSession(settings)
            self._sessions.move_to_end(peer)
            self._forget()
            return self._sessions[peer]

    def _forget(self) -> None:
        while len(self._sessions) > self._most:
            self._sessions.popitem(last=False)

    def idle_seconds(self) -> float:
        """How long nobody has asked anything."""
        with self._lock:
            return time.monotonic() - max([one.used for one in self._sessions.values()], default=self._began)
