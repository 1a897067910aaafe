"""The scan uses no network."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.policies.cases import ROOT

TRIES = {
    "a connection": "socket.create_connection(('127.0.0.1', 9))",
    "a name": "socket.getaddrinfo('example.com', 443)",
    "a packet": "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))",
}


@pytest.mark.parametrize("what", TRIES)
def test_whatever_reaches_for_the_network_is_stopped(what: str) -> None:
    code = f"import socket, sys; from policies.offline import refuse_network; sys.addaudithook(refuse_network); {TRIES[what]}"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "tools", capture_output=True, text=True, check=False, timeout=30
    )
    assert result.returncode == 1
    assert "PermissionError: The policy scan must not use the network" in result.stderr
