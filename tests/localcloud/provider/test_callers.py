"""Who may call the provider: processes of the user who started it, as the system's tables of connections say."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from localcloud import WORKS_FOR_IT
from localcloud.provider import callers
from localcloud.provider.callers import Socket, admitted, belongs, caller, listed
from localcloud.provider.protocol.handlers import handlers
from localcloud.provider.protocol.messages import PACKAGE
from localcloud.provider.protocol.servicer import METHODS, Servicer
from localcloud.provider.protocol.working_directory import folder_of
from localcloud.server import launcher

from tests.localcloud.provider.protocol.test_connection import serving

ME = os.geteuid()
NOBODY = 65534
REFUSED = dict.fromkeys(METHODS, "PERMISSION_DENIED")
TABLE = """\
   1: 0100007F:1267 0100007F:2710 01 00000000:00000000 00:00000000 00000000  1000        0 4242 1 0 20 4 30 10 -1
   2: 0100007F:2710 0100007F:1267 01 00000000:00000000 00:00000000 00000000     0        0 4243 1 0 20 4 30 10 -1
   3: 0100007F:1268 0100007F:2710 06 00000000:00000000 03:00000EF1 00000000     0        0 0 3 0
   4: 0100007F:1267 0100007F:2711 01 00000000:00000000 00:00000000 00000000  1001        0 4244 1 0 20 4 30 10 -1
   5: 0000000000000000FFFF00000100007F:1269 0000000000000000FFFF00000100007F:2710 01 0:0 0:0 0  1002        0 4245 1
""".splitlines()
pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux tells who holds a connection; see callers.py"
)


@pytest.mark.parametrize(
    ("found", "may"),
    [
        (Socket(1, 1000, 4242), True),
        (Socket(1, 1001, 4242), False),
        (Socket(1, 0, 4242), False),
        (Socket(6, 1000, 4242), False),
        (Socket(1, 1000, 0), False),
        (None, False),
    ],
)
def test_only_an_open_connection_of_the_same_user_counts(found: Socket | None, *, may: bool) -> None:
    assert admitted(found, 1000) is may


def test_a_closed_connection_that_the_system_shows_as_roots_does_not_count() -> None:
    assert not admitted(Socket(6, 0, 0), 0)
    assert not admitted(Socket(1, 0, 0), 0)


@pytest.mark.parametrize(
    ("found", "does"),
    [
        (Socket(1, 1000, 4242), True),
        (Socket(5, 0, 4242), True),
        (Socket(1, 1001, 4242), False),
        (Socket(6, 0, 0), False),
    ],
)
def test_a_connection_of_root_is_not_taken_for_another_users_but_an_orphaned_one_is(
    found: Socket, *, does: bool
) -> None:
    assert belongs(found, {0, 1000}) is does


@pytest.mark.skipif(sys.byteorder != "little", reason="the table above is a little-endian machine's")
@pytest.mark.parametrize(
    ("port", "found"),
    [(4711, [Socket(1, 1000, 4242)]), (4712, [Socket(6, 0, 0)]), (4713, [Socket(1, 1002, 4245)]), (4714, [])],
)
def test_the_table_is_read_from_both_ends(port: int, found: list[Socket]) -> None:
    assert list(listed(TABLE, ("127.0.0.1", port), ("127.0.0.1", 10000))) == found


@pytest.fixture
def connection() -> Iterator[tuple[str, int, socket.socket]]:
    """A connection of this process to itself: its address as gRPC writes it, the port that it leads to, and its own end."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        socket.create_connection(listening.getsockname()) as client,
        listening.accept()[0],
    ):
        yield f"ipv4:127.0.0.1:{client.getsockname()[1]}", listening.getsockname()[1], client


def test_the_system_tells_whose_a_connection_is_in_two_ways(connection: tuple[str, int, socket.socket]) -> None:
    peer, port, client = connection
    expected = Socket(1, ME, os.fstat(client.fileno()).st_ino)
    assert caller(peer, port) == expected
    assert list(listed(callers.table(), client.getsockname(), ("127.0.0.1", port))) == [expected]
    assert callers.ours(peer, port)
    assert callers.program_of_ours(peer, port)
    assert not callers.anothers(peer, port)
    assert not admitted(caller(peer, port), ME + 1)
    assert folder_of(peer, port) == Path.cwd()


