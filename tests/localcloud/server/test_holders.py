"""Who may ask a workload's metadata server."""

from __future__ import annotations

import os
import socket

from localcloud.server.holders import Holders


def test_nobody_may_ask_before_it_is_known_whose_it_is() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as asking:
            peer = f"ipv4:127.0.0.1:{asking.getsockname()[1]}"
            holders = Holders()
            assert not holders.hold(peer, port)
            holders.tell(os.getsid(0))
            assert holders.hold(peer, port)
