"""Containers that hold this machine's own programs and nothing else of it."""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from localcloud.containers.client import CommandLineRuntime, mounted
from localcloud.containers.workload import Mount, RuntimeProblem

FOLDERS = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_NOTHING = "localhost/local-cloud/nothing:1"


def nothing(client: CommandLineRuntime) -> str:
    """The id of an image without any file."""
    with suppress(RuntimeProblem):
        return client.image(_NOTHING)[0]
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "nothing.tar"
        with tarfile.open(archive, "w"):
            pass
        client.call("import", str(archive), _NOTHING)
    return client.image(_NOTHING)[0]


def mounts(*folders: str) -> Iterator[Mount]:
    """Mounts of those folders that this machine has, which cannot be changed."""
    for one in map(Path, folders):
        if one.exists():
            yield Mount(one.resolve(), str(one), read_only=True)


def claim(client: CommandLineRuntime, folder: Path) -> None:
    """Makes what containers left below a folder this user's own: docker's write as root of this machine, and may close files to others."""
    chown = shutil.which("chown", path=os.pathsep.join(f"{one}/bin" for one in ("/usr", "")))
    if client.name != "docker" or client.kind.in_virtual_machine or not chown or not _foreign(folder):
        return
    options = [mounted(one) for one in (Mount(folder, "/folder"), *mounts(*FOLDERS))]
    command = ["-hR", f"{os.geteuid()}:{os.getegid()}", "/folder"]
    client.call("run", "--rm", "--network=none", *options, f"--entrypoint={chown}", nothing(client), *command)


def _foreign(folder: Path) -> bool:
    """Whether something below a folder belongs to another user, who can keep this one out; root is never kept out."""
    user = os.geteuid()
    if not user:
        return False
    return any(
        (Path(at) / name).lstat().st_uid != user
        for at, folders, files in os.walk(folder)
        for name in (*folders, *files)
    )