def test_an_unknown_connection_belongs_to_nobody(connection: tuple[str, int, socket.socket]) -> None:
    peer, port, client = connection
    for other in ("ipv4:127.0.0.1:1", peer.replace("127.0.0.1", "127.0.0.2"), "unix:", "ipv6:[::1]:1", ""):
        assert not callers.ours(other, port)
        assert not callers.program_of_ours(other, port)
    client.close()
    assert not callers.ours(peer, port)


def refusals(address: str) -> dict[str, str]:
    """Each RPC's status for an empty message."""
    statuses = {}
    with grpc.insecure_channel(address) as channel:
        for name in METHODS:
            try:
                channel.unary_unary(f"/{PACKAGE}.Provider/{name}")(b"", timeout=30)
                statuses[name] = "OK"
            except grpc.RpcError as error:
                statuses[name] = error.code().name
    return statuses


def test_a_caller_that_is_not_admitted_is_refused_every_call() -> None:
    with serving(handlers(Servicer("http://127.0.0.1:9", "token", 9)), admits=lambda _: False) as address:
        assert refusals(address) == REFUSED


ATTACK = f"""
import encodings.idna, json, os, sys, urllib.request
import grpc._channel  # what is imported late could not be read any more
from tests.localcloud.provider.test_callers import refusals
address, state, base = sys.argv[1:]
if user := int(os.environ.pop("AS_USER", "0")):
    os.setgroups([]); os.setgid(user); os.setuid(user)
found = refusals(address)
try:
    found["folder"] = str(os.listdir(state))
except PermissionError as problem:
    found["folder"] = type(problem).__name__
typed = urllib.request.Request(base + "/storage/v1/b?project=p", headers={{"Authorization": "Bearer local/{launcher.OWNER}"}})
try:
    found["typed"] = str(urllib.request.urlopen(typed).status)
except urllib.error.HTTPError as problem:
    found["typed"] = str(problem.code)
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[str, Path, str]]:
    """A provider's address, with the state folder and the address of its cloud."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        state = Path(folder) / "local"
        cloud = launcher.start(state)
        try:
            yield launcher.start_provider(state, cloud, launcher.token(state)).address, state, cloud.base
        finally:
            launcher.stop(state)


def attacked(running: tuple[str, Path, str], *before: str, **variables: str) -> dict[str, str]:
    """The answers to a process with these variables, started by another command."""
    command = [*before, sys.executable, "-c", ATTACK, *map(str, running)]
    result = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=120, env={**os.environ, **variables}
    )
    assert result.returncode == 0, result.stderr
    output: dict[str, str] = json.loads(result.stdout)
    return output


@pytest.mark.skipif(ME != 0, reason="only root can be another user; what is decided for one is above")
def test_another_user_of_the_machine_is_refused_and_sees_nothing(running: tuple[str, Path, str]) -> None:
    assert refusals(running[0])["GetProviderSchema"] == "OK"
    found = attacked(running, AS_USER=str(NOBODY))
    assert found == {**REFUSED, "folder": "PermissionError", "typed": "401"}


def test_workloads_of_the_local_cloud_are_refused(running: tuple[str, Path, str]) -> None:
    assert REFUSED.items() <= attacked(running, **{WORKS_FOR_IT: "1"}).items()


def test_the_local_clouds_own_tunnel_is_no_way_in(running: tuple[str, Path, str]) -> None:
    assert REFUSED.items() <= attacked(running, grpc_proxy=running[2], no_proxy="", NO_PROXY="").items()


@pytest.mark.slow
@pytest.mark.skipif(ME != 0 or not shutil.which("unshare"), reason="only root can have a tree of files of its own")
def test_a_process_in_another_mount_namespace_is_refused(running: tuple[str, Path, str]) -> None:
    assert REFUSED.items() <= attacked(running, "unshare", "--mount").items()
