"""Opens loopback ports for engine.ports."""

from __future__ import annotations

import asyncio
import random
import socket
from functools import partial

from localcloud.engine.ports import Made, Opened, Opener
from localcloud.server.connection_limit import LimitedConnection, others_share

HOST = "127.0.0.1"
# Below the ephemeral port ranges of Linux and macOS, so that no outgoing connection takes a port while its server is down.
QUIET = range(20_000, 32_000)
_BACKLOG = 128


def opener(loop: asyncio.AbstractEventLoop) -> Opener:
    """A function that opens ports on an event loop; a taken port is replaced by any free one."""

    def opened(factory: Made, port: int) -> Opened:
        listening = _listening(port)
        limited = partial(LimitedConnection, factory, others_share())
        serving = loop.create_task(loop.create_server(limited, sock=listening, backlog=_BACKLOG))

        def close() -> None:
            if serving.done():
                serving.result().close()
            else:
                serving.cancel()
                listening.close()

        return Opened(listening.getsockname()[1], close)

    return opened


def free() -> list[int]:
    """Ports that are probably free, the last one certainly."""
    return [*random.sample(QUIET, 9), 0]


def _listening(port: int) -> socket.socket:
    wanted = [port, *free()] if port else free()
    while True:
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, wanted.pop(0)))
            listening.listen(_BACKLOG)
        except OSError:
            listening.close()
            if not wanted:
                raise
        else:
            return listening
