"""The provider as a process of its own: one for each local cloud and token, found by its record in the state folder."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import signal
import socket
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import grpc

from localcloud.provider import callers
from localcloud.provider.handlers import add_to
from localcloud.provider.servicer import Servicer

# More than Terraform asks for at a time, 20 here: what waits for a thread would still be made after a killed Terraform's next run has looked.
_THREADS = 32
_IDLE_SECONDS = 3600.0
_LOOK_SECONDS = 5.0
_LARGEST_MESSAGE = 256 * 1024 * 1024
_SOURCES = ("registry.terraform.io/hashicorp/google", "registry.opentofu.org/hashicorp/google")


def run(state: Path, base: str, token: str) -> int:
    """Serves until SIGTERM or SIGINT, until the state folder is gone, or an hour after the cloud is; the exit code."""
    options = [
        ("grpc.max_receive_message_length", _LARGEST_MESSAGE),
        ("grpc.max_send_message_length", _LARGEST_MESSAGE),
    ]
    server = grpc.server(ThreadPoolExecutor(_THREADS), options=options)
    port = server.add_insecure_port("127.0.0.1:0")
    servicer = add_to(server, base, token, lambda peer: callers.ours(peer, port))
    address = f"127.0.0.1:{port}"
    ended = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: ended.set())
    server.start()
    gc.freeze()
    record = state / f"provider-{hashlib.sha256(token.encode()).hexdigest()[:16]}.json"
    _write(record, {"pid": os.getpid(), "address": address, "reattach": reattach(os.getpid(), address), "cloud": base})
    try:
        _wait(ended, state, servicer)
    finally:
        server.stop(grace=1).wait()
        _remove(record)
    return 0


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


def _wait(ended: threading.Event, state: Path, servicer: Servicer) -> None:
    while not ended.wait(_LOOK_SECONDS):
        idle = servicer.sessions.idle_seconds() > _IDLE_SECONDS
        if not state.is_dir() or (idle and not _answers(servicer.base)):
            return


def _answers(base: str) -> bool:
    found = urlsplit(base)
    try:
        with socket.create_connection((found.hostname or "", found.port or 0), _LOOK_SECONDS):
            return True
    except OSError:
        return False


def _write(path: Path, record: dict[str, object]) -> None:
    """Whole or not at all, readable by its owner only."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        json.dump(record, stream)
    Path(name).replace(path)


def _remove(path: Path) -> None:
    """Removes the record if it is still this process's."""
    try:
        mine = json.loads(path.read_text(encoding="utf-8")).get("pid") == os.getpid()
    except (OSError, ValueError):
        return
    if mine:
        path.unlink(missing_ok=True)
