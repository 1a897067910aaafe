"""The provider as a daemon process: one per local cloud and token, found through its record in the state folder."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import json
import os
import signal
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from localcloud import atomic_files
from localcloud.provider import callers
from localcloud.provider.protocol.connection import Connection
from localcloud.provider.protocol.handlers import handlers
from localcloud.provider.protocol.servicer import Servicer

# More than Terraform's parallelism (20 here).
_THREADS = 32
_IDLE_SECONDS = 3600.0
_CHECK_SECONDS = 5.0
_GRACE_SECONDS = 1.0
_SOURCES = ("registry.terraform.io/hashicorp/google", "registry.opentofu.org/hashicorp/google")


def run(state: Path, base: str, token: str) -> int:
    """Serves until SIGTERM or SIGINT, until the state folder is gone, or until an idle hour after the cloud is; returns the exit code."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(state, base, token))
    return 0


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop, where it is available for this platform."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _serve(state: Path, base: str, token: str) -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    servicer = Servicer(base, token, port)
    answers, threads = handlers(servicer), ThreadPoolExecutor(_THREADS)
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(answers, threads, lambda peer: callers.program_of_ours(peer, port)), sock=listening
    )
    address = f"127.0.0.1:{port}"
    ended = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, ended.set)
    gc.freeze()
    record = state / f"provider-{hashlib.sha256(token.encode()).hexdigest()[:16]}.json"
    own = {"pid": os.getpid(), "address": address, "reattach": reattach(os.getpid(), address), "cloud": base}
    atomic_files.write(record, json.dumps(own))
    try:
        await _ending(ended, state, servicer)
    finally:
        server.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.to_thread(threads.shutdown, cancel_futures=True), _GRACE_SECONDS)
        _remove(record)


def reattach(pid: int, address: str) -> str:
    """The value of TF_REATTACH_PROVIDERS that makes Terraform and OpenTofu use this process."""
    one = {
        "Protocol": "grpc",
        "ProtocolVersion": 6,
        "Pid": pid,
        "Test": True,
        "Addr": {"Network": "tcp", "String": address},
    }
    return json.dumps(dict.fromkeys(_SOURCES, one))


async def _ending(ended: asyncio.Event, state: Path, servicer: Servicer) -> None:
    while not ended.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), _CHECK_SECONDS)
        idle = servicer.sessions.idle_seconds() > _IDLE_SECONDS
        if not state.is_dir() or (idle and not await asyncio.to_thread(_answers, servicer.base)):
            return


def _answers(base: str) -> bool:
    address = urlsplit(base)
    try:
        with socket.create_connection((address.hostname or "", address.port or 0), _CHECK_SECONDS):
            return True
    except OSError:
        return False


def _remove(path: Path) -> None:
    """Removes the record if it still belongs to this process."""
    try:
        mine = json.loads(path.read_text(encoding="utf-8")).get("pid") == os.getpid()
    except (OSError, ValueError):
        return
    if mine:
        path.unlink(missing_ok=True)
