"""Start, find and measure whole processes: servers to load and commands to time."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median


def free_port() -> int:
    """A free loopback port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def server(argv: Sequence[str], port: int, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A server on `port`, its output in `folder`, running during the block."""
    with (folder / "output").open("wb") as output:
        child = subprocess.Popen(argv, stdout=output, stderr=output, cwd=folder)
        try:
            deadline = time.monotonic() + 30
            while not listening(port):
                if child.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{argv[0]} did not come up: {(folder / 'output').read_text()[-500:]}")
                time.sleep(0.02)
            yield child
        finally:
            child.kill()
            child.wait()


def seconds(argv: Sequence[str], *, env: dict[str, str] | None = None, cwd: Path | None = None) -> float:
    """Elapsed seconds of one run of a command that must succeed."""
    began = time.perf_counter()
    result = subprocess.run(argv, env=env, cwd=cwd, capture_output=True, text=True, check=False)
    took = time.perf_counter() - began
    if result.returncode:
        raise RuntimeError(
            f"{' '.join(argv)} ended with {result.returncode}: {(result.stderr or result.stdout)[-1500:]}"
        )
    return took


def median_ratio(left: Sequence[str], right: Sequence[str], runs: int = 15) -> float:
    """The median of left ÷ right over alternating runs, so that a machine that slows down affects both."""
    seconds(left), seconds(right)
    return median(seconds(left) / seconds(right) for _ in range(runs))


def resident_mib(pid: int) -> float:
    """Resident memory of a process in MiB, as ps reports it (Linux and macOS)."""
    result = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True)
    return int(result.stdout) / 1024


def tool_folder() -> Path:
    """Where tools that only the benchmark needs are kept, in the user's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "groundwork" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def emulator() -> list[str]:
    """The command of gcp-storage-emulator, installed from its package on first use."""
    home = tool_folder() / "gcp-storage-emulator-2026.7.19"
    command = home / "bin" / "gcp-storage-emulator"
    if not command.exists():
        uv = shutil.which("uv") or str(Path(sys.executable).parent / "uv")
        subprocess.run([uv, "venv", "-q", str(home)], check=True, capture_output=True)
        install = [uv, "pip", "install", "-q", "--python", str(home / "bin" / "python")]
        subprocess.run([*install, "gcp-storage-emulator==2026.7.19"], check=True, capture_output=True)
    return [str(command)]


def fake_gcs_server() -> list[str]:
    """The command of fake-gcs-server, built from its Go module on first use."""
    command = tool_folder() / "fake-gcs-server"
    if not command.exists():
        if not shutil.which("go"):
            raise RuntimeError("there is no Go to build fake-gcs-server with")
        env = {**os.environ, "GOBIN": str(tool_folder())}
        build = ["go", "install", "github.com/fsouza/fake-gcs-server@v1.56.1"]
        subprocess.run(build, check=True, capture_output=True, env=env)
    return [str(command)]
