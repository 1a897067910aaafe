"""Containers with this machine's own programs: they give back to the user what docker's containers wrote as root."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from localcloud.containers import programs
from localcloud.containers.client import CommandLineRuntime
from localcloud.containers.workload import Mount, Workload

from tests.localcloud.containers.conftest import SMALL

pytestmark = pytest.mark.slow
WRITES = "umask 077; mkdir /out/closed; echo weights >/out/closed/model; ln -s /etc/passwd /out/link"


def test_what_a_container_closed_to_its_user_is_theirs_again(
    client: CommandLineRuntime, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if client.name != "docker":
        pytest.skip("root in podman's containers is the user")
    running = client.start(
        Workload("writes", SMALL, ("sh", "-c"), (WRITES,), mounts=(Mount(folder, "/out"),)), lambda *_: None
    )
    assert running.wait(60) is not None
    programs.claim(client, folder)
    user, written = os.geteuid() or 12_345, [folder / name for name in ("closed", "closed/model", "link")]
    if not os.geteuid():
        assert {one.lstat().st_uid for one in written} == {0}
        monkeypatch.setattr(os, "geteuid", lambda: user)
        programs.claim(client, folder)
    assert {one.lstat().st_uid for one in written} == {user}
    assert Path("/etc/passwd").stat().st_uid == 0
