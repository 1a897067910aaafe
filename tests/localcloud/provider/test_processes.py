"""The process that holds a socket is found whatever else it does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from localcloud.provider import processes

# A socket that stays open, after files that are opened and closed all the time and are listed before it.
RESTLESS = """
import os, socket
room = [os.open("/dev/null", os.O_RDONLY) for _ in range(20)]
kept = socket.socket()
print(os.fstat(kept.fileno()).st_ino, flush=True)
for one in room:
    os.close(one)
while True:
    room = [os.open("/dev/null", os.O_RDONLY) for _ in range(20)]
    for one in room:
        os.close(one)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")
def test_a_holder_that_opens_and_closes_files_all_the_time_is_found() -> None:
    with subprocess.Popen([sys.executable, "-c", RESTLESS], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        inode = int(child.stdout.readline())
        try:
            found = [next(processes.holding(inode), None) for _ in range(100)]
        finally:
            child.kill()
    assert set(found) == {Path("/proc") / str(child.pid)}
