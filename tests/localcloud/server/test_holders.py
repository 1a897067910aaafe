"""Which processes may call a workload's metadata server."""

from __future__ import annotations

import os
import socket

from localcloud.server.holders import Holders


def test_no_caller_is_admitted_before_the_owner_is_known() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as asking:
            peer = f"ipv4:127.0.0.1:{asking.getsockname()[1]}"
            holders = Holders()
            assert not holders.hold(peer, port)
            holders.tell(os.getsid(0))
            assert holders.hold(peer, port)
