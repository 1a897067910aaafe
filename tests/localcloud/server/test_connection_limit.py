"""Connections under load: this user's are accepted, those of others dropped."""

import asyncio
import os
import resource
import subprocess
from collections.abc import Awaitable, Callable
from functools import partial

import pytest
from localcloud.server.connection_limit import LimitedConnection, make_room, others_share

ASKS = """
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 30) as opened:
    try:
        print(opened.recv(10).decode())
    except ConnectionError:
        print()
"""


class Greeting(asyncio.Protocol):
    """Sends a greeting and hangs up."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(b"welcome")
        transport.close()


async def connect_as_owner(port: int) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    greeting = await reader.read()
    writer.close()
    return greeting.decode()


async def connect_as_another_user(port: int) -> str:
    command = ["/usr/bin/env", "python3", "-c", ASKS, str(port)]
    ask = partial(subprocess.run, command, user=65534, group=65534, cwd="/", capture_output=True, text=True, check=True)
    return (await asyncio.to_thread(ask)).stdout.strip()


def greet(caller: Callable[[int], Awaitable[str]], limit: int) -> str:
    """What a caller receives when more than `limit` files are open."""

    async def served() -> str:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(partial(LimitedConnection, Greeting, limit), "127.0.0.1", 0)
        try:
            return await caller(server.sockets[0].getsockname()[1])
        finally:
            server.close()

    return asyncio.run(served())


def test_its_own_user_is_always_admitted() -> None:
    assert greet(connect_as_owner, 0) == greet(connect_as_owner, 10**6) == "welcome"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_another_user_is_admitted_while_there_is_room() -> None:
    assert (greet(connect_as_another_user, 10**6), greet(connect_as_another_user, 0)) == ("welcome", "")


def test_the_limit_of_open_files_is_raised_as_far_as_useful() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (512, before[1]))
        assert others_share() == 256
        make_room()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == min(8192, before[1] % 2**63)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
